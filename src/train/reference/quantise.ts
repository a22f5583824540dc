// The two roundings of BitNet b1.58, blended with what they round.
//
// x + quantisation * (rounded(x) - x): 0 leaves everything as it is, 1 is what the engine
// computes with. There is no gradient here: it passes straight through (linear in ops.ts).

import { roundHalfEven } from "../../util/half.js";
import { ternarise } from "../parameters.js";

/** Ternary weights, one scale for the matrix. */
export function quantiseMatrix(weights: Float64Array, quantisation: number): Float64Array {
  if (quantisation === 0) return weights;
  const { codes, scale } = ternarise(weights);
  return weights.map((w, i) => w + quantisation * (codes[i] * scale - w));
}

/** int8 activations, one scale for each row: s = 127 / max(max|x|, 1e-5), q = round(x * s), x ~ q / s. */
export function quantiseRows(x: Float64Array, columns: number, quantisation: number): Float64Array {
  if (quantisation === 0) return x;
  const out = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += columns) {
    let max = 1e-5;
    for (let i = start; i < start + columns; i++) max = Math.max(max, Math.abs(x[i]));
    const scale = 127 / max;
    for (let i = start; i < start + columns; i++) {
      const code = Math.min(127, Math.max(-128, roundHalfEven(x[i] * scale)));
      out[i] = x[i] + quantisation * (code / scale - x[i]);
    }
  }
  return out;
}
