// The picture of a run.

import { expect, test } from "vitest";
import { drawCurves } from "../../src/train/curves.js";
import type { LogRecord } from "../../src/train/log.js";

const record = (step: number, phase: string, changes: Partial<LogRecord> = {}): LogRecord => ({
  step,
  phase,
  phaseStep: step,
  loss: 1,
  nextLoss: 4 / step,
  maskedLoss: null,
  gradientNorm: 1,
  matrixRate: 0.01,
  otherRate: 0.01,
  quantisation: 0,
  examples: step,
  rowsPerSecond: 1,
  gemmGflops: 1,
  stepGflops: 1,
  seconds: 1,
  ...changes,
});

test("curves have a point for each value, names are escaped, a phase has its border", () => {
  const records = [record(1, "a"), record(2, "a"), record(4, "b <2>", { maskedLoss: 2 })];
  const svg = drawCurves(records, "x < y & z");
  const lines = [...svg.matchAll(/<polyline[^>]* points="([^"]*)"/g)].map((match) => match[1].split(" "));
  expect(lines.map((points) => points.length)).toEqual([3, 1, 3, 3]);
  const heights = lines[0].map((point) => Number(point.split(",")[1]));
  expect(heights).toEqual(heights.toSorted((a, b) => a - b)); // falling losses go down, y grows downwards
  expect(svg).toContain("x &lt; y &amp; z");
  expect(svg).toContain("b &lt;2>");
  expect(svg).not.toContain("NaN");
});

test("a run of any length has its picture", () => {
  const svg = drawCurves(Array(200_000).fill(record(1, "a")), "long");
  expect(svg).toContain("<polyline");
});

test("no records are no curves", () => {
  expect(drawCurves([], "nothing")).not.toMatch(/NaN|Infinity|polyline/);
});
