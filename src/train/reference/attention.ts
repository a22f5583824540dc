// Softmax attention over two ranges of keys, and its gradient.
//
// Query head h reads K/V head floor(h * kvHeads / heads). The keys of a row are data (Batch.keys):
// causal, block-causal and noisy rows are the same code.

import type { Program } from "../../backend/program.js";
import { makeValue, type Tape, type Value } from "./tape.js";

type Shape = Pick<Program, "heads" | "kvHeads" | "headDim" | "attentionScale">;

/** @param q [rows, heads, headDim]; @param k, v [rows, kvHeads, headDim]; @param keys [rows, 4] */
export function attend(tape: Tape, q: Value, k: Value, v: Value, shape: Shape, keys: Int32Array): Value {
  const { heads, kvHeads, headDim, attentionScale } = shape;
  const out = makeValue(new Float64Array(q.data.length));
  const heard: { at: number; seen: Float64Array; rows: number[]; kv: number }[] = [];

  for (let r = 0; r < keys.length / 4; r++) {
    const rows = keysOf(keys, r);
    for (let h = 0; h < heads; h++) {
      const at = (r * heads + h) * headDim;
      const kv = Math.floor((h * kvHeads) / heads);
      const scores = rows.map((j) => attentionScale * dot(q.data, at, k.data, (j * kvHeads + kv) * headDim, headDim));
      const seen = softmax(scores);
      for (const [n, j] of rows.entries()) {
        axpy(seen[n], v.data, (j * kvHeads + kv) * headDim, out.data, at, headDim);
      }
      heard.push({ at, seen, rows, kv });
    }
  }

  tape.record(() => {
    for (const { at, seen, rows, kv } of heard) {
      const from = rows.map((j) => (j * kvHeads + kv) * headDim);
      const slopes = from.map((j) => dot(out.gradient, at, v.data, j, headDim)); // d loss / d seen
      const mean = slopes.reduce((sum, slope, n) => sum + slope * seen[n], 0);
      for (const [n, j] of from.entries()) {
        const score = attentionScale * seen[n] * (slopes[n] - mean);
        axpy(score, k.data, j, q.gradient, at, headDim);
        axpy(score, q.data, at, k.gradient, j, headDim);
        axpy(seen[n], out.gradient, at, v.gradient, j, headDim);
      }
    }
  });
  return out;
}

/** The rows that row r sees. */
export function keysOf(keys: Int32Array, r: number): number[] {
  const rows: number[] = [];
  for (let range = 0; range < 2; range++) {
    for (let j = keys[4 * r + 2 * range]; j < keys[4 * r + 2 * range + 1]; j++) rows.push(j);
  }
  return rows;
}

export function softmax(scores: ArrayLike<number>): Float64Array {
  const out = Float64Array.from(scores);
  let max = -Infinity;
  for (const score of out) max = Math.max(max, score);
  let sum = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = Math.exp(out[i] - max);
    sum += out[i];
  }
  return out.map((each) => each / sum);
}

function dot(a: Float64Array, at: number, b: Float64Array, from: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[at + i] * b[from + i];
  return sum;
}

/** to += factor * from */
function axpy(factor: number, from: Float64Array, f: number, to: Float64Array, t: number, length: number): void {
  for (let i = 0; i < length; i++) to[t + i] += factor * from[f + i];
}
