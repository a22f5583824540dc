// One step of AdamW (Loshchilov and Hutter 2019) and of Muon (Jordan 2024).
//
// State is f32, as masters are; sums run in double. Muon's step is scaled to the size of AdamW's,
// 0.2 * sqrt(max(rows, columns)) (Liu et al. 2025), so that one rate means the same for both.

import type { UpdateOptions } from "../types.js";

type AdamOptions = Pick<UpdateOptions, "beta1" | "beta2" | "epsilon">;

/**
 * @param first, second running means of the gradient and of its square, updated in place
 * @param step counted from 1
 * @param decay decoupled weight decay, already 0 for vectors and embeddings
 */
export function adamW(
  values: Float64Array,
  gradient: Float64Array,
  first: Float32Array,
  second: Float32Array,
  { beta1, beta2, epsilon }: AdamOptions,
  rate: number,
  decay: number,
  step: number,
): void {
  const { fround } = Math;
  const c1 = 1 - beta1 ** step;
  const c2 = 1 - beta2 ** step;
  for (let i = 0; i < values.length; i++) {
    first[i] = beta1 * first[i] + (1 - beta1) * gradient[i];
    second[i] = beta2 * second[i] + (1 - beta2) * gradient[i] ** 2;
    const change = first[i] / c1 / (Math.sqrt(second[i] / c2) + epsilon);
    values[i] = fround(values[i] - rate * (change + decay * values[i]));
  }
}

/** @param momentum running sum of gradients, updated in place; values are [rows, columns] */
export function muon(
  values: Float64Array,
  gradient: Float64Array,
  momentum: Float32Array,
  columns: number,
  { momentum: beta }: Pick<UpdateOptions, "momentum">,
  rate: number,
  decay: number,
): void {
  const { fround } = Math;
  const rows = values.length / columns;
  const ahead = new Float64Array(values.length); // Nesterov
  for (let i = 0; i < values.length; i++) {
    momentum[i] = beta * momentum[i] + gradient[i];
    ahead[i] = gradient[i] + beta * momentum[i];
  }
  const change = orthogonalise(ahead, rows, columns);
  const scale = 0.2 * Math.sqrt(Math.max(rows, columns));
  for (let i = 0; i < values.length; i++) {
    values[i] = fround(values[i] - rate * (scale * change[i] + decay * values[i]));
  }
}

/** Brings the singular values of a [rows, columns] matrix near 1: five steps of Newton and Schulz's iteration. */
export function orthogonalise(matrix: Float64Array, rows: number, columns: number): Float64Array {
  if (rows > columns) return transpose(orthogonalise(transpose(matrix, rows, columns), columns, rows), columns, rows);
  const norm = Math.sqrt(matrix.reduce((sum, x) => sum + x * x, 0));
  let x = matrix.map((each) => each / (norm + 1e-7));
  const [a, b, c] = [3.4445, -4.775, 2.0315];
  for (let step = 0; step < 5; step++) {
    const gram = product(x, transpose(x, rows, columns), rows, columns, rows); // x x^T
    const squared = product(gram, gram, rows, rows, rows);
    const polynomial = gram.map((g, i) => b * g + c * squared[i]);
    const turned = product(polynomial, x, rows, rows, columns);
    x = x.map((each, i) => a * each + turned[i]);
  }
  return x;
}

function transpose(matrix: Float64Array, rows: number, columns: number): Float64Array {
  return matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
}

/** [n, inner] * [inner, m] */
function product(left: Float64Array, right: Float64Array, n: number, inner: number, m: number): Float64Array {
  const out = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < inner; k++) {
      for (let j = 0; j < m; j++) out[i * m + j] += left[i * inner + k] * right[k * m + j];
    }
  }
  return out;
}
