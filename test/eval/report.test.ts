// The table and its place in a document.

import { describe, expect, it } from "vitest";
import { methodsFor } from "../../src/eval/methods.js";
import { markdown, placeTable, reportOf, type Subject } from "../../src/eval/report.js";
import type { Outcome } from "../../src/eval/statistics.js";
import { info } from "./scripted-model.js";

const subject: Subject = {
  model: {
    name: "tiny.gguf",
    sha256: "ab".repeat(32),
    bytes: 2_000_000,
    parameters: 5_000_000,
    weightType: "I2_S",
    architecture: "bitnet",
    attention: "context-causal",
  },
  machine: { cpu: "Some CPU", backend: "native", isa: "avx2", threads: 2 },
  questions: { name: "q.jsonl", sha256: "cd".repeat(32), n: 3 },
  maxTokens: 256,
  dualCache: true,
  concurrency: 1,
};
const outcome = (task: string, correct: boolean): Outcome => ({
  task,
  correct,
  tokens: 10,
  forwards: 4,
  rows: 64,
  decodeMs: 20,
});
const outcomes = [outcome("a|b", true), outcome("a|b", false), outcome("chat", true)];
const methods = methodsFor(info, { modes: ["autoregressive", "greedy"] });
const runs = methods.map((method) => ({ method, outcomes, wallMs: 90 }));

describe("the table", () => {
  const report = reportOf(subject, runs);
  const lines = markdown(report).split("\n");

  it("has a line for each method, with shares, intervals, n and costs", () => {
    expect(lines[0]).toBe(
      "| mode | a\\|b (n = 2) | chat (n = 1) | all (n = 3) | tokens per forward | rows per token | tokens per second |",
    );
    expect(lines[2]).toBe(
      "| autoregressive | 50.0 (9.5-90.5) | 100.0 (20.7-100.0) | 66.7 (20.8-93.9) | 2.50 | 6.4 | 500 |",
    );
    expect(lines[3]).toMatch(/^\| greedy, whole block \|/);
    const cells = (line: string) => line.split(/(?<!\\)\|/).length;
    expect(lines.slice(0, 4).map(cells)).toEqual(new Array(4).fill(cells(lines[0])));
  });

  it("says what was measured, where, and no date", () => {
    const text = lines.slice(4).join("\n");
    for (const fact of [
      "`tiny.gguf`",
      "abababab",
      "`q.jsonl`",
      "cdcdcdcd",
      "Some CPU, 2 threads, native avx2",
      "256",
    ]) {
      expect(text).toContain(fact);
    }
    expect(text).not.toContain("DualCache");
    expect(markdown({ ...report, dualCache: false })).toContain("without DualCache");
    expect(markdown(report)).not.toMatch(/20\d\d-\d\d/);
  });

  it("takes decoding time when answers came alone, and the clock when they overlapped", () => {
    expect(report.results[0].tokensPerSecond).toBeCloseTo(500);
    const together = reportOf({ ...subject, concurrency: 4 }, runs);
    expect(together.results[0].tokensPerSecond).toBeCloseTo(30 / 0.09);
    expect(markdown(together)).toContain("4 questions at a time");
  });

  it("survives as JSON", () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report.results[1]).toMatchObject({ mode: "greedy", smallBlockSize: 32, threshold: null });
  });
});

describe("the place in a document", () => {
  it("is between two comments, over and over", () => {
    const once = placeTable("# T\n\n<!-- results -->\n\n## More\n", "| a |\n")!;
    expect(once).toBe("# T\n\n<!-- results -->\n| a |\n<!-- /results -->\n\n## More\n");
    expect(placeTable(once, "| b |\n")).toBe(once.replace("| a |", "| b |"));
  });

  it("is made in an empty document and missing in others", () => {
    const made = placeTable("", "| a |\n")!;
    expect(placeTable(made, "| a |\n")).toBe(made);
    expect(placeTable("# T\n", "| a |\n")).toBeNull();
  });
});
