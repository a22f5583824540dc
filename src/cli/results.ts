// The files that a measurement writes. Whether they can be written is found out before it begins.

import { accessSync, constants, existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
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

/** The file is then whole, or as it was before. @throws UnmaskError file_write_failed */
export function writeText(file: string, text: string): void {
  const target = existsSync(file) ? realpathSync(file) : file;
  const replaced = !existsSync(target) || statSync(target).isFile(); // not so a pipe or a device
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.partial`);
  try {
    writeFileSync(replaced ? temporary : target, text);
    if (replaced) renameSync(temporary, target);
  } catch (cause) {
    if (replaced) rmSync(temporary, { force: true });
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
