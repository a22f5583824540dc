// Reports as text and picture.

import { describe, expect, it } from "vitest";
import { OtherWork, otherWorkWarning } from "../../src/bench/machine.js";
import { markdown, spread } from "../../src/bench/report.js";
import { pointOf, rooflineSvg } from "../../src/bench/roofline.js";
import type { ForwardResult, Report } from "../../src/bench/suite.js";
import { bestThreads, threadCounts } from "../../src/bench/sweep.js";
import { markdownTable } from "../../src/util/markdown.js";
import { modelInfo } from "../cli/fakes.js";

const forward: ForwardResult = {
  name: "denoise 32 rows, no head",
  rows: 32,
  ms: { median: 100, low: 80, high: 125, n: 5 },
  work: { int8Ops: 4e10, floatOps: 1e10, bytes: 5e8 },
};

const report: Report = {
  machine: { cpu: "Some CPU", cores: 2, memoryBytes: 2 ** 34, platform: "linux x64", node: "v20" },
  otherWork: 0,
  subject: {
    file: "tiny.gguf",
    bytes: 2 ** 20,
    architecture: "bitnet",
    attention: "context-causal",
    weightType: "I2_S",
    head: { type: "F16", stored: "F16" },
    parameters: 5e6,
    synthetic: true,
  },
  backend: modelInfo.backend,
  maxRows: 256,
  peaks: { int8Gops: 1000, floatGops: 100, readGBs: 10 },
  rounds: 5,
};

const row = (text: string, start: string) =>
  text
    .split("\n")
    .find((line) => line.startsWith(`| ${start}`))!
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

describe("the heading", () => {
  it("names model, quality, machine, threads, instruction set and peaks", () => {
    const text = markdown(report);
    for (const words of [
      "`tiny.gguf`: bitnet, context-causal, I2_S, head F16, 5.0 M parameters",
      "random weights: no quality",
      "Some CPU, 2 cores, 16.0 GiB, linux x64, Node.js v20; native avx2, 2 threads",
      "1000 GOPS in 8-bit integers, 100 GOPS in f32, 10.0 GB/s",
    ]) {
      expect(text).toContain(words);
    }
    expect(text).not.toContain("Other processes");
  });

  it("sends readers of a real model's speed to its quality", () => {
    expect(markdown({ ...report, subject: { ...report.subject, synthetic: false } })).toContain("see `unmask eval`");
  });

  it("warns when the machine was not ours alone", () => {
    expect(markdown({ ...report, otherWork: 0.31 })).toContain("Other processes used 31 % of the machine");
    expect(otherWorkWarning(0.01)).toBeNull();
  });

  it("says when there are no peaks, and shows no shares", () => {
    const text = markdown({ ...report, peaks: null, forwards: [forward] });
    expect(text).toContain("Peaks of this machine: not measured.");
    expect(text).not.toContain("of bandwidth");
  });
});

describe("tables", () => {
  it("forwards: rates with their spread the right way round, GOPS, GB/s and shares", () => {
    const cells = row(markdown({ ...report, forwards: [forward] }), "denoise");
    expect(cells.slice(1)).toEqual(["320.0 (256.0-400.0)", "100.00", "500", "5.0", "40.0 %", "50.0 %"]);
  });

  it("answers", () => {
    const rate = { median: 50, low: 49, high: 51, n: 3 };
    const generation = [
      {
        name: "greedy",
        promptTokens: 32,
        newTokens: 64,
        tokensPerSecond: rate,
        endToEnd: rate,
        tokensPerForward: 9.14,
        rowsPerToken: 2.5,
      },
    ];
    expect(row(markdown({ ...report, generation }), "greedy").slice(1)).toEqual([
      "32",
      "64",
      "50.0 (49.0-51.0)",
      "50.0 (49.0-51.0)",
      "9.14",
      "2.5",
    ]);
  });

  it("many requests against one", () => {
    const concurrency = [
      {
        mode: "autoregressive" as const,
        requests: 16,
        tokensPerSecond: 100,
        rowsPerSecond: 110,
        alone: { tokensPerSecond: 20, rowsPerSecond: 22 },
      },
    ];
    const cells = row(markdown({ ...report, concurrency }), "autoregressive");
    expect(cells.slice(1)).toEqual(["16", "100.0", "20.0", "5.00x", "110.0", "22.0", "5.00x"]);
  });

  it("a profile ends with what is spent outside kernels", () => {
    const operations = [{ name: "matmul ffn_down", calls: 30, ms: 6, work: { int8Ops: 3e9, floatOps: 0, bytes: 3e7 } }];
    const profile = {
      forwards: [{ name: "denoise", wallMs: 10, runMs: 9.4, kernelMs: 9, operations }],
      steps: [{ name: "greedy", forwards: 4, kernels: 900, waiting: 50, handOver: 20, between: 30 }],
    };
    const text = markdown({ ...report, profile });
    expect(row(text, "matmul").slice(1)).toEqual(["30", "6.000", "60.0 %", "500", "5.0", "50.0 %", "50.0 %"]);
    expect(row(text, "waiting for threads").slice(2, 4)).toEqual(["0.400", "4.0 %"]);
    expect(row(text, "hand-over").slice(2, 4)).toEqual(["0.600", "6.0 %"]);
    expect(row(text, "outside kernels").slice(2, 4)).toEqual(["1.000", "10.0 %"]);
    expect(row(text, "greedy").slice(1)).toEqual(["4", "900", "50", "20", "30", "10.0 %"]);
    expect(markdown({ ...report, profile: null })).toContain("No profile");
  });

  it("a sweep names the best count", () => {
    const sweep = [
      { threads: 1, rowsPerSecond: { denoise: 100, decode: 30 } },
      { threads: 2, rowsPerSecond: { denoise: 190, decode: 20 } },
      { threads: 3, rowsPerSecond: { denoise: 191, decode: 10 } },
    ];
    expect(row(markdown({ ...report, sweep }), "2")).toEqual(["2", "190.0", "20.0"]);
    expect(markdown({ ...report, sweep })).toContain("Best for denoising: 2 threads (`--threads 2`).");
    expect(bestThreads(sweep, "decode")).toBe(1);
  });

  it("have as many cells in every line", () => {
    expect(markdownTable(["a", "b"], [["c", "d"]])).toBe("| a | b |\n| --- | ---: |\n| c | d |");
    expect(markdownTable(["a", "b"], [["c", "d|e"]], "text")).toBe("| a | b |\n| --- | --- |\n| c | d\\|e |");
    expect(spread({ median: 1.25, low: 1, high: 2, n: 1 }, 1)).toBe("1.3");
  });
});

it("threads: every small count, then doubling, never more than there are", () => {
  expect(threadCounts(2)).toEqual([1, 2]);
  expect(threadCounts(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(threadCounts(64)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64]);
  expect(threadCounts(24)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 16, 24]);
});

it("the work of others is a share", () => {
  const share = new OtherWork().share();
  expect(share).toBeGreaterThanOrEqual(0);
  expect(share).toBeLessThanOrEqual(1);
});

describe("the roofline", () => {
  const peaks = { int8Gops: 1000, floatGops: 100, readGBs: 20 };
  const point = (name: string, intensity: number, gops: number) => ({ name, intensity, gops });
  const circles = (svg: string) =>
    [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map((match) => [Number(match[1]), Number(match[2])]);
  const roof = (svg: string) =>
    /<polyline[^>]*points="([^"]+)"/
      .exec(svg)![1]
      .split(" ")
      .map((pair) => pair.split(",").map(Number));

  it("has a point's operations for each byte and a second", () => {
    expect(pointOf(forward)).toEqual({ name: forward.name, intensity: 100, gops: 500 });
  });

  it("draws what reaches a peak on the roof, and what does not below it", () => {
    const svg = rooflineSvg([point("memory", 2, 40), point("compute", 500, 1000), point("half", 500, 500)], peaks, "t");
    const [memory, compute, half] = circles(svg);
    const [start, ridge, end] = roof(svg);
    expect(compute[1]).toBeCloseTo(end[1], 1);
    expect(half[1]).toBeGreaterThan(end[1]);
    const share = (memory[0] - start[0]) / (ridge[0] - start[0]);
    expect(memory[1]).toBeCloseTo(start[1] + share * (ridge[1] - start[1]), 0);
  });

  it("stays inside its frame and escapes names", () => {
    const svg = rooflineSvg([point("a <b> & c", 0.03, 0.4), point("d", 9000, 900)], peaks, 'x "y"');
    for (const [x, y] of [...circles(svg), ...roof(svg)]) {
      expect(x >= 70 && x <= 740 && y >= 46 && y <= 404).toBe(true);
    }
    expect(svg).toContain("a &#60;b&#62; &#38; c");
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});
