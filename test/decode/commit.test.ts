import { expect, test } from "vitest";
import { chooseCommits, stepThreshold } from "../../src/decode/commit.js";

test("commits everything strictly above the threshold", () => {
  expect(chooseCommits([0.95, 0.9, 0.91, 0.2], 0.9)).toEqual([0, 2]);
});

test("commits the single best when nothing is above, though others come close", () => {
  expect(chooseCommits([0.3, 0.8999, 0.9, 0.89], 0.9)).toEqual([2]);
});

test("the lowest position wins a tie", () => {
  expect(chooseCommits([0.2, 0.5, 0.5, 0.5], 0.9)).toEqual([1]);
});

test("threshold 1 commits one position, even among certain ones", () => {
  expect(chooseCommits([0.4, 1, 1], 1)).toEqual([1]);
});

test("a confidence of 0.9 in f32 is not above 0.9", () => {
  expect(chooseCommits(Float32Array.of(0.5, 0.9, 0.9), 0.9)).toEqual([1]);
});

test("commits nothing when nothing is above and nothing must be", () => {
  expect(chooseCommits([0.3, 0.95, 0.2], 0.9, false)).toEqual([1]);
  expect(chooseCommits([0.3, 0.9, 0.2], 0.9, false)).toEqual([]);
  expect(chooseCommits([], 0.9, false)).toEqual([]);
});

test("always commits something", () => {
  expect(chooseCommits([0], 0.9)).toEqual([0]);
  expect(chooseCommits([0, 0, 0], 0.9)).toEqual([0]);
});

test("adaptive thresholds rise to the asked one at the third step", () => {
  const at = (threshold: number) => [1, 2, 3, 4].map((step) => stepThreshold("adaptive", threshold, step));
  expect(at(0.9)).toEqual([0.5, 0.7, 0.9, 0.9]);
  expect(at(1)).toEqual([0.6, 0.8, 1, 1]);
  expect(at(0.6)).toEqual([0.5, 0.6, 0.6, 0.6]); // never above the asked threshold
  expect(at(0.3)).toEqual([0.3, 0.3, 0.3, 0.3]);
});

test("iterative keeps its threshold; greedy commits everything, certain or not", () => {
  expect([1, 2, 3].map((step) => stepThreshold("iterative", 0.9, step))).toEqual([0.9, 0.9, 0.9]);
  expect(chooseCommits([0.1, 0, 1], stepThreshold("greedy", 0.9, 1))).toEqual([0, 1, 2]);
});
