// Intervals against published values and against their own definition; sums and ratios.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { costOf, ratio, shareOf, tasksOf, wilson } from "../../src/eval/statistics.js";
import { outcome } from "./examples.js";

describe("Wilson's interval", () => {
  // Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("%i of %i", (correct, n, low, high) => {
    const interval = wilson(correct, n);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  it("holds the shares whose score is within 1.96 standard errors, and no others", () => {
    const z = 1.959963984540054;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(), (n, k) => {
        const { share, low, high } = wilson(k % (n + 1), n);
        for (const end of [low, high]) {
          if (end === 0 || end === 1) continue;
          expect(Math.abs(share - end) / Math.sqrt((end * (1 - end)) / n)).toBeCloseTo(z, 6);
        }
        expect(low).toBeLessThanOrEqual(share);
        expect(high).toBeGreaterThanOrEqual(share);
      }),
    );
  });

  it("knows nothing from nothing", () => {
    expect(wilson(0, 0)).toEqual({ correct: 0, n: 0, share: 0, low: 0, high: 1 });
    expect(wilson(5, 5).high).toBe(1);
    expect(wilson(0, 5).low).toBe(0);
  });
});

describe("shares", () => {
  it("count by task, in the order of the questions", () => {
    const outcomes = [outcome("b", true), outcome("a", false), outcome("b", false), outcome("b", true)];
    expect(tasksOf(outcomes).map(({ task, correct, n }) => [task, correct, n])).toEqual([
      ["b", 2, 3],
      ["a", 0, 1],
    ]);
    expect(shareOf(outcomes, ({ ok }) => ok)).toEqual(wilson(2, 4));
  });
});

describe("costs", () => {
  it("are sums and their ratios", () => {
    const outcomes = [outcome("b", true), outcome("a", false)];
    expect(costOf(outcomes, 0.08)).toEqual({
      n: 2,
      tokens: 20,
      forwards: 8,
      rows: 128,
      seconds: 0.08,
      tokensPerForward: 2.5,
      rowsPerToken: 6.4,
      tokensPerSecond: 250,
    });
  });

  it("weigh answers by their tokens, not one by one", () => {
    const long = outcome("a", true, { tokens: 100, forwards: 100 });
    const short = outcome("a", true, { tokens: 4, forwards: 1 });
    expect(costOf([long, short], 1).tokensPerForward).toBeCloseTo(104 / 101);
  });

  it("do not divide by nothing", () => {
    const none = { tokensPerForward: null, rowsPerToken: null, tokensPerSecond: null };
    expect(costOf([outcome("a", true, { tokens: 0, forwards: 0, rows: 0 })], 0)).toMatchObject(none);
    expect(costOf([], 0)).toMatchObject({ n: 0, ...none });
    expect(costOf([outcome("a", true)], null)).toMatchObject({ tokensPerForward: 2.5, tokensPerSecond: null });
    expect([ratio(null, 1), ratio(1, null), ratio(1, 0), ratio(3, 2)]).toEqual([null, null, null, 1.5]);
  });
});
