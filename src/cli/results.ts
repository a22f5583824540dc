// The files that a measurement writes. Whether they can be written is found out before it begins.

import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { writeTextAtomically } from "../format/output-file.js";
import { UnmaskError } from "../util/errors.js";

/** @throws UnmaskError file_write_failed for a file that cannot be written, undefined ones apart */
export function checkWritable(files: readonly (string | undefined)[]): void {
  for (const file of files) {
    if (file === undefined) continue;
    try {
      for (const path of existsSync(file) ? [file, dirname(file)] : [dirname(file)]) accessSync(path, constants.W_OK);
    } catch (cause) {
      throw failure(file, cause);
    }
  }
}

/** @throws UnmaskError file_write_failed */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeTextAtomically(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** @throws UnmaskError file_write_failed */
export async function writeLines(file: string, values: readonly unknown[]): Promise<void> {
  await writeTextAtomically(file, values.map((value) => `${JSON.stringify(value)}\n`).join(""));
}

function failure(file: string, cause: unknown): UnmaskError {
  const message = `${file} cannot be written: ${(cause as Error).message}.`;
  return new UnmaskError("file_write_failed", message, { cause });
}
