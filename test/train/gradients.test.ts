// Every operation of the reference trainer against finite differences, quantisers off, and the
// closed form of the gradient that passes straight through them.

import { describe, expect, test } from "vitest";
import { ropeTable } from "../../src/model/rope.js";
import { attend } from "../../src/train/reference/attention.js";
import { crossEntropy } from "../../src/train/reference/cross-entropy.js";
import { add, embed, gated, linear, norm, rope } from "../../src/train/reference/ops.js";
import { quantiseMatrix, quantiseRows } from "../../src/train/reference/quantise.js";
import { makeValue, Tape, type Value } from "../../src/train/reference/tape.js";
import { uniform } from "../../src/util/rng.js";

let stream = 0;
/** Numbers in (-1, 1), others each time. */
const random = (count: number) => {
  const seed = ++stream;
  return Float64Array.from({ length: count }, (_, i) => 2 * uniform(seed, i, 0) - 1);
};
const value = (count: number) => makeValue(random(count));

/**
 * Compares the gradients of probe . op(inputs) with central differences, element by element.
 */
function expectDifferences(inputs: Record<string, Value>, op: (tape: Tape) => Value): void {
  const probe = random(op(new Tape()).data.length);
  const along = (out: Value) => out.data.reduce((sum, x, i) => sum + x * probe[i], 0);
  const tape = new Tape();
  const out = op(tape);
  out.gradient.set(probe);
  tape.backward();
  expectSlopes(inputs, () => along(op(new Tape())));
}

function expectSlopes(inputs: Record<string, Value>, loss: () => number): void {
  const step = 1e-5;
  for (const [name, { data, gradient }] of Object.entries(inputs)) {
    for (let i = 0; i < data.length; i++) {
      const middle = data[i];
      data[i] = middle + step;
      const above = loss();
      data[i] = middle - step;
      const below = loss();
      data[i] = middle;
      expect(gradient[i], `${name}[${i}]`).toBeCloseTo((above - below) / (2 * step), 7);
    }
  }
}

describe("finite differences", () => {
  test("embed, with a token that occurs twice", () => {
    const table = value(5 * 3);
    expectDifferences({ table }, (tape) => embed(tape, table, Int32Array.of(4, 1, 4), 3));
  });

  test("norm", () => {
    const [x, weight] = [value(3 * 5), value(5)];
    expectDifferences({ x, weight }, (tape) => norm(tape, x, weight, 1e-2));
  });

  test("linear, with and without bias", () => {
    const [x, weight, bias] = [value(3 * 4), value(5 * 4), value(5)];
    expectDifferences({ x, weight, bias }, (tape) => linear(tape, x, weight, bias, 4, 0));
    const [y, w] = [value(2 * 3), value(2 * 3)];
    expectDifferences({ y, w }, (tape) => linear(tape, y, w, null, 3, 0));
  });

  test.each(["half", "adjacent"] as const)("rope on %s pairs of a part of the head", (pairing) => {
    const table = ropeTable(9, { dim: 4, pairing, base: 10, scale: 1 });
    const x = value(3 * 2 * 6); // [rows, heads, headDim]
    expectDifferences({ x }, (tape) => rope(tape, x, 2, 6, table, Int32Array.of(0, 3, 8)));
  });

  test("attend, with grouped heads and keys in two ranges", () => {
    const shape = { heads: 4, kvHeads: 2, headDim: 3, attentionScale: 0.6 };
    const keys = Int32Array.of(0, 1, 1, 1, 0, 0, 0, 2, 0, 1, 2, 4, 1, 4, 0, 1);
    const [q, k, v] = [value(4 * 4 * 3), value(4 * 2 * 3), value(4 * 2 * 3)];
    expectDifferences({ q, k, v }, (tape) => attend(tape, q, k, v, shape, keys));
  });

  test.each(["silu", "relu2"] as const)("gate with %s", (activation) => {
    const [gate, up] = [value(7), value(7)];
    expectDifferences({ gate, up }, (tape) => gated(tape, gate, up, activation));
  });

  test("add, of a value to itself too", () => {
    const [a, b] = [value(4), value(4)];
    expectDifferences({ a, b }, (tape) => add(tape, a, b));
    const c = value(4);
    expectDifferences({ c }, (tape) => add(tape, c, c));
  });

  test("head and cross-entropy, with rows that predict nothing", () => {
    const [hidden, weight] = [value(3 * 4), value(6 * 4)];
    const targets = Int32Array.of(5, -1, 2);
    const weights = Float32Array.of(0.5, 9, 0.25);
    const tape = new Tape();
    crossEntropy(tape, hidden, weight, targets, weights, false);
    tape.backward();
    expectSlopes({ hidden, weight }, () => crossEntropy(new Tape(), hidden, weight, targets, weights, false).total);
  });
});

describe("straight through the quantisers", () => {
  test.each([0.25, 1])("gradients of the product are those of what was multiplied, at %s", (quantisation) => {
    const [rows, columns, outputs] = [3, 8, 5];
    const [x, weight] = [value(rows * columns), value(outputs * columns)];
    const tape = new Tape();
    const out = linear(tape, x, weight, null, columns, quantisation);
    out.gradient.set(random(out.data.length));
    tape.backward();
    const xs = quantiseRows(x.data, columns, quantisation);
    const ws = quantiseMatrix(weight.data, quantisation);
    for (let i = 0; i < columns; i++) {
      for (let r = 0; r < rows; r++) {
        let sum = 0;
        for (let o = 0; o < outputs; o++) sum += out.gradient[r * outputs + o] * ws[o * columns + i];
        expect(x.gradient[r * columns + i]).toBeCloseTo(sum, 12);
      }
      for (let o = 0; o < outputs; o++) {
        let sum = 0;
        for (let r = 0; r < rows; r++) sum += out.gradient[r * outputs + o] * xs[r * columns + i];
        expect(weight.gradient[o * columns + i]).toBeCloseTo(sum, 12);
      }
    }
  });

  test("weights are -1, 0 and +1 times the mean magnitude, rows have at most 255 levels", () => {
    const weights = Float64Array.from(random(64), Math.fround);
    const mean = weights.reduce((sum, w) => sum + Math.abs(w), 0) / weights.length;
    for (const [i, w] of quantiseMatrix(weights, 1).entries()) {
      const expected = mean * Math.min(1, Math.max(-1, Math.round(weights[i] / mean)));
      expect(w).toBeCloseTo(expected, 6);
    }
    const x = Float64Array.of(1, -0.5, 0.004, 0, /* row 2 */ 0, 0, 1e-9, 0);
    const expected = [1, -64 / 127, 1 / 127, 0, 0, 0, 0, 0]; // -63.5 rounds to even
    for (const [i, q] of quantiseRows(x, 4, 1).entries()) expect(q).toBeCloseTo(expected[i], 12);
  });

  test("a quarter of the way is a quarter of the way", () => {
    const x = random(12);
    const [whole, quarter] = [quantiseRows(x, 4, 1), quantiseRows(x, 4, 0.25)];
    for (let i = 0; i < x.length; i++) expect(quarter[i]).toBeCloseTo(0.75 * x[i] + 0.25 * whole[i], 12);
  });
});
