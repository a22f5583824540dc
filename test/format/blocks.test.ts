// Block types against ggml itself: test/fixtures/format/blocks.json holds what its reference
// quantisers make of nine rows, and what gguf (PyPI) reads back.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { blockTypes, packBlocks, unpackBlocks } from "../../src/format/tensors/blocks.js";
import { hash } from "../../src/util/rng.js";

interface Example {
  name: string;
  row: string;
  packed: Record<string, string>;
  sha256: Record<string, string>;
}

const examples: Example[] = JSON.parse(
  readFileSync(new URL("../fixtures/format/blocks.json", import.meta.url), "utf8"),
);

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "base64"));
}

describe.each(blockTypes)("%s", (type) => {
  it.each(examples)("packs a row as ggml does: $name", ({ row, packed }) => {
    const values = new Float32Array(bytesOf(row).buffer);
    expect(Buffer.from(packBlocks(type, values)).equals(bytesOf(packed[type]))).toBe(true);
  });

  it.each(examples)("reads a row as gguf does: $name", ({ packed, sha256 }) => {
    const values = unpackBlocks(type, bytesOf(packed[type]));
    expect(createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex")).toBe(sha256[type]);
  });
});

it.each([
  ["Q8_0", 0.008],
  ["Q6_K", 0.03],
  ["Q4_0", 0.13],
] as const)("%s keeps uniform values within %d of the largest", (type, bound) => {
  const values = Float32Array.from({ length: 1024 }, (_, i) => hash(3, i, 0) / 2 ** 31 - 1);
  const back = unpackBlocks(type, packBlocks(type, values));
  for (const [i, value] of values.entries()) expect(Math.abs(back[i] - value)).toBeLessThan(bound);
});
