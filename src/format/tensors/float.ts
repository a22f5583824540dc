// Float tensors as bytes: F32, F16, BF16, and the block types of blocks.ts.
//
// Bytes are as in the file: little endian, row by row.

import { fromBf16, fromF16, toBf16, toF16 } from "../../util/half.js";
import { type BlockType, packBlocks, unpackBlocks } from "./blocks.js";

export type FloatType = "F32" | "F16" | "BF16" | BlockType;

/** Bytes of a tensor -> f32 values [n]. */
export function unpackFloats(type: FloatType, bytes: Uint8Array): Float32Array {
  switch (type) {
    case "F32":
      return new Float32Array(bytes.slice().buffer);
    case "F16":
      return fromF16(words(bytes));
    case "BF16":
      return fromBf16(words(bytes));
    default:
      return unpackBlocks(type, bytes);
  }
}

/** f32 values [n] -> bytes of a tensor; for block types n is a whole number of blocks. */
export function packFloats(type: FloatType, values: Float32Array): Uint8Array {
  switch (type) {
    case "F32":
      return new Uint8Array(values.slice().buffer);
    case "F16":
      return new Uint8Array(toF16(values).buffer);
    case "BF16":
      return new Uint8Array(toBf16(values).buffer);
    default:
      return packBlocks(type, values);
  }
}

/** The same bytes as 16-bit words, copied so that they are aligned. */
function words(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(bytes.slice().buffer);
}
