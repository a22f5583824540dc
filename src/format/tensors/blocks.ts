// Block types of ggml as bytes: Q8_0 and Q4_0 (blocks of 32), Q6_K (blocks of 256).
//
// A stored weight is scale * code, exact in f32. Packing follows ggml's reference quantisers,
// quantize_row_{q8_0,q4_0,q6_K}_ref in ggml-quants.c, rounding for rounding; it is the slow
// definition of native/pack_kernels.h.

import { fromF16, roundHalfEven, toF16 } from "../../util/half.js";
import { tensorTypeTable } from "../tensor-types.js";

export const blockTypes = ["Q8_0", "Q6_K", "Q4_0"] as const;
export type BlockType = (typeof blockTypes)[number];

const { fround } = Math;

/** Bytes of a tensor -> f32 values [n]. */
export function unpackBlocks(type: BlockType, bytes: Uint8Array): Float32Array {
  const { blockElements, blockBytes } = tensorTypeTable[type];
  const blocks = bytes.length / blockBytes;
  const out = new Float32Array(blocks * blockElements);
  for (let b = 0; b < blocks; b++) {
    const block = bytes.subarray(b * blockBytes, (b + 1) * blockBytes);
    unpackBlock[type](block, out.subarray(b * blockElements, (b + 1) * blockElements));
  }
  return out;
}

/** f32 values [n] -> bytes of a tensor; n is a whole number of blocks. */
export function packBlocks(type: BlockType, values: Float32Array): Uint8Array {
  const { blockElements, blockBytes } = tensorTypeTable[type];
  const blocks = values.length / blockElements;
  const out = new Uint8Array(blocks * blockBytes);
  for (let b = 0; b < blocks; b++) {
    const block = out.subarray(b * blockBytes, (b + 1) * blockBytes);
    packBlock[type](values.subarray(b * blockElements, (b + 1) * blockElements), block);
  }
  return out;
}

const unpackBlock: Readonly<Record<BlockType, (block: Uint8Array, out: Float32Array) => void>> = {
  // f16 scale, 32 int8
  Q8_0(block, out) {
    const scale = getF16(block, 0);
    for (let i = 0; i < 32; i++) out[i] = scale * int8(block[2 + i]);
  },
  // f16 scale, 16 bytes: byte i has weight i in its low nibble and i + 16 in its high one, code + 8
  Q4_0(block, out) {
    const scale = getF16(block, 0);
    for (let i = 0; i < 32; i++) out[i] = scale * (((block[2 + (i % 16)] >> (i < 16 ? 0 : 4)) & 15) - 8);
  },
  Q6_K(block, out) {
    const scale = getF16(block, 208);
    for (let i = 0; i < 256; i++) {
      const { low, lowShift, high, highShift } = sixBits(i);
      const code = ((block[low] >> lowShift) & 15) | (((block[high] >> highShift) & 3) << 4);
      out[i] = scale * int8(block[192 + (i >> 4)]) * (code - 32);
    }
  },
};

/** Where weight i of a Q6_K block has its low four and its high two bits. 16 int8 scales and an f16 follow at 192. */
function sixBits(i: number): { low: number; lowShift: number; high: number; highShift: number } {
  const half = i >> 7; // of 128 weights
  const field = (i >> 5) & 3; // of 32
  return {
    low: 64 * half + 32 * (field & 1) + (i & 31),
    lowShift: field < 2 ? 0 : 4,
    high: 128 + 32 * half + (i & 31),
    highShift: 2 * field,
  };
}

const packBlock: Readonly<Record<BlockType, (values: Float32Array, out: Uint8Array) => void>> = {
  // The largest magnitude becomes 127; codes round half away from zero.
  Q8_0(values, out) {
    const scale = fround(Math.abs(extreme(values)) / 127);
    const inverse = scale === 0 ? 0 : fround(1 / scale);
    setF16(out, 0, scale);
    for (let i = 0; i < 32; i++) {
      const x = fround(values[i] * inverse);
      out[2 + i] = Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
    }
  },
  // The extreme becomes -8, whatever its sign; codes round half up and end at 7.
  Q4_0(values, out) {
    const scale = fround(extreme(values) / -8);
    const inverse = scale === 0 ? 0 : fround(1 / scale);
    setF16(out, 0, scale);
    const code = (x: number) => Math.min(15, Math.trunc(fround(fround(x * inverse) + 8.5)));
    for (let i = 0; i < 16; i++) out[2 + i] = code(values[i]) | (code(values[i + 16]) << 4);
  },
  // Each 16 weights find their best scale, the scales become int8 of the extreme one, and the
  // weights are rounded once more to what is left of their scale.
  Q6_K(values, out) {
    const groups = Array.from({ length: 16 }, (_, g) => fitScale(values.subarray(16 * g, 16 * g + 16)));
    const widest = extreme(Float32Array.from(groups, ({ scale }) => scale));
    if (Math.abs(widest) < tiny) return void out.fill(0);
    const inverse = fround(-128 / widest);
    setF16(out, 208, fround(1 / inverse));
    for (let g = 0; g < 16; g++) {
      const code = Math.min(127, roundHalfEven(fround(inverse * groups[g].scale)));
      out[192 + g] = code;
      const scale = fround(getF16(out, 208) * code);
      for (let j = 0; j < 16; j++) {
        const x = scale === 0 ? groups[g].codes[j] : clamp32(fround(values[16 * g + j] / scale));
        const { low, lowShift, high, highShift } = sixBits(16 * g + j);
        out[low] |= ((x + 32) & 15) << lowShift;
        out[high] |= ((x + 32) >> 4) << highShift;
      }
    }
  },
};

/** Below this a group counts as zeros. */
const tiny = 1e-15;

/**
 * The scale s and codes q from -32 to 31 that bring s * q near 16 values, squared errors weighted
 * by the squared value: of 19 spacings around the one that makes the extreme -32, the best.
 * ggml's make_qx_quants with rmse_type 1.
 */
function fitScale(values: Float32Array): { scale: number; codes: number[] } {
  const widest = extreme(values);
  if (Math.abs(widest) < tiny) return { scale: 0, codes: Array(16).fill(-32) };
  let best = { score: 0, scale: 0, codes: [] as number[] };
  for (const step of [0, ...Array.from({ length: 19 }, (_, i) => i - 9).filter((step) => step !== 0)]) {
    const inverse = fround(-fround(32 + fround(fround(0.1) * step)) / widest);
    const codes = Array.from(values, (x) => clamp32(fround(inverse * x)));
    let product = 0; // of values and codes
    let square = 0; // of codes
    for (const [i, q] of codes.entries()) {
      const weight = fround(values[i] * values[i]);
      product = fround(product + fround(fround(weight * values[i]) * q));
      square = fround(square + fround(fround(weight * q) * q));
    }
    if (step !== 0 && !(fround(product * product) > fround(best.score * square))) continue;
    const scale = square === 0 ? 0 : fround(product / square);
    best = { score: fround(scale * product), scale, codes };
  }
  return best;
}

/** The first value of the largest magnitude. */
function extreme(values: Float32Array): number {
  return values.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0);
}

function clamp32(x: number): number {
  return Math.max(-32, Math.min(31, roundHalfEven(x)));
}

function int8(byte: number): number {
  return (byte << 24) >> 24;
}

function getF16(bytes: Uint8Array, at: number): number {
  return fromF16(Uint16Array.of(bytes[at] | (bytes[at + 1] << 8)))[0];
}

function setF16(bytes: Uint8Array, at: number, value: number): void {
  const [bits] = toF16(Float32Array.of(value));
  bytes[at] = bits & 0xff;
  bytes[at + 1] = bits >>> 8;
}
