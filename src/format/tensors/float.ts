// Float tensors as bytes: F32, F16, BF16 and Q8_0 (blocks of 32: f16 scale, 32 int8).
//
// Bytes are as in the file: little endian, row by row. Q8_0 follows ggml: d = max|x| / 127,
// q = round(x / d) half away from zero, d rounded to f16 only in storage.

import { fromBf16, fromF16, toBf16, toF16 } from "../../util/half.js";

export type FloatType = "F32" | "F16" | "BF16" | "Q8_0";

const q8Block = 32;
const q8Bytes = 34;

/** Bytes of a tensor -> f32 values [n]. */
export function unpackFloats(type: FloatType, bytes: Uint8Array): Float32Array {
  switch (type) {
    case "F32":
      return new Float32Array(bytes.slice().buffer);
    case "F16":
      return fromF16(words(bytes));
    case "BF16":
      return fromBf16(words(bytes));
    case "Q8_0":
      return unpackQ8(bytes);
  }
}

/** f32 values [n] -> bytes of a tensor; for Q8_0 n is a multiple of 32. */
export function packFloats(type: FloatType, values: Float32Array): Uint8Array {
  switch (type) {
    case "F32":
      return new Uint8Array(values.slice().buffer);
    case "F16":
      return new Uint8Array(toF16(values).buffer);
    case "BF16":
      return new Uint8Array(toBf16(values).buffer);
    case "Q8_0":
      return packQ8(values);
  }
}

/** The same bytes as 16-bit words, copied so that they are aligned. */
function words(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(bytes.slice().buffer);
}

function unpackQ8(bytes: Uint8Array): Float32Array {
  const blocks = bytes.length / q8Bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scales = fromF16(Uint16Array.from({ length: blocks }, (_, b) => view.getUint16(b * q8Bytes, true)));
  const out = new Float32Array(blocks * q8Block);
  for (let b = 0; b < blocks; b++) {
    for (let i = 0; i < q8Block; i++) out[b * q8Block + i] = scales[b] * view.getInt8(b * q8Bytes + 2 + i);
  }
  return out;
}

function packQ8(values: Float32Array): Uint8Array {
  const blocks = values.length / q8Block;
  const out = new Uint8Array(blocks * q8Bytes);
  const view = new DataView(out.buffer);
  for (let b = 0; b < blocks; b++) {
    const block = values.subarray(b * q8Block, (b + 1) * q8Block);
    const largest = block.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    const scale = Math.fround(largest / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    view.setUint16(b * q8Bytes, toF16(Float32Array.of(scale))[0], true);
    for (let i = 0; i < q8Block; i++) {
      const x = Math.fround(block[i] * inverse);
      view.setInt8(b * q8Bytes + 2 + i, Math.sign(x) * Math.floor(Math.abs(x) + 0.5));
    }
  }
  return out;
}
