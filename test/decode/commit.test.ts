import { expect, test } from "vitest";
import { chooseCommits } from "../../src/decode/commit.js";

const surest = (confidence: ArrayLike<number>, threshold: number, least = true) =>
  chooseCommits({ mode: "iterative", threshold }, confidence, least);

test("commits everything strictly above the threshold", () => {
  expect(surest([0.95, 0.9, 0.91, 0.2], 0.9)).toEqual([0, 2]);
});

test("commits the single best when nothing is above, though others come close", () => {
  expect(surest([0.3, 0.8999, 0.9, 0.89], 0.9)).toEqual([2]);
});

test("the lowest position wins a tie", () => {
  expect(surest([0.2, 0.5, 0.5, 0.5], 0.9)).toEqual([1]);
});

test("threshold 1 commits one position, even among certain ones", () => {
  expect(surest([0.4, 1, 1], 1)).toEqual([1]);
});

test("a confidence of 0.9 in f32 is not above 0.9", () => {
  expect(surest(Float32Array.of(0.5, 0.9, 0.9), 0.9)).toEqual([1]);
});

test("commits nothing when nothing is above and nothing must be", () => {
  expect(surest([0.3, 0.95, 0.2], 0.9, false)).toEqual([1]);
  expect(surest([0.3, 0.9, 0.2], 0.9, false)).toEqual([]);
  expect(surest([], 0.9, false)).toEqual([]);
});

test("always commits something", () => {
  expect(surest([0], 0.9)).toEqual([0]);
  expect(surest([0, 0, 0], 0.9)).toEqual([0]);
});

test("adaptive commits from the left, as long as the product stays above the threshold", () => {
  const run = (confidence: number[], threshold: number, least = true) =>
    chooseCommits({ mode: "adaptive", threshold }, confidence, least);
  expect(run([0.99, 0.98, 0.96, 0.99], 0.9)).toEqual([0, 1, 2, 3]); // 0.922
  expect(run([0.99, 0.97, 0.95, 0.98], 0.9)).toEqual([0, 1, 2]); // 0.912, then 0.894
  expect(run([0.95, 0.2, 0.99, 0.99], 0.9)).toEqual([0]); // what follows an unsure one waits, however sure
  expect(run([0.5, 0.99, 0.99], 0.9)).toEqual([0]); // the first, though others are surer
  expect(run([0.5, 0.99, 0.99], 0.9, false)).toEqual([]);
  expect(run([0.75, 0.75], 0.5625)).toEqual([0]); // strictly above
  expect(run([1, 1, 1], 1)).toEqual([0]);
  expect(run([], 0.9, false)).toEqual([]);
});

test("greedy commits everything, certain or not", () => {
  expect(chooseCommits({ mode: "greedy", threshold: 0.9 }, [0.1, 0, 1])).toEqual([0, 1, 2]);
});
