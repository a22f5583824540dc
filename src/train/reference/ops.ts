// The row-wise operations of a program and their gradients, each forward with its backward beneath.
//
// A value is [rows, width]. Everything runs in double precision; what is quantised is said by
// quantise.ts. The formulas of the forward are those of backend/program.

import type { RopeTable } from "../../backend/program.js";
import { quantiseMatrix, quantiseRows } from "./quantise.js";
import { makeValue, type Tape, type Value } from "./tape.js";

/** out[r] = table[tokens[r]]; table is [vocabulary, width]. */
export function embed(tape: Tape, table: Value, tokens: Int32Array, width: number): Value {
  const out = makeValue(new Float64Array(tokens.length * width));
  for (const [r, token] of tokens.entries()) {
    out.data.set(table.data.subarray(token * width, (token + 1) * width), r * width);
  }
  tape.record(() => {
    for (const [r, token] of tokens.entries()) {
      for (let i = 0; i < width; i++) table.gradient[token * width + i] += out.gradient[r * width + i];
    }
  });
  return out;
}

/** out[r] = x[r] / sqrt(mean(x[r]^2) + eps) * weight */
export function norm(tape: Tape, x: Value, weight: Value, eps: number): Value {
  const width = weight.data.length;
  const rows = x.data.length / width;
  const out = makeValue(new Float64Array(x.data.length));
  const inverse = new Float64Array(rows); // 1 / rms
  for (let r = 0; r < rows; r++) {
    let squares = 0;
    for (let i = 0; i < width; i++) squares += x.data[r * width + i] ** 2;
    inverse[r] = 1 / Math.sqrt(squares / width + eps);
    for (let i = 0; i < width; i++) out.data[r * width + i] = x.data[r * width + i] * inverse[r] * weight.data[i];
  }
  tape.record(() => {
    for (let r = 0; r < rows; r++) {
      const at = r * width;
      let along = 0; // of the gradient, along x
      for (let i = 0; i < width; i++) along += out.gradient[at + i] * weight.data[i] * x.data[at + i];
      const shrink = (along * inverse[r] ** 2) / width;
      for (let i = 0; i < width; i++) {
        x.gradient[at + i] += inverse[r] * (out.gradient[at + i] * weight.data[i] - shrink * x.data[at + i]);
        weight.gradient[i] += out.gradient[at + i] * x.data[at + i] * inverse[r];
      }
    }
  });
  return out;
}

/**
 * out = x * weight^T (+ bias); x is [n, columns], weight [rows, columns].
 * @param quantisation 0: as it is. 1: ternary weight and int8 rows of x. Between: blended. The gradient
 *   of the product is that of what was multiplied; it passes through the rounding as if that were not there.
 */
export function linear(
  tape: Tape,
  x: Value,
  weight: Value,
  bias: Value | null,
  columns: number,
  quantisation: number,
): Value {
  const n = x.data.length / columns;
  const rows = weight.data.length / columns;
  const xs = quantiseRows(x.data, columns, quantisation);
  const ws = quantiseMatrix(weight.data, quantisation);
  const out = makeValue(new Float64Array(n * rows));
  for (let r = 0; r < n; r++) {
    for (let o = 0; o < rows; o++) {
      let sum = bias === null ? 0 : bias.data[o];
      for (let i = 0; i < columns; i++) sum += xs[r * columns + i] * ws[o * columns + i];
      out.data[r * rows + o] = sum;
    }
  }
  tape.record(() => {
    for (let r = 0; r < n; r++) {
      for (let o = 0; o < rows; o++) {
        const g = out.gradient[r * rows + o];
        if (g === 0) continue;
        for (let i = 0; i < columns; i++) {
          x.gradient[r * columns + i] += g * ws[o * columns + i];
          weight.gradient[o * columns + i] += g * xs[r * columns + i];
        }
        if (bias !== null) bias.gradient[o] += g;
      }
    }
  });
  return out;
}

/** Turns the first table.dim dimensions of every head; x is [rows, heads, headDim]. */
export function rope(
  tape: Tape,
  x: Value,
  heads: number,
  headDim: number,
  { dim, pairing, cos, sin }: RopeTable,
  positions: Int32Array, // [rows]
): Value {
  const pairs = dim / 2;
  /** Turns by +angle, or back by -angle: the transpose, which is what the gradient needs. */
  const turn = (from: Float64Array, to: Float64Array, direction: 1 | -1) => {
    for (let head = 0; head < positions.length * heads; head++) {
      const at = positions[Math.floor(head / heads)] * pairs;
      for (let i = 0; i < pairs; i++) {
        const a = head * headDim + (pairing === "half" ? i : 2 * i);
        const b = a + (pairing === "half" ? pairs : 1);
        const [c, s] = [cos[at + i], direction * sin[at + i]];
        to[a] += from[a] * c - from[b] * s;
        to[b] += from[b] * c + from[a] * s;
      }
      for (let i = dim; i < headDim; i++) to[head * headDim + i] += from[head * headDim + i];
    }
  };
  const out = makeValue(new Float64Array(x.data.length));
  turn(x.data, out.data, 1);
  tape.record(() => turn(out.gradient, x.gradient, -1));
  return out;
}

/** out = activation(gate) * up; silu(g) = g / (1 + exp(-g)), relu2(g) = max(g, 0)^2 */
export function gated(tape: Tape, gate: Value, up: Value, activation: "silu" | "relu2"): Value {
  const out = makeValue(new Float64Array(gate.data.length));
  const silu = activation === "silu";
  const sigmoid = (g: number) => 1 / (1 + Math.exp(-g));
  const value = (g: number) => (silu ? g * sigmoid(g) : Math.max(g, 0) ** 2);
  const slope = (g: number) => (silu ? sigmoid(g) * (1 + g * (1 - sigmoid(g))) : 2 * Math.max(g, 0));
  for (let i = 0; i < out.data.length; i++) out.data[i] = value(gate.data[i]) * up.data[i];
  tape.record(() => {
    for (let i = 0; i < out.data.length; i++) {
      gate.gradient[i] += out.gradient[i] * slope(gate.data[i]) * up.data[i];
      up.gradient[i] += out.gradient[i] * value(gate.data[i]);
    }
  });
  return out;
}

export function add(tape: Tape, a: Value, b: Value): Value {
  const out = makeValue(a.data.map((value, i) => value + b.data[i]));
  tape.record(() => {
    for (let i = 0; i < out.data.length; i++) {
      a.gradient[i] += out.gradient[i];
      b.gradient[i] += out.gradient[i];
    }
  });
  return out;
}
