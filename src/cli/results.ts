// The files that a measurement writes. Whether they can be written is found out before it begins.

import { accessSync, constants, existsSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UnmaskError } from "../util/errors.js";

/** @throws UnmaskError file_write_failed for a file that cannot be written, undefined ones apart */
export function checkWritable(files: readonly (string | undefined)[]): void {
  for (const file of files) {
    if (file === undefined) continue;
    try {
      accessSync(existsSync(file) ? file : dirname(file), constants.W_OK);
    } catch (cause) {
      throw failure(file, cause);
    }
  }
}

/** @throws UnmaskError file_write_failed */
export function writeText(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw failure(file, cause);
  }
}

export function writeJson(file: string, value: unknown): void {
  writeText(file, `${JSON.stringify(value, null, 2)}\n`);
}

export function writeLines(file: string, values: readonly unknown[]): void {
  writeText(file, values.map((value) => `${JSON.stringify(value)}\n`).join(""));
}

function failure(file: string, cause: unknown): UnmaskError {
  const message = `${file} cannot be written: ${(cause as Error).message}.`;
  return new UnmaskError("file_write_failed", message, { cause });
}
