// The row-wise operations of a program, each as its formula: what `norm`, `linear`, `rope`,
// `gate` and `add` mean. Sums run in f64 and are rounded to f32 once, except in the ternary
// product, whose every rounding belongs to the definition.

import { roundHalfEven } from "../util/half.js";
import type { RopeTable } from "./program.js";

/** A linear weight, [rows, columns], as floats or as ternary values with scales. */
export type Matrix = FloatMatrix | TernaryMatrix;

export interface FloatMatrix {
  kind: "float";
  columns: number;
  values: Float32Array; // [rows, columns]
}

export interface TernaryMatrix {
  kind: "ternary";
  columns: number;
  values: Int8Array; // [rows, columns], -1, 0 or +1
  /** One scale for the whole matrix, or one for each `group` columns of each row. */
  scales: Float32Array; // [1] or [rows, columns / group]
  group: number;
}

/** out[r] = x[r] / sqrt(mean(x[r]^2) + eps) * weight */
export function norm(x: Float32Array, weight: Float32Array, eps: number, out: Float32Array): void {
  const width = weight.length;
  for (let start = 0; start < x.length; start += width) {
    let squares = 0;
    for (let i = 0; i < width; i++) squares += x[start + i] ** 2;
    const inverse = 1 / Math.sqrt(squares / width + eps);
    for (let i = 0; i < width; i++) out[start + i] = x[start + i] * inverse * weight[i];
  }
}

/** out[r] = weight * x[r] (+ bias); x is [n, columns], out [n, rows]. */
export function linear(x: Float32Array, weight: Matrix, bias: Float32Array | null, out: Float32Array): void {
  if (weight.kind === "float") floatLinear(x, weight, out);
  else ternaryLinear(x, weight, out);
  if (bias !== null) for (let i = 0; i < out.length; i++) out[i] += bias[i % bias.length];
}

function floatLinear(x: Float32Array, { values, columns }: FloatMatrix, out: Float32Array): void {
  const rows = values.length / columns;
  for (let r = 0; r * columns < x.length; r++) {
    for (let o = 0; o < rows; o++) {
      let sum = 0;
      for (let i = 0; i < columns; i++) sum += x[r * columns + i] * values[o * columns + i];
      out[r * rows + o] = sum;
    }
  }
}

function ternaryLinear(x: Float32Array, { values, columns, scales, group }: TernaryMatrix, out: Float32Array): void {
  const { fround } = Math;
  const rows = values.length / columns;
  for (let r = 0; r * columns < x.length; r++) {
    const { codes, scale } = quantiseRow(x.subarray(r * columns, (r + 1) * columns));
    for (let o = 0; o < rows; o++) {
      if (scales.length === 1) {
        out[r * rows + o] = ternaryDot(values, o * columns, codes, 0, columns) * fround(scales[0] / scale);
        continue;
      }
      let sum = 0;
      for (let i = 0; i < columns; i += group) {
        const part = ternaryDot(values, o * columns + i, codes, i, group);
        sum = fround(scales[(o * columns + i) / group] * part + sum); // fma: the product is exact in f64
      }
      out[r * rows + o] = sum * fround(1 / scale);
    }
  }
}

/** The exact integer sum of values[v + i] * codes[c + i] over `length` columns. */
export function ternaryDot(values: Int8Array, v: number, codes: Int8Array, c: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += values[v + i] * codes[c + i];
  return sum;
}

/** int8 codes of a row and the scale s with x ~ codes / s (BitNet b1.58 activations). */
export function quantiseRow(x: Float32Array): { codes: Int8Array; scale: number } {
  const { fround } = Math;
  let max = fround(1e-5);
  for (const value of x) max = Math.max(max, Math.abs(value));
  const scale = fround(127 / max);
  const codes = new Int8Array(x.length);
  for (let i = 0; i < x.length; i++) {
    codes[i] = Math.min(127, Math.max(-128, roundHalfEven(fround(x[i] * scale))));
  }
  return { codes, scale };
}

/** Turns the first table.dim dimensions of every head in place; x is [n, heads, headDim]. */
export function rope(
  x: Float32Array,
  heads: number,
  headDim: number,
  { dim, pairing, cos, sin }: RopeTable,
  positions: Int32Array, // [n]
): void {
  const pairs = dim / 2;
  for (let head = 0; head < positions.length * heads; head++) {
    const at = positions[Math.floor(head / heads)] * pairs;
    for (let i = 0; i < pairs; i++) {
      const a = head * headDim + (pairing === "half" ? i : 2 * i);
      const b = a + (pairing === "half" ? pairs : 1);
      const [xa, xb] = [x[a], x[b]];
      x[a] = xa * cos[at + i] - xb * sin[at + i];
      x[b] = xb * cos[at + i] + xa * sin[at + i];
    }
  }
}

/** out = activation(gate) * up */
export function gated(gate: Float32Array, up: Float32Array, activation: "silu" | "relu2", out: Float32Array): void {
  for (let i = 0; i < out.length; i++) {
    const g = gate[i];
    out[i] = (activation === "silu" ? g / (1 + Math.exp(-g)) : Math.max(g, 0) ** 2) * up[i];
  }
}

export function add(a: Float32Array, b: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = a[i] + b[i];
}
