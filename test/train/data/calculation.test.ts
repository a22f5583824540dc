// Carry chains: counted against a plain definition, drawn as asked for, and balanced in the data.

import { describe, expect, test } from "vitest";
import { addends, calculate, carryChain, difference, isTable } from "../../../src/train/data/calculation.js";
import { Random } from "../../../src/train/data/random.js";
import { generate, lastTurn, naturals, same } from "./helpers.js";

/** Written out on paper: columns from the right, runs of carries. */
function chainOnPaper(a: number, b: number): number {
  const [x, y] = [a, b].map((n) => [...String(n).padStart(8, "0")].reverse().map(Number));
  let carry = 0;
  const carries = x.map((digit, i) => {
    carry = digit + y[i] + carry >= 10 ? 1 : 0;
    return carry;
  });
  return Math.max(
    ...carries
      .join("")
      .split("0")
      .map((run) => run.length),
  );
}

describe("a carry chain", () => {
  test("is the longest run of columns that carry", () => {
    expect(carryChain(calculate(347, "+", 586))).toBe(2);
    expect(carryChain(calculate(5, "+", 4))).toBe(0);
    expect(carryChain(calculate(999, "+", 1))).toBe(3);
    expect(carryChain(calculate(506, "+", 504))).toBe(1);
    expect(carryChain(calculate(1000, "-", 1))).toBe(3);
    expect(carryChain(calculate(52, "-", 17))).toBe(1);
    expect(carryChain(calculate(17, "-", 52))).toBe(1);
    expect(carryChain(calculate(8, "*", 7))).toBe(0);
  });

  test("agrees with paper for all sorts of numbers", () => {
    const random = new Random(3, 0);
    for (let i = 0; i < 5000; i++) {
      const [a, b] = [random.int(0, 10 ** random.int(1, 4)), random.int(0, 10 ** random.int(1, 4))];
      same(carryChain(calculate(a, "+", b)), chainOnPaper(a, b), `${a} + ${b}`);
      const [large, small] = [Math.max(a, b), Math.min(a, b)];
      same(carryChain(calculate(large, "-", small)), chainOnPaper(small, large - small), `${large} - ${small}`);
    }
  });

  test.each([
    [1, 1, 1],
    [2, 1, 2],
    [1, 2, 1],
    [2, 2, 0],
    [3, 1, 3],
    [3, 2, 2],
    [3, 3, 3],
    [3, 3, 0],
  ])("of %i and %i digits is drawn with length %i", (digitsA, digitsB, chain) => {
    const random = new Random(4, 100 * digitsA + 10 * digitsB + chain);
    const seen = new Set<string>();
    for (let i = 0; i < 300; i++) {
      const [a, b] = addends(random, digitsA, digitsB, chain);
      same([String(a).length, String(b).length, chainOnPaper(a, b)], [digitsA, digitsB, chain], `${a} + ${b}`);
      seen.add(`${a} ${b}`);
    }
    expect(seen.size).toBeGreaterThan(15);
  });

  test.each([
    [1, 1, 0],
    [2, 1, 1],
    [2, 2, 1],
    [3, 1, 2],
    [3, 2, 2],
    [3, 3, 0],
    [3, 3, 2],
  ])("of borrows, %i digits less %i, is drawn with length %i", (digitsA, digitsB, chain) => {
    const random = new Random(5, 100 * digitsA + 10 * digitsB + chain);
    for (let i = 0; i < 300; i++) {
      const [a, b] = difference(random, digitsA, digitsB, chain);
      same([String(a).length, String(b).length, chainOnPaper(b, a - b)], [digitsA, digitsB, chain], `${a} - ${b}`);
      expect(a).toBeGreaterThanOrEqual(b);
    }
  });
});

test("the data has every chain of two lengths equally often", () => {
  const counts = new Map<string, number[]>();
  for (const example of generate("arithmetic", 20_000)) {
    if (!/^[+-] /.test(example.kind)) continue;
    const { answer } = lastTurn(example);
    if (!answer.includes("equals")) continue;
    const [a, b, result] = naturals(answer);
    const chain = answer.includes("+") ? chainOnPaper(a, b) : chainOnPaper(b, result);
    same(example.check?.carries, chain, answer);
    const group = example.kind.split(" digits")[0];
    const list = counts.get(group) ?? [];
    list[chain] = (list[chain] ?? 0) + 1;
    counts.set(group, list);
  }
  expect(counts.size).toBe(12);
  for (const [group, list] of counts) {
    expect(Object.keys(list), `${group}: every chain up to the longest`).toHaveLength(list.length);
    expect(Math.max(...list) / Math.min(...list), `${group}: ${list}`).toBeLessThan(1.5);
  }
});

test("tables are what is learnt by heart", () => {
  expect(isTable(calculate(7, "*", 8))).toBe(true);
  expect(isTable(calculate(25, "*", 4))).toBe(true);
  expect(isTable(calculate(25, "*", 5))).toBe(false);
  expect(isTable(calculate(56, "/", 8))).toBe(true);
  expect(isTable(calculate(9, "+", 10))).toBe(true);
  expect(isTable(calculate(9, "+", 11))).toBe(false);
});
