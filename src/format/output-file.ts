// Files that appear whole or not at all.
//
// Bytes go to a temporary name in the same folder and the file is renamed when it is
// complete: a reader that has the old file mapped keeps it, and a conversion that fails
// leaves nothing behind. A link keeps leading to the file; a pipe or a device is written to as it is.

import { open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UnmaskError } from "../util/errors.js";

/** Appends bytes; resolves when they are with the operating system. */
export type Write = (bytes: Uint8Array) => Promise<void>;

/** Runs `body` with a function that appends to the file at `path`. Throws `file_write_failed`. */
export async function writeFileAtomically(path: string, body: (write: Write) => Promise<void>): Promise<void> {
  const failed = (cause: unknown): UnmaskError =>
    new UnmaskError("file_write_failed", `Cannot write ${path}: ${(cause as Error).message}.`, { cause });
  const target = await realpath(path).catch(() => path);
  const there = await stat(target).catch(() => null);
  if (there?.isDirectory()) throw failed(new Error("it is a folder"));
  const replaced = there === null || there.isFile();
  const temporary = replaced ? join(dirname(target), `.${basename(target)}.${process.pid}.partial`) : target;
  const file = await open(temporary, "w").catch((cause) => Promise.reject(failed(cause)));
  try {
    try {
      await body(async (bytes) => {
        for (let done = 0; done < bytes.length; ) {
          done += (await file.write(bytes, done).catch((cause) => Promise.reject(failed(cause)))).bytesWritten;
        }
      });
      if (replaced) await file.sync().catch((cause) => Promise.reject(failed(cause)));
    } finally {
      await file.close();
    }
    if (replaced) await rename(temporary, target).catch((cause) => Promise.reject(failed(cause)));
  } catch (error) {
    if (replaced) await rm(temporary, { force: true });
    throw error;
  }
}

/** The same for a text. */
export async function writeTextAtomically(path: string, text: string): Promise<void> {
  await writeFileAtomically(path, (write) => write(Buffer.from(text)));
}
