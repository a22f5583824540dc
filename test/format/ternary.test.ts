// Byte layouts of the ternary types, against vectors derived from the sources of bitnet.cpp and ggml.

import { describe, expect, it } from "vitest";
import { tensorTypeTable } from "../../src/format/tensor-types.js";
import { packRows, unpackRows } from "../../src/format/tensors/packed-rows.js";
import { packTernary, type TernaryType, ternaryToFloats, unpackTernary } from "../../src/format/tensors/ternary.js";
import { hash } from "../../src/util/rng.js";
import { compact, hex, testCodes } from "./codes.js";

const vectors: Record<TernaryType, { weights: number; bytes: string }> = {
  I2_S: {
    weights: 256,
    bytes: `
      a6 50 22 69 58 94 04 04 28 22 46 82 16 25 85 a0 2a 01 04 21 95 65 85 14 02 1a 2a 98 52 90 95 86
      26 44 44 90 5a 91 2a 95 a2 51 04 82 55 60 90 10 6a 56 20 a4 68 a9 04 88 25 60 96 6a 66 01 86 55
      00 00 c0 3f ${"00 ".repeat(28)}`,
  },
  TQ2_0: {
    weights: 256,
    bytes: `
      9a 05 88 69 25 16 10 10 28 88 91 82 94 58 52 0a a8 40 10 48 56 59 52 14 80 a4 a8 26 85 06 56 92
      98 11 11 06 a5 46 a8 56 8a 45 10 82 55 09 06 04 a9 95 08 1a 29 6a 10 22 58 09 96 a9 99 40 92 55
      00 3e`,
  },
  TQ1_0: {
    weights: 256,
    bytes: `
      f4 73 41 a7 86 d3 0a 0c 4e 41 66 b4 2e 47 ba e4 54 05 0a 3f d5 9d b8 29 07 37 55 dc 7a c8 d6 bc
      f6 2a 43 92 aa 96 c3 67 e9 90 2a 42 9c ab 59 75 bb cb 1a 17 00 3e`,
  },
  Q2_0: { weights: 64, bytes: "00 3e 46 09 90 a0 00 26 80 a9 a6 05 0a 89 82 49 64 15" },
};
const types = Object.keys(vectors) as TernaryType[];

it("begins the code sequence as published", () => {
  expect([...testCodes(32)].join("")).toBe("21011200001200220000212000021222");
});

describe.each(types)("%s", (type) => {
  const { weights, bytes } = vectors[type];

  it("packs the published vector byte for byte", () => {
    expect(hex(packTernary(type, testCodes(weights), 1.5))).toBe(compact(bytes));
  });

  it("unpacks the published vector", () => {
    const tensor = unpackTernary(type, Buffer.from(compact(bytes), "hex"));
    expect(tensor.codes).toEqual(testCodes(weights));
    expect([...tensor.scales]).toEqual([1.5]);
    expect(ternaryToFloats(tensor)).toEqual(Float32Array.from(testCodes(weights), (code) => (code - 1) * 1.5));
  });

  it("gives random codes back over several blocks, wherever the bytes lie in memory", () => {
    for (let trial = 0; trial < 20; trial++) {
      const count = tensorTypeTable[type].blockElements * (1 + (trial % 5));
      const codes = Uint8Array.from({ length: count }, (_, i) => hash(trial, i, 0) % 3);
      const packed = packTernary(type, codes, 0.375);
      const shifted = new Uint8Array(packed.length + 3).subarray(3);
      shifted.set(packed);
      const tensor = unpackTernary(type, shifted);
      expect(tensor.codes).toEqual(codes);
      expect(new Set(tensor.scales)).toEqual(new Set([0.375]));
      expect(tensor.codes.length / tensor.scales.length).toBe(tensor.group);
    }
  });
});

it("keeps I2_S's scale in full f32 and ignores what follows it", () => {
  const packed = packTernary("I2_S", testCodes(128), 1 / 3);
  packed.fill(0xff, 32 + 4);
  expect([...unpackTernary("I2_S", packed).scales]).toEqual([Math.fround(1 / 3)]);
});

it("reads Q2_0's fourth code as +2", () => {
  const packed = packTernary("Q2_0", new Uint8Array(64).fill(3), 0.5);
  expect(ternaryToFloats(unpackTernary("Q2_0", packed))).toEqual(new Float32Array(64).fill(1));
});

// All weights zero but one: which byte changes, and to what.
const discriminator: [index: number, i2s: string, tq2: string, tq1: string][] = [
  [5, "5:95", "5:56", "5:d5"],
  [37, "5:65", "5:59", "5:9c"],
  [69, "5:59", "5:65", "5:89"],
  [101, "5:56", "5:95", "5:83"],
  [133, "37:95", "37:56", "5:81"],
  [200, "40:59", "40:65", "40:89"],
  [245, "53:56", "53:95", "49:9b"],
];

it.each(discriminator)("puts a lone +1 at index %i in the published byte", (index, ...expected) => {
  const zero = new Uint8Array(256).fill(1);
  const one = zero.slice();
  one[index] = 2;
  for (const [i, type] of (["I2_S", "TQ2_0", "TQ1_0"] as const).entries()) {
    const before = packTernary(type, zero, 1);
    const after = packTernary(type, one, 1);
    const changed = [...after.keys()].filter((at) => after[at] !== before[at]);
    expect(changed.map((at) => `${at}:${after[at].toString(16)}`)).toEqual([expected[i]]);
  }
});

it("packs zero weights as the published bytes", () => {
  const zero = new Uint8Array(256).fill(1);
  expect(new Set(packTernary("I2_S", zero, 1).subarray(0, 64))).toEqual(new Set([0x55]));
  expect(new Set(packTernary("TQ2_0", zero, 1).subarray(0, 64))).toEqual(new Set([0x55]));
  expect(new Set(packTernary("TQ1_0", zero, 1).subarray(0, 48))).toEqual(new Set([0x80]));
  expect(new Set(packTernary("TQ1_0", zero, 1).subarray(48, 52))).toEqual(new Set([0x7f]));
});

describe("packed rows of transformers", () => {
  it("splits the output rows in four blocks, as published", () => {
    expect(hex(packRows(testCodes(32)))).toBe("02010489" + "6192a888");
  });

  it("unpacks each block", () => {
    const codes = testCodes(4 * 3 * 8);
    const packed = packRows(codes);
    for (const i of [0, 1, 2, 3] as const) {
      expect(unpackRows(packed, i)).toEqual(codes.subarray(i * 24, (i + 1) * 24));
    }
  });

  it("refuses code 3", () => {
    expect(() => unpackRows(Uint8Array.of(0b11_00_00_00), 3)).toThrow(
      expect.objectContaining({ code: "checkpoint_invalid" }),
    );
  });
});
