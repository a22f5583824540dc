// A model's card, from a configuration and a log written here.

import { expect, test } from "vitest";
import { type CardFacts, makeCard } from "../../src/train/card.js";
import { parseTrainConfig } from "../../src/train/config.js";
import type { LogRecord } from "../../src/train/log.js";

const config = parseTrainConfig(
  `
seed: 7
model: { name: tiny, layers: 2, hidden: 128, ffn: 256, heads: 2, kv_heads: 1, head_dim: 64, context_length: 256 }
data: data.yaml
phases:
  - { name: one, objective: next_token, steps: 20, batch: 512, length: 128, matrix_rate: 0.01, other_rate: 0.01,
      decay: constant, quantisation: { from: 0, to: 1, steps: 10 } }
  - { name: two, objective: diffusion, steps: 30, batch: 256, length: 64, matrix_rate: 0.004, other_rate: 0.01,
      decay: linear, final_rate: 0.25, warmup: 5 }
  - { name: three, objective: diffusion, steps: 5, batch: 256, length: 64, matrix_rate: 0.1, other_rate: 0.1 }
`,
  "tiny.yaml",
);

const record = (step: number, phase: string, more: Partial<LogRecord>) =>
  ({
    step,
    phase,
    phaseStep: step,
    examples: 10 * step,
    seconds: 60,
    nextLoss: null,
    maskedLoss: null,
    ...more,
  }) as LogRecord;

const records = [
  record(10, "one", { nextLoss: 3, layers: [{ name: "x", zeros: 0.1, flips: null }] }),
  record(20, "one", { nextLoss: 2, layers: [] }),
  record(50, "two", {
    phaseStep: 30,
    nextLoss: 0.5,
    maskedLoss: 1.25,
    seconds: 180,
    layers: [
      { name: "x", zeros: 0.25, flips: 0 },
      { name: "y", zeros: 0.5, flips: 0 },
    ],
  }),
];

const facts = {
  runs: [{ config, records }],
  frame: {
    hp: {
      name: "tiny",
      architecture: "bitnet",
      layers: 2,
      hidden: 128,
      ffn: 256,
      heads: 2,
      kvHeads: 1,
      headDim: 64,
      contextLength: 256,
      vocabulary: 1024,
    },
    tokenizer: { tokenBytes: () => new TextEncoder().encode("<|end|>") },
    maskToken: 1023,
    stops: [1022],
  },
  parameters: 123456,
  files: [{ name: "tiny.gguf", bytes: 2_500_000, sha256: "ab12" }],
  computed: "avx2, 2 threads",
} as unknown as CardFacts;

const cells = (start: string, of = facts) =>
  makeCard(of)
    .split("\n")
    .find((line) => line.startsWith(`| ${start} |`))
    ?.split(" | ")
    .map((cell) => cell.replace(/^\| | \|$/g, ""));

test("a phase has its own steps, examples, minutes and last losses", () => {
  expect(cells("one")).toEqual([
    "one",
    "next token",
    "20",
    "512",
    "0.01",
    "0 % to 100 % over 10 steps",
    "200",
    "2",
    "2.000",
  ]);
  expect(cells("two")).toEqual([
    "two",
    "diffusion",
    "30",
    "256",
    "0.004, linear to 0.001, 5 steps of warm-up",
    "100 %",
    "300",
    "3",
    "0.500, masked 1.250",
  ]);
  expect(cells("**all**")).toEqual(["**all**", "", "50", "", "", "", "500", "5", ""]);
});

test("a phase that was not reached is not there", () => {
  expect(cells("three")).toBeUndefined();
});

test("the model is described as it is in the end", () => {
  expect(cells("file")?.[1]).toBe("`tiny.gguf`, 2.5 MB");
  expect(cells("parameters")?.[1]).toBe("123,456; matrices of layers ternary (i2_s), 25 % to 50 % zeros");
  expect(cells("context")?.[1]).toBe("256, trained at 128");
  expect(cells("vocabulary")?.[1]).toBe("1,024; mask 1023, stops 1022 `<\\|end\\|>`");
  expect(cells("`tiny.gguf`")).toEqual(["`tiny.gguf`", "2,500,000", "`ab12`"]);
});

test("of a series, it counts the runs before, too", () => {
  const first = { config: { ...config, seed: 3 }, records: [record(8, "one", { nextLoss: 4, phaseStep: 8 })] };
  const second = { config, records: records.slice(0, 2).map((each) => ({ ...each, phase: "two" })) };
  const series = { ...facts, runs: [first, second] };
  expect(makeCard(series)).toContain("Seed 3, then 7;");
  expect(cells("one", series)?.slice(6)).toEqual(["80", "1", "4.000"]);
  expect(cells("two", series)?.slice(6)).toEqual(["200", "2", "2.000"]);
  expect(cells("**all**", series)).toEqual(["**all**", "", "28", "", "", "", "280", "3", ""]);
});
