// Training configurations that cannot work are refused with place and reason.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseTrainConfig } from "../../src/train/config.js";
import { quantisationAt, rateShare, updateOptions } from "../../src/train/schedule.js";
import { unmaskError } from "../format/files.js";
import { configOf, phase } from "./runs.js";

const text = `
model: { layers: 2, hidden: 256, ffn: 768, heads: 4, kv_heads: 2, head_dim: 64, context_length: 512 }
data: data.yaml
phases:
  - name: one
    objective: next_token
    steps: 10
    batch: 64
    length: 32
    matrix_rate: 0.01
    other_rate: 0.01
`;

test("what is not said has a default", () => {
  const config = parseTrainConfig(text, "train.yaml");
  expect(config.model).toMatchObject({ architecture: "bitnet", ternary: true });
  expect(config.diffusion).toEqual({ attention: "context-causal", block_length: 32 });
  expect(config.phases[0]).toMatchObject({ quantisation: { from: 1, to: 1, steps: 0 }, decay: "cosine" });
});

describe("refused", () => {
  test.each([
    ["hidden", "hidden: 256", "hidden: 200", "train.yaml:2:", "200 weights", "blocks of 128", "multiple of 128"],
    ["feed-forward width", "ffn: 768", "ffn: 800", "train.yaml:2:", "800 weights", "multiple of 128"],
    ["heads", "head_dim: 64", "head_dim: 40", "heads * head_dim", "160 weights"],
    ["K/V heads", "kv_heads: 2", "kv_heads: 3", "3", "4 heads"],
    ["odd head", "head_dim: 64", "head_dim: 33", "33", "even"],
    ["name", "model: {", "model: { name: my/model,", "train.yaml:2:", "letters"],
    ["optimiser", "data:", "optimizer: { beta2: 1 }\ndata:", "beta2"],
    ["looks between lines of the log", "data:", "output: { log_every: 10, statistics_every: 25 }\ndata:", "25", "10"],
    ["length", "length: 32", "length: 1000", "train.yaml:9:", "512"],
    ["batch", "batch: 64", "batch: 16", "fewer than one sequence of 32"],
    ["unknown key", "steps: 10", "stepz: 10", "train.yaml:7:", "stepz"],
    ["wrong type", "steps: 10", "steps: many", "train.yaml:7:", "steps"],
    [
      "endless quantisation",
      "other_rate: 0.01",
      "quantisation: { from: 0, to: 0.5, steps: 5 }\n    other_rate: 0.01",
      "0.5",
    ],
  ])("%s", (_, from, to, ...words) => {
    expect(text).toContain(from);
    expect(() => parseTrainConfig(text.replace(from, to), "train.yaml")).toThrow(
      unmaskError("config_invalid", ...words),
    );
  });

  test("rows that a type with blocks of 256 cannot store", () => {
    const narrow = text.replace("ffn: 768", "ffn: 896");
    expect(() => parseTrainConfig(narrow, "t")).not.toThrow();
    expect(() => parseTrainConfig(`${narrow}output: { type: tq2_0 }`, "t")).toThrow(
      unmaskError("config_invalid", "896", "multiple of 256"),
    );
  });

  test("blocks that end beyond the context, and sequences of more rows than are taken at once", () => {
    const diffusion = (length: number) => ({ ...phase, objective: "diffusion", batch: 64, length });
    const { model } = configOf();
    expect(() => configOf({ model: { ...model, context_length: 60 }, phases: [diffusion(60)] })).toThrow(
      unmaskError("config_invalid", "end at 64", "60"),
    );
    expect(() => configOf({ phases: [diffusion(40)], rows: 119 })).toThrow(unmaskError("config_invalid", "120 rows"));
    expect(() => configOf({ phases: [diffusion(40)], rows: 120 })).not.toThrow();
    expect(() => configOf({ phases: [{ ...diffusion(40), sub_block_copies: 4 }], rows: 120 })).toThrow(
      unmaskError("config_invalid", "200 rows"),
    );
  });

  test("windows for a model that decodes blocks or has no room for them, and more states than sequences", () => {
    const windows = { ...phase, objective: "diffusion", window_share: 0.5 };
    expect(() => configOf({ phases: [windows] })).not.toThrow();
    expect(() => configOf({ phases: [{ ...windows, sub_block_share: 0.3 }] })).toThrow(
      unmaskError("config_invalid", "sub_block_share", "makes 1.05 with full_mask_share and window_share"),
    );
    expect(() => configOf({ diffusion: { attention: "block-causal" }, phases: [windows] })).toThrow(
      unmaskError("config_invalid", "window_share", "context-causal"),
    );
    expect(() => configOf({ phases: [{ ...windows, batch: 60, length: 60 }] })).toThrow(
      unmaskError("config_invalid", "length", "windows of 8 go on behind it"),
    );
  });

  test("two phases of one name, and blocks that pages cannot hold", () => {
    expect(() => configOf({ phases: [phase, phase] })).toThrow(unmaskError("config_invalid", '"first"'));
    expect(() => configOf({ diffusion: { block_length: 12 } })).toThrow(unmaskError("config_invalid", "12"));
  });
});

describe("the schedule", () => {
  const { phases, optimizer } = configOf({ phases: [{ ...phase, steps: 100, warmup: 10, final_rate: 0.1 }] });
  const shares = (decay: "cosine" | "linear" | "constant") =>
    [0, 4, 9, 10, 55, 99].map((step) => rateShare({ ...phases[0], decay }, step));

  test("warms up, holds or falls", () => {
    const near = (values: number[]) => values.map((value) => expect.closeTo(value, 3));
    expect(shares("constant")).toEqual(near([0.1, 0.5, 1, 1, 1, 1]));
    expect(shares("linear")).toEqual(near([0.1, 0.5, 1, 1, 0.55, 0.11]));
    expect(shares("cosine")).toEqual(near([0.1, 0.5, 1, 1, 0.55, 0.1]));
  });

  test("falls more slowly than the phase lasts, when asked to", () => {
    const long = { ...phases[0], steps: 2 * phases[0].steps, decay: "linear" as const };
    const cut = { ...long, steps: phases[0].steps, rate_steps: long.steps };
    const steps = Array.from({ length: cut.steps }, (_, step) => step);
    expect(steps.map((step) => rateShare(cut, step))).toEqual(steps.map((step) => rateShare(long, step)));
    expect(() => configOf({ phases: [{ ...phase, rate_steps: phase.steps - 1 }] })).toThrow(
      unmaskError("config_invalid", "rate_steps", "fewer than the 10 steps"),
    );
  });

  test("ramps quantisation and ends weight decay", () => {
    const half = {
      ...phases[0],
      quantisation: { from: 0.2, to: 1, steps: 50 },
      weight_decay: 0.1,
      weight_decay_share: 0.5,
    };
    expect([0, 25, 50, 99].map((step) => quantisationAt(half, step))).toEqual([0.2, expect.closeTo(0.6), 1, 1]);
    expect([49, 50].map((step) => updateOptions(half, optimizer, step).weightDecay)).toEqual([0.1, 0]);
  });
});

test("every key is in docs/training.md", () => {
  const document = readFileSync("docs/training.md", "utf8");
  const cells = document.split("\n").flatMap((line) => (line.startsWith("| ") ? [line.split("|")[1]] : []));
  const named = new Set(cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map((match) => match[1])));
  const config = configOf();
  const sections = [config, config.model, config.diffusion, config.tokenizer, config.optimizer, config.output];
  const keys = [...sections, config.phases[0]].flatMap((section) => Object.keys(section));
  expect(keys.filter((key) => !named.has(key))).toEqual([]);
});
