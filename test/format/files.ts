// Temporary files for tests of the readers and writers.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";

/** A folder that is removed when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "unmask-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function writeTo(folder: string, name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** An UnmaskError with this code and with these words in its message. */
export function unmaskError(code: string, ...words: string[]): unknown {
  return {
    asymmetricMatch(error: { name?: string; code?: string; message?: string }) {
      return (
        error.name === "UnmaskError" && error.code === code && words.every((word) => error.message?.includes(word))
      );
    },
    toString: () => `UnmaskError ${code}: ${words.join(", ")}`,
  };
}

/** Equality of long arrays of numbers, without the cost of a generic comparison. */
export function expectSame(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (found[i] !== expected[i]) expect.fail(`element ${i} is ${found[i]} instead of ${expected[i]}`);
  }
}
