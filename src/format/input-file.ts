// Opening a file that a user named: what may be wrong with the path is said here, once.

import { type FileHandle, open } from "node:fs/promises";
import { UnmaskError } from "../util/errors.js";

/** @throws UnmaskError file_not_found, with what to look at next */
export async function openInput(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (cause) {
    throw new UnmaskError("file_not_found", explain(path, cause as NodeJS.ErrnoException), { cause });
  }
}

function explain(path: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT") return `There is no file ${path}. Check the path; a relative one starts in ${process.cwd()}.`;
  if (code === "EACCES") return `You may not read ${path}. Change its permissions, or run as a user who may.`;
  return `Cannot open ${path}: ${message}. Check the path.`;
}

/** More at once makes Node 20 abort. */
const mostAtOnce = 2 ** 30;

/** Bytes [offset, offset + length) of a file; null when it ends before. */
export async function readRange(handle: FileHandle, offset: number, length: number): Promise<Uint8Array | null> {
  const out = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(out, done, Math.min(length - done, mostAtOnce), offset + done);
    if (bytesRead === 0) return null;
    done += bytesRead;
  }
  return out;
}
