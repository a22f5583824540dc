// A whole run in small, from a recipe to a model that the engine loads, and what is refused before it begins.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadModel } from "../../src/engine/index.js";
import { parseQuestions } from "../../src/eval/questions.js";
import { readTrainConfig, type TrainConfig } from "../../src/train/config.js";
import { readDataConfig } from "../../src/train/data/config.js";
import { partsOf } from "../../src/train/data/mixture.js";
import { type RunRequest, run } from "../../src/train/run.js";
import { seriesOf } from "../../src/train/series.js";
import { startFrom } from "../../src/train/start.js";
import { temporaryFolder, unmaskError } from "../format/files.js";
import { phase } from "./runs.js";
import { tokenizerConfig, tokenizerJson } from "./tiny.js";

const folder = temporaryFolder();
const names = { "<|im_start|>": "<|start|>", "<|im_end|>": "<|end|>" };
const withoutChatMl = {
  ...tokenizerJson,
  added_tokens: tokenizerJson.added_tokens.map((token) => ({
    ...token,
    content: names[token.content as keyof typeof names] ?? token.content,
  })),
};
let runs = 0;

function written(changes: Record<string, unknown> = {}): TrainConfig {
  const path = join(folder, `train-${runs++}.yaml`);
  writeFileSync(join(folder, "data.yaml"), "tasks: { arithmetic: 1 }\n");
  const phases = [
    { ...phase, steps: 2, batch: 64, length: 64 },
    { ...phase, name: "blocks", objective: "diffusion", steps: 2, batch: 64, length: 64 },
  ];
  const config = {
    trainer: "reference",
    model: { name: "mini", layers: 1, hidden: 16, ffn: 16, heads: 2, kv_heads: 1, head_dim: 8, context_length: 128 },
    tokenizer: { vocabulary: 300, examples: 300 },
    data: "data.yaml",
    phases,
    output: { type: "f32", questions: 5, log_every: 1 },
    ...changes,
  };
  writeFileSync(path, JSON.stringify(config));
  return readTrainConfig(path);
}

const asked = (config: TrainConfig, changes: Partial<RunRequest> = {}): RunRequest => ({
  config,
  directory: join(folder, `run-${runs++}`),
  resume: false,
  say: () => {},
  warn: (message) => {
    throw new Error(`unexpected warning: ${message}`);
  },
  ...changes,
});

describe("a run", () => {
  test("makes a tokenizer, a model, its log, its curves and questions; resumed, the same file", async () => {
    const config = written();
    const request = asked(config);
    const { place, exported } = await run(request);
    expect(place.total).toBe(4);
    for (const name of ["tokenizer/tokenizer.json", "model/model.safetensors", "curves.svg", "run.json", "log.jsonl"]) {
      expect(existsSync(join(request.directory, name)), name).toBe(true);
    }
    const questions = parseQuestions(readFileSync(exported!.heldOut, "utf8"), "held out");
    expect(questions).toHaveLength(5);
    for (const { task, kind } of questions) expect([task, typeof kind]).toEqual(["arithmetic", "string"]);
    await using model = await loadModel(exported!.path, { backend: "reference" });
    expect(model.info).toMatchObject({ name: "mini", attention: "context-causal", blockLength: 32, vocabulary: 300 });

    const other = asked(config);
    await run({ ...other, steps: 3 });
    const said: string[] = [];
    const resumed = await run({ ...other, resume: true, say: (message) => said.push(message) });
    expect(said.filter((message) => message.includes("tokenizer"))).toEqual([]); // the one in the folder is read
    expect(readFileSync(resumed.exported!.path).equals(readFileSync(exported!.path))).toBe(true);
  });

  test("goes on from a model with another objective, keeping its shape and tokenizer", async () => {
    const first = await run(asked(written()));
    const config = written({
      model: { ...written().model, layers: 7, name: "next" },
      phases: [{ ...phase, steps: 1 }],
    });
    const lengths = { batch: 64, length: 64 };
    const changed = { ...config, phases: config.phases.map((each) => ({ ...each, ...lengths })) };
    for (const init of [join(first.exported!.path, "../model"), first.exported!.path]) {
      // f32 files of a ternary model hold what its weights round to; both forms can be trained further.
      const { exported } = await run(asked(changed, { init, objective: "mixed" }));
      await using model = await loadModel(exported!.path, { backend: "reference" });
      expect(model.info).toMatchObject({ name: "next", attention: "context-causal", vocabulary: 300 });
      expect(model.info.parameters).toBe(first.exported!.parameters);
    }
  });

  test("of texts needs no chat template and no questions; other texts are other data", async () => {
    const sentences = Array.from({ length: 30 }, (_, i) => `Text ${i} of ${i * 7}.`).join("\n\n");
    writeFileSync(join(folder, "texts.txt"), sentences);
    writeFileSync(join(folder, "texts.yaml"), "tasks: {}\nsources: [{ path: texts.txt, weight: 1 }]\n");
    mkdirSync(join(folder, "plain"), { recursive: true });
    const { chat_template, ...plainConfig } = tokenizerConfig;
    const files = {
      "tokenizer.json": withoutChatMl,
      "tokenizer_config.json": { ...plainConfig, eos_token: "<|end|>" },
    };
    for (const [name, value] of Object.entries(files))
      writeFileSync(join(folder, "plain", name), JSON.stringify(value));
    const config = written({ data: "texts.yaml", tokenizer: { directory: "plain" } });
    const request = asked(config, { steps: 2 });
    const { exported } = await run(request);
    expect(exported).toMatchObject({ questions: 0 });
    expect(readFileSync(exported!.card, "utf8")).toContain("`texts.txt`");

    writeFileSync(join(folder, "texts.txt"), `${sentences}\n\nOne more.`);
    const resumed = run({ ...request, resume: true });
    await expect(resumed).rejects.toEqual(unmaskError("checkpoint_invalid", "other data"));
  });

  test("that was interrupted is saved and exports nothing", async () => {
    const request = asked(written());
    const abort = new AbortController();
    const { place, exported } = await run({ ...request, signal: abort.signal, onStep: () => abort.abort() });
    expect(place.total).toBe(1);
    expect(exported).toBeNull();
    expect(existsSync(join(request.directory, "checkpoints/step-00000001.safetensors"))).toBe(true);
  });
});

describe("refused", () => {
  test("a folder that holds a run, unless it is resumed", async () => {
    const request = asked(written(), { steps: 1 });
    await run(request);
    await expect(run(request)).rejects.toEqual(unmaskError("invalid_request", "--resume", request.directory));
    rmSync(join(request.directory, "checkpoints"), { recursive: true });
    await expect(run(request)).rejects.toEqual(unmaskError("invalid_request", "run.json"));
  });

  test("resuming where there is no run, or with another objective; what was there stays", async () => {
    const none = asked(written(), { resume: true });
    await expect(run(none)).rejects.toEqual(unmaskError("invalid_request", "no checkpoint", none.directory));
    expect(existsSync(none.directory)).toBe(false);
    const request = asked(written(), { steps: 1 });
    await run(request);
    const held = readFileSync(join(request.directory, "run.json"), "utf8");
    const smaller = written({ tokenizer: { vocabulary: 301, examples: 300 } });
    const another = run({ ...request, config: smaller, resume: true, warn: () => {} });
    await expect(another).rejects.toEqual(unmaskError("checkpoint_invalid"));
    const { place } = await run({ ...request, resume: true, steps: 2 });
    expect(place.total).toBe(2);
    const other = run({ ...request, resume: true, objective: "mixed" });
    await expect(other).rejects.toEqual(unmaskError("checkpoint_invalid", "--objective"));
    expect(readFileSync(join(request.directory, "run.json"), "utf8")).toBe(held);
  });

  test("a folder without a tokenizer, and one whose tokenizer is none", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty, { recursive: true });
    const config = written({ tokenizer: { directory: "empty" } });
    await expect(run(asked(config))).rejects.toEqual(unmaskError("tokenizer_missing", "tokenizer.json"));
    writeFileSync(join(empty, "tokenizer.json"), "{");
    await expect(run(asked(config))).rejects.toEqual(unmaskError("tokenizer_invalid", "tokenizer.json"));
  });

  test("an instance of a model whose rows the output's type cannot store", async () => {
    const { exported } = await run(asked(written(), { steps: 1 }));
    const init = join(exported!.path, "../model");
    const model = {
      name: "wide",
      layers: 1,
      hidden: 128,
      ffn: 128,
      heads: 2,
      kv_heads: 1,
      head_dim: 64,
      context_length: 128,
    };
    const config = written({ model, output: { type: "i2_s" } });
    await expect(run(asked(config, { init }))).rejects.toEqual(unmaskError("config_invalid", "16 weights", "128"));
  });
});

test("train/default.yaml makes a model from nothing: words first, then diffusion", () => {
  const series = seriesOf("train/default.yaml", {});
  const phases = series.flatMap(({ config }) => config.phases);
  expect([phases[0].objective, phases.at(-1)?.objective]).toEqual(["next_token", "diffusion"]);
  expect(series[0].init).toBeUndefined();
  const shapes = series.map(({ config: { model } }) => ({ ...model, architecture: "", norm_eps: 0 }));
  expect(new Set(shapes.map((shape) => JSON.stringify(shape))).size).toBe(1);
  for (const { config } of series) partsOf(readDataConfig(config.data), { split: "train" });
});

test("train/continue.yaml can work, from the default model", async () => {
  const config = readTrainConfig("train/continue.yaml");
  const { hp, values } = await startFrom(config.init!, config.model.ternary);
  const { layers, hidden, ffn } = config.model;
  expect([hp.layers, hp.hidden, hp.ffn]).toEqual([layers, hidden, ffn]);
  expect(new Set(values!.get("blk.0.ffn_up.weight")!).size).toBe(3);
});
