// Random weights with the statistics of trained ternary ones, made in chunks and never held.
//
// A weight depends on (seed, tensor, index) alone, so files of different types hold the same
// ternary values. Scales keep every activation near 1: a product over K inputs of mean square 1
// has mean square 1 again.

import { elementCount } from "../format/tensor-types.js";
import { packTernaryBlocks, type TernaryType, ternaryTrailer } from "../format/tensors/index.js";
import { toF16 } from "../util/half.js";
import { hash } from "../util/rng.js";

/** Of 256 weights, as in BitNet-b1.58-2B-4T (28.89, 42.21 and 28.90 %): -1, 0 and +1. */
const ternaryShares = [74, 108, 74] as const;
const nonZero = 1 - ternaryShares[1] / 256;

/** Weights made at a time: a multiple of every block, about 1 MB as codes. */
const chunk = 1 << 20;

/** Code (t + 1) for each of 256 equally likely bytes. */
const codeOfByte = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < ternaryShares[0] ? 0 : byte < ternaryShares[0] + ternaryShares[1] ? 1 : 2,
);

/** The scale that keeps mean squares: 1 / sqrt(columns * share of non-zero weights). */
export function ternaryScale(columns: number): number {
  return 1 / Math.sqrt(columns * nonZero);
}

/** Codes of weights [start, start + length) of a tensor; start is a multiple of 4. */
export function ternaryCodes(seed: number, tensor: number, start: number, length: number): Uint8Array {
  const codes = new Uint8Array(length);
  for (let i = 0; i < length; i += 4) {
    const bits = hash(seed, (start + i) / 4, tensor);
    codes[i] = codeOfByte[bits & 0xff];
    codes[i + 1] = codeOfByte[(bits >>> 8) & 0xff];
    codes[i + 2] = codeOfByte[(bits >>> 16) & 0xff];
    codes[i + 3] = codeOfByte[bits >>> 24];
  }
  return codes;
}

/** Bytes of a ternary matrix, [columns, rows] in ggml order. */
export function* ternaryMatrix(
  type: TernaryType | "F16",
  shape: readonly number[],
  seed: number,
  tensor: number,
): Iterable<Uint8Array> {
  const total = elementCount(shape);
  const scale = ternaryScale(shape[0]);
  const halves = toF16(Float32Array.of(-scale, 0, scale));
  for (let start = 0; start < total; start += chunk) {
    const codes = ternaryCodes(seed, tensor, start, Math.min(chunk, total - start));
    yield type === "F16"
      ? littleEndian(Uint16Array.from(codes, (code) => halves[code]))
      : packTernaryBlocks(type, codes, scale);
  }
  if (type !== "F16") yield ternaryTrailer(type, scale);
}

/** Bytes of an f16 matrix of uniform values with this mean square. */
export function* halfMatrix(
  shape: readonly number[],
  meanSquare: number,
  seed: number,
  tensor: number,
): Iterable<Uint8Array> {
  const total = elementCount(shape);
  const limit = Math.sqrt(3 * meanSquare);
  const values = toF16(Float32Array.from({ length: 1 << 16 }, (_, i) => limit * ((i + 0.5) / (1 << 15) - 1)));
  for (let start = 0; start < total; start += chunk) {
    const out = new Uint16Array(Math.min(chunk, total - start));
    for (let i = 0; i < out.length; i += 2) {
      const bits = hash(seed, (start + i) / 2, tensor);
      out[i] = values[bits & 0xffff];
      if (i + 1 < out.length) out[i + 1] = values[bits >>> 16];
    }
    yield littleEndian(out);
  }
}

/** Bytes of an f32 vector of one value. */
export function* constantVector(length: number, value: number): Iterable<Uint8Array> {
  const bytes = new Uint8Array(4 * length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < length; i++) view.setFloat32(4 * i, value, true);
  yield bytes;
}

function littleEndian(values: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? bytes : Buffer.from(bytes).swap16();
}
