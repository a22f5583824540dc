// Mutated files: whatever is done to the bytes, a reader either succeeds or throws UnmaskError,
// soon, and without allocating beyond what the file's size allows.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { openGguf } from "../../src/format/gguf.js";
import { openSafetensors } from "../../src/format/safetensors.js";
import { UnmaskError } from "../../src/util/errors.js";
import { temporaryFolder, writeTo } from "./files.js";

const fixtures = join(import.meta.dirname, "../fixtures/format");
const folder = temporaryFolder();

type Mutation = (bytes: Buffer) => Buffer;

/** One change: cut, flip, overwrite with an extreme number, or move a piece elsewhere. */
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }).map(
    (share): Mutation =>
      (bytes) =>
        bytes.subarray(0, Math.floor(share * bytes.length)),
  ),
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(
    ([at, mask]): Mutation =>
      (bytes) => {
        if (bytes.length > 0) bytes[at % bytes.length] ^= mask;
        return bytes;
      },
  ),
  fc
    .tuple(
      fc.nat(),
      fc.constantFrom(0n, 1n, 0x7fn, 0xffffn, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n),
    )
    .map(
      ([at, value]): Mutation =>
        (bytes) => {
          if (bytes.length >= 8) bytes.writeBigUInt64LE(value, at % (bytes.length - 7));
          return bytes;
        },
    ),
  fc.tuple(fc.nat(), fc.nat(), fc.nat({ max: 200 })).map(
    ([from, to, length]): Mutation =>
      (bytes) => {
        if (bytes.length === 0) return bytes;
        const piece = Buffer.from(bytes.subarray(from % bytes.length, (from % bytes.length) + length));
        const at = to % bytes.length;
        return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
      },
  ),
);

interface Openable {
  tensors: ReadonlyMap<string, { bytes: number }>;
  close(): Promise<void>;
}

const kinds: [string, string, (path: string) => Promise<Openable>][] = [
  ["GGUF", "reference.gguf", openGguf],
  ["safetensors", "reference.safetensors", openSafetensors],
];

describe.each(kinds)("%s", (_, fixture, open) => {
  const original = readFileSync(join(fixtures, fixture));
  // The header is where mutations matter: keep the weights few beside it.
  const seen = { accepted: 0, refused: 0 };

  it("gives an UnmaskError or a consistent directory", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
        const bytes = mutations.reduce<Buffer>((current, mutate) => mutate(current), Buffer.from(original));
        const path = writeTo(folder, "mutated", bytes);
        const before = process.memoryUsage();
        try {
          const file = await open(path);
          for (const tensor of file.tensors.values()) expect(tensor.bytes).toBeLessThanOrEqual(bytes.length);
          await file.close();
          seen.accepted++;
        } catch (error) {
          if (!(error instanceof UnmaskError)) throw error;
          seen.refused++;
        }
        const { arrayBuffers, heapUsed } = process.memoryUsage();
        expect(arrayBuffers - before.arrayBuffers).toBeLessThan(16e6);
        expect(heapUsed - before.heapUsed).toBeLessThan(64e6);
      }),
      { numRuns: 800, seed: 20250101 },
    );
  });

  afterAll(() => {
    // Both outcomes occur, or the mutations test nothing.
    expect(seen.accepted).toBeGreaterThan(5);
    expect(seen.refused).toBeGreaterThan(100);
  });
});
