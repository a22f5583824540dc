// Ternary tensors as bytes: I2_S, TQ1_0, TQ2_0 and Q2_0.
//
// In memory a weight is a code: t + 1, so 0, 1, 2 for -1, 0, +1, one byte each, row by row.
// A stored weight is (code - 1) * scale. All four layouts are one idea: a block's bytes each
// hold several codes that lie a fixed stride apart. Nothing here decides codes: that is
// convert/'s work, before packing.

import { fromF16, toF16 } from "../../util/half.js";
import { tensorTypeTable } from "../tensor-types.js";

export type TernaryType = "I2_S" | "TQ1_0" | "TQ2_0" | "Q2_0";

export interface TernaryTensor {
  /** [n], t + 1. Q2_0 can also hold 3 (+2), which no ternary model has. */
  codes: Uint8Array;
  /** [n / group], each the scale of `group` weights in a row. */
  scales: Float32Array;
  /** Weights per scale: the block of the type, or all n for I2_S. */
  group: number;
}

/** Where the f16 scale of a block lies. I2_S has one f32 scale after the last block instead. */
const scaleOffset: Readonly<Record<Exclude<TernaryType, "I2_S">, number>> = { TQ1_0: 52, TQ2_0: 64, Q2_0: 0 };

/** codes [n] with one scale for all -> the blocks of a tensor, without a trailer. */
export function packTernaryBlocks(type: TernaryType, codes: Uint8Array, scale: number): Uint8Array {
  const { blockElements, blockBytes } = tensorTypeTable[type];
  const blocks = codes.length / blockElements;
  const out = new Uint8Array(blocks * blockBytes);
  const scaleBits = toF16(Float32Array.of(scale))[0];
  for (let b = 0; b < blocks; b++) {
    const from = codes.subarray(b * blockElements, (b + 1) * blockElements);
    const to = out.subarray(b * blockBytes, (b + 1) * blockBytes);
    packBlock[type](from, to);
    if (type !== "I2_S") {
      to[scaleOffset[type]] = scaleBits & 0xff;
      to[scaleOffset[type] + 1] = scaleBits >>> 8;
    }
  }
  return out;
}

/** What follows the blocks: nothing, or for I2_S the f32 scale and 28 zero bytes. */
export function ternaryTrailer(type: TernaryType, scale: number): Uint8Array {
  const out = new Uint8Array(tensorTypeTable[type].trailerBytes);
  if (out.length > 0) new DataView(out.buffer).setFloat32(0, scale, true);
  return out;
}

/** codes [n] with one scale for all -> all bytes of a tensor. */
export function packTernary(type: TernaryType, codes: Uint8Array, scale: number): Uint8Array {
  const blocks = packTernaryBlocks(type, codes, scale);
  const trailer = ternaryTrailer(type, scale);
  const out = new Uint8Array(blocks.length + trailer.length);
  out.set(blocks);
  out.set(trailer, blocks.length);
  return out;
}

/** All bytes of a tensor -> its codes and scales. */
export function unpackTernary(type: TernaryType, bytes: Uint8Array): TernaryTensor {
  const { blockElements, blockBytes, trailerBytes } = tensorTypeTable[type];
  const blocks = (bytes.length - trailerBytes) / blockBytes;
  const codes = new Uint8Array(blocks * blockElements);
  for (let b = 0; b < blocks; b++) {
    unpackBlock[type](
      bytes.subarray(b * blockBytes, (b + 1) * blockBytes),
      codes.subarray(b * blockElements, (b + 1) * blockElements),
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === "I2_S") {
    return { codes, scales: Float32Array.of(view.getFloat32(blocks * blockBytes, true)), group: codes.length };
  }
  const bits = Uint16Array.from({ length: blocks }, (_, b) => view.getUint16(b * blockBytes + scaleOffset[type], true));
  return { codes, scales: fromF16(bits), group: blockElements };
}

/** codes and scales -> f32 values [n]. */
export function ternaryToFloats({ codes, scales, group }: TernaryTensor): Float32Array {
  const out = new Float32Array(codes.length);
  for (let i = 0; i < out.length; i++) out[i] = (codes[i] - 1) * scales[Math.floor(i / group)];
  return out;
}

type BlockCoder = (from: Uint8Array, to: Uint8Array) => void;

const packBlock: Readonly<Record<TernaryType, BlockCoder>> = {
  // 128 codes -> 32 bytes; codes 32 apart share a byte, the first in the top bits.
  I2_S(codes, out) {
    for (let p = 0; p < 32; p++) {
      out[p] = (codes[p] << 6) | (codes[p + 32] << 4) | (codes[p + 64] << 2) | codes[p + 96];
    }
  },
  // Two halves of 128 codes -> 32 bytes each; codes 32 apart share a byte, the first in the low bits.
  TQ2_0(codes, out) {
    for (let half = 0; half < 2; half++) {
      for (let m = 0; m < 32; m++) {
        const p = 128 * half + m;
        out[32 * half + m] = codes[p] | (codes[p + 32] << 2) | (codes[p + 64] << 4) | (codes[p + 96] << 6);
      }
    }
  },
  // 64 codes -> 16 bytes in order, the first in the low bits; the f16 scale comes first.
  Q2_0(codes, out) {
    for (let j = 0; j < 16; j++) {
      out[2 + j] = codes[4 * j] | (codes[4 * j + 1] << 2) | (codes[4 * j + 2] << 4) | (codes[4 * j + 3] << 6);
    }
  },
  // Base 3: see tq1Stages. A byte is the fraction v / 3^5 in units of 1/256, rounded up.
  TQ1_0(codes, out) {
    for (const { byte, bytes, element, digits } of tq1Stages) {
      for (let m = 0; m < bytes; m++) {
        let value = 0;
        for (let d = 0; d < digits; d++) value = value * 3 + codes[element + d * bytes + m];
        if (digits === 4) value *= 3; // so that the first digit is the most significant of five again
        out[byte + m] = Math.floor((256 * value + 242) / 243);
      }
    }
  },
};

const unpackBlock: Readonly<Record<TernaryType, BlockCoder>> = {
  I2_S(bytes, codes) {
    for (let p = 0; p < 128; p++) codes[p] = (bytes[p & 31] >>> (6 - 2 * (p >>> 5))) & 3;
  },
  TQ2_0(bytes, codes) {
    for (let p = 0; p < 256; p++) codes[p] = (bytes[32 * (p >>> 7) + (p & 31)] >>> (2 * ((p >>> 5) & 3))) & 3;
  },
  Q2_0(bytes, codes) {
    for (let p = 0; p < 64; p++) codes[p] = (bytes[2 + (p >>> 2)] >>> (2 * (p & 3))) & 3;
  },
  // Multiplying the fraction by 3 shifts one digit out of its top: (3 * fraction) >> 8 is that digit.
  TQ1_0(bytes, codes) {
    for (const { byte, bytes: count, element, digits } of tq1Stages) {
      for (let m = 0; m < count; m++) {
        let fraction = bytes[byte + m];
        for (let d = 0; d < digits; d++) {
          codes[element + d * count + m] = (3 * fraction) >>> 8;
          fraction = (3 * fraction) & 0xff;
        }
      }
    }
  },
};

/** TQ1_0's 256 codes in three runs of bytes; digit d of a run's byte m is code element + d * bytes + m. */
const tq1Stages = [
  { byte: 0, bytes: 32, element: 0, digits: 5 },
  { byte: 32, bytes: 16, element: 160, digits: 5 },
  { byte: 48, bytes: 4, element: 240, digits: 4 },
] as const;
