// From the trainer to files and back: the engine's answers are the trainer's, masked rows too, and a
// model can be trained further from either form.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Span } from "../../src/backend/types.js";
import { loadModel, loadParts } from "../../src/engine/index.js";
import { buildProgram } from "../../src/model/program.js";
import type { TrainConfig } from "../../src/train/config.js";
import { type ExportOptions, exportModel } from "../../src/train/export.js";
import { type Frame, newModel, type Start, settle } from "../../src/train/frame.js";
import { blocksOf, drawWindows, type Sequence } from "../../src/train/noise.js";
import { batchOf, diffusionRows, nextTokenRows, type ObjectiveOptions } from "../../src/train/objective.js";
import { initialValues, parametersOf } from "../../src/train/parameters.js";
import { createReferenceTrainer } from "../../src/train/reference/trainer.js";
import { startFrom } from "../../src/train/start.js";
import type { Trainer } from "../../src/train/types.js";
import { hash } from "../../src/util/rng.js";
import { ask, largestDifference } from "../backend/backends.js";
import { llama, qwen2, save } from "../convert/tiny-checkpoint.js";
import { temporaryFolder, unmaskError } from "../format/files.js";
import { plainNoise } from "./noise-options.js";
import { configOf, phase } from "./runs.js";
import { tokenizerConfig, tokenizerJson } from "./tiny.js";

const folder = temporaryFolder();
let models = 0;
const shape = { layers: 2, hidden: 128, ffn: 128, heads: 2, kv_heads: 1, head_dim: 64, context_length: 128 };
const configured = (changes: Record<string, unknown> = {}): TrainConfig =>
  configOf({
    model: { ...shape, ...((changes.model as object) ?? {}) },
    diffusion: { block_length: 32, ...((changes.diffusion as object) ?? {}) },
    phases: [{ ...phase, objective: "diffusion" }],
    output: { type: "i2_s", ...((changes.output as object) ?? {}) },
  });

function trainerOf(frame: Frame, ternary: boolean): Trainer {
  const { program, roles } = buildProgram(frame.hp, { ropeFreqs: frame.ropeFreqs ?? undefined });
  const parameters = parametersOf(program, roles, ternary);
  const trainer = createReferenceTrainer(program, { parameters });
  for (const parameter of parameters) {
    const values = frame.values?.get(parameter.name) ?? initialValues(parameter, frame.hp.layers, 5);
    // Norms away from 1 and larger logits than a new model has, so that mistakes show.
    const scale = frame.values === null && parameter.name === "token_embd.weight" ? 20 : 1;
    trainer.set(
      parameter.name,
      values.map((x, i) => (parameter.kind === "vector" ? x + (hash(7, i, 0) / 2 ** 32 - 0.5) / 4 : x * scale)),
    );
  }
  return trainer;
}

const fresh = (config: TrainConfig) => settle(newModel(config, { tokenizerJson, tokenizerConfig }), config);

async function exported(trainer: Trainer, frame: Frame, config: TrainConfig): Promise<ExportOptions> {
  const directory = join(folder, `model-${models++}`);
  const { type } = config.output;
  const options = { directory, gguf: `${directory}.gguf`, type, ternary: config.model.ternary };
  await exportModel(trainer, frame, options);
  return options;
}

const tokens = Int32Array.from({ length: 45 }, (_, i) => hash(3, i, 0) % 256);
const sequence: Sequence = { tokens, learn: new Uint8Array(45).fill(1, 20) };

/** Logits of causal rows 0 .. 43, [44, vocabulary]. */
async function causalLogits(trainer: Trainer, quantisation: number): Promise<Float32Array> {
  const batch = batchOf([nextTokenRows(sequence)], 1);
  return (await trainer.evaluate(batch, quantisation, { logits: true })).logits!;
}

async function engineLogits(gguf: string): Promise<Float32Array> {
  await using model = await loadModel(gguf, { backend: "reference" });
  return await model.logits([...tokens.subarray(0, 44)], { attention: "causal" });
}

describe("the engine computes what the trainer trained", () => {
  test.each([
    ["bitnet", { ternary: true }, "i2_s", 1],
    ["bitnet-b1.58", { ternary: true }, "i2_s", 1],
    ["llama", { ternary: false }, "f32", 0],
    ["qwen2", { ternary: false }, "f32", 0],
  ] as const)("%s", async (architecture, model, type, quantisation) => {
    const config = configured({ model: { architecture, ...model }, output: { type } });
    const frame = fresh(config);
    const trainer = trainerOf(frame, model.ternary);
    const { gguf } = await exported(trainer, frame, config);
    const [found, expected] = [await engineLogits(gguf), await causalLogits(trainer, quantisation)];
    const scale = expected.reduce((most, logit) => Math.max(most, Math.abs(logit)), 0);
    expect(scale).toBeGreaterThan(1);
    // K/V in f16, embedding in f16 beside i2_s, and now and then an activation that rounds to the next code.
    expect(largestDifference(found, expected)).toBeLessThan(0.01 * scale);
  });

  const objective = (attention: "block-causal" | "context-causal"): ObjectiveOptions => ({
    ...plainNoise,
    attention,
    blockLength: 32,
    maskToken: 259,
    subBlock: 8,
  });
  /** Copy A masks all that may be masked; block 1 is positions 32 to 63, of which 45 and more are past the end. */
  const mask = Uint8Array.from({ length: 64 }, (_, p) => (p > 32 && p < 45 ? 1 : 0));
  const blocks = blocksOf([mask], 32);
  const [whole, partly] = [1, 0].map((wholeWindowShare) =>
    drawWindows(sequence, { ...objective("context-causal"), wholeWindowShare }, 3),
  );
  test.each([
    ["block-causal", "a block", blocks, 0],
    ["context-causal", "a block", blocks, 0],
    ["context-causal", "the first window", whole, 0],
    ["context-causal", "a window across blocks", whole, 16],
    ["context-causal", "a window in which something is known", partly, 0],
  ] as const)("masked rows too, %s, %s", async (attention, _, windows, start) => {
    const rows = diffusionRows(sequence, objective(attention), windows);
    const config = configured({ model: { ternary: false }, diffusion: { attention }, output: { type: "f32" } });
    const frame = fresh(config);
    const trainer = trainerOf(frame, false);
    const { gguf } = await exported(trainer, frame, config);
    const { backend, facts, file } = await loadParts(gguf, { backend: "reference" });
    expect(facts).toEqual({ attention, blockLength: 32, shift: true, maskToken: 259 });

    const [first, count] = [rows.positions[start], rows.keys[4 * start + 3] - rows.keys[4 * start + 2]];
    const { logits } = await trainer.evaluate(batchOf([rows], 1), 0, { logits: true });
    const { vocabulary } = frame.hp;
    const noisy = logits!.subarray(start * vocabulary, (start + count) * vocabulary);

    const window = rows.tokens.slice(start, start + count);
    const span = (tokens: number[], position: number, visibility: Span["visibility"], asked: boolean): Span => ({
      tokens,
      position,
      visibility,
      keyEnd: position + tokens.length,
      pages: [0, 1],
      head: asked ? ask([...tokens.keys()]) : null,
    });
    await backend.forward([
      span([...tokens.subarray(0, first)], 0, attention === "block-causal" ? "block" : "causal", false),
    ]);
    const [predictions] = await backend.forward([span(window, first, windows === blocks ? "block" : "all", true)]);
    const scale = noisy.reduce((most, logit) => Math.max(most, Math.abs(logit)), 0);
    expect(largestDifference(predictions!.logits!, noisy)).toBeLessThan(0.005 * scale);
    await backend.dispose();
    await file.close();
  });
});

test("files say what the model was trained for, and the engine refuses another block", async () => {
  const config = configured();
  const frame = fresh(config);
  const { gguf, directory } = await exported(trainerOf(frame, true), frame, config);
  const json = JSON.parse(readFileSync(join(directory, "config.json"), "utf8"));
  expect(json).toMatchObject({
    bd_size: 32,
    diffusion_attention: "context-causal",
    mask_token_id: 259,
    eos_token_id: 258,
  });
  await expect(loadModel(gguf, { backend: "reference", blockSize: 16 })).rejects.toEqual(
    unmaskError("block_size_mismatch"),
  );
  await using model = await loadModel(gguf, { backend: "reference" });
  expect(model.info).toMatchObject({
    attention: "context-causal",
    blockLength: 32,
    maskToken: 259,
    weightType: "I2_S",
  });
  expect(model.detokenize(model.tokenize({ messages: [{ role: "user", content: "2+2?" }] }))).toBe(
    "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n",
  );
});

test("a model that was trained by next token alone is an autoregressive one", async () => {
  const config = configOf({ model: shape, phases: [phase], output: { type: "i2_s" } });
  const frame = fresh(config);
  const { gguf } = await exported(trainerOf(frame, true), frame, config);
  await using model = await loadModel(gguf, { backend: "reference" });
  expect(model.info).toMatchObject({ attention: "causal", blockLength: null });
});

describe("training goes on", () => {
  const expectSame = (start: Start, trainer: Trainer, digits: number) => {
    for (const { name } of trainer.parameters) {
      const [found, expected] = [start.values!.get(name)!, trainer.get(name)];
      expect(found.length, name).toBe(expected.length);
      expect(largestDifference(found, expected), name).toBeLessThan(10 ** -digits);
    }
  };

  test.each(["bitnet", "llama", "qwen2"] as const)(
    "from the files of a %s, weights as they were",
    async (architecture) => {
      const config = configured({ model: { architecture, ternary: false }, output: { type: "f32" } });
      const frame = fresh(config);
      const trainer = trainerOf(frame, false);
      const { directory, gguf } = await exported(trainer, frame, config);
      for (const path of [directory, gguf]) {
        const start = await startFrom(path, false);
        expectSame(start, trainer, 9);
        const again = settle(start, config);
        expect(again.hp).toEqual({ ...frame.hp, normEps: expect.closeTo(frame.hp.normEps, 9) });
        expect(again.stops[0]).toBe(258);
        const text = "the 12 cats, I'm told <|im_end|>\n";
        for (const special of [true, false]) {
          expect(again.tokenizer.encode(text, { special })).toEqual(frame.tokenizer.encode(text, { special }));
        }
      }
    },
  );

  test("from ternary masters, not from what they round to", async () => {
    const config = configured();
    const frame = fresh(config);
    const trainer = trainerOf(frame, true);
    const { directory, gguf } = await exported(trainer, frame, config);
    expectSame(await startFrom(directory, true), trainer, 9);
    await expect(startFrom(gguf, false)).rejects.toEqual(
      unmaskError("tensor_type_unsupported", "I2_S", "f32, f16 or bf16", "to train a ternary model"),
    );
  });

  test.each(["i2_s", "tq2_0"])("from a ternary file, with the logits it had, %s", async (type) => {
    const width = type === "i2_s" ? 128 : 256;
    const config = configured({
      model: { hidden: width, ffn: width, heads: 4, head_dim: width / 4 },
      output: { type },
    });
    const frame = fresh(config);
    const trainer = trainerOf(frame, true);
    const { gguf } = await exported(trainer, frame, config);
    const start = await startFrom(gguf, true);
    const matrix = "blk.0.ffn_down.weight";
    expect(largestDifference(start.values!.get(matrix)!, trainer.get(matrix))).toBeGreaterThan(0.01);
    const again = trainerOf(settle(start, config), true);
    for (const [name, values] of start.values!) again.set(name, values);
    const [found, expected] = [await causalLogits(again, 1), await causalLogits(trainer, 1)];
    const scale = expected.reduce((most, logit) => Math.max(most, Math.abs(logit)), 0);
    expect(largestDifference(found, expected)).toBeLessThan(0.01 * scale); // the embedding is f16 now, and the scales of tq2_0
  });

  test.each([
    ["llama", llama],
    ["qwen2", qwen2],
  ])("from an autoregressive %s, which gets a mask token", async (_, checkpoint) => {
    const made = checkpoint();
    made.tokenizerConfig = { eos_token: "<|im_end|>" };
    const directory = await save(join(folder, `source-${models++}`), made);
    const start = await startFrom(directory, false);
    const config = configured({ output: { type: "f16" }, model: { ternary: false } });
    const frame = settle(start, config);
    expect(frame.maskToken).toBe(304); // the first row without a token; the embedding has 320
    expect(frame.tokenizer.tokenNamed("<|mask|>")).toBe(304);
    expect(frame.hp.vocabulary).toBe(320);
    const { gguf } = await exported(trainerOf(frame, false), frame, config);
    await using model = await loadModel(gguf, { backend: "reference" });
    expect(model.info).toMatchObject({ attention: "context-causal", blockLength: 32, maskToken: 304 });
  });

  test("with the RoPE of Llama 3, whose GGUF has only its factors", async () => {
    const scaling = {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    };
    const made = llama();
    made.tokenizerConfig = { eos_token: "<|im_end|>" };
    const { rope_theta } = made.config;
    Object.assign(made.config, { rope_theta: undefined, rope_parameters: { ...scaling, rope_theta } }); // of transformers 5
    const start = await startFrom(await save(join(folder, `source-${models++}`), made), false);
    expect(start.ropeScaling).toEqual(scaling);
    const config = configured({ output: { type: "f32" }, model: { ternary: false } });
    const frame = settle(start, config);
    const trainer = trainerOf(frame, false);
    const { directory, gguf } = await exported(trainer, frame, config);
    for (const path of [directory, gguf]) {
      const again = await startFrom(path, false);
      expect(again.ropeScaling, path).toEqual(scaling);
      expect(again.ropeFreqs).toEqual(start.ropeFreqs);
      expect(again.hp.ropeBase).toBe(frame.hp.ropeBase);
      expectSame(again, trainer, 9);
    }
  });

  test("a full embedding grows by a row that begins as the mean", async () => {
    const made = llama();
    made.tokenizer!.added_tokens.push({ id: 319, content: "<last>", special: true });
    made.tokenizerConfig = { eos_token: "<|im_end|>" };
    const start = await startFrom(await save(join(folder, `source-${models++}`), made), false);
    const frame = settle(start, configured());
    expect(frame.hp.vocabulary).toBe(321);
    const [table, before] = [frame.values!.get("token_embd.weight")!, start.values!.get("token_embd.weight")!];
    const { hidden } = frame.hp;
    let mean = 0;
    for (let row = 0; row < 320; row++) mean += before[row * hidden + 3] / 320;
    expect(table[320 * hidden + 3]).toBeCloseTo(mean, 6);
    expect(table.subarray(0, before.length)).toEqual(before);
  });

  test("files that are not there, or not floats, are refused", async () => {
    await expect(startFrom("/nowhere", true)).rejects.toEqual(unmaskError("file_not_found", "--init"));
    const file = join(folder, "no.gguf");
    writeFileSync(file, "no");
    await expect(startFrom(file, true)).rejects.toEqual(unmaskError("gguf_invalid"));
  });
});
