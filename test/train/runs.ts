// Small training runs for tests: a configuration, a model that the reference trains in moments, data.

import { buildProgram } from "../../src/model/program.js";
import type { HyperParameters } from "../../src/model/types.js";
import { chatTemplateFor } from "../../src/text/template.js";
import { parseTrainConfig, type TrainConfig } from "../../src/train/config.js";
import type { Message } from "../../src/train/data/types.js";
import { ExampleStream } from "../../src/train/examples.js";
import type { RunOptions } from "../../src/train/loop.js";
import { initialValues, parametersOf } from "../../src/train/parameters.js";
import { createReferenceTrainer } from "../../src/train/reference/trainer.js";
import type { Trainer } from "../../src/train/types.js";
import { tinyTokenizer } from "./tiny.js";

export const phase = {
  name: "first",
  objective: "next_token",
  steps: 10,
  batch: 40,
  length: 40,
  matrix_rate: 0.01,
  other_rate: 0.01,
} as const;

const model = { layers: 1, hidden: 8, ffn: 12, heads: 2, kv_heads: 1, head_dim: 4, context_length: 64 };

/** YAML is JSON too. */
export function configOf(changes: Record<string, unknown> = {}): TrainConfig {
  const config = {
    trainer: "reference",
    model,
    data: "data.yaml",
    diffusion: { block_length: 8 },
    phases: [phase],
    output: { type: "f32", log_every: 1, statistics_every: 1 },
    ...changes,
  };
  return parseTrainConfig(JSON.stringify(config), "train.yaml");
}

const tokenizer = tinyTokenizer();
const tools = { tokenizer, template: chatTemplateFor(tokenizer) };

/** Sums of one digit, over and over. */
export function tinyStream(): ExampleStream {
  return new ExampleStream((i) => {
    const [a, b] = [i % 4, Math.floor(i / 4) % 3];
    const messages: Message[] = [
      { role: "user", content: `${a}+${b}` },
      { role: "assistant", content: `${a + b}` },
    ];
    return { task: "sum", kind: "digit", messages };
  }, tools);
}

export function hyperParameters({ model, diffusion }: TrainConfig, maskToken: number | null = 259): HyperParameters {
  return {
    architecture: model.architecture,
    name: model.name,
    layers: model.layers,
    hidden: model.hidden,
    ffn: model.ffn,
    heads: model.heads,
    kvHeads: model.kv_heads,
    headDim: model.head_dim,
    vocabulary: 260,
    contextLength: model.context_length,
    normEps: model.norm_eps,
    ropeBase: model.rope_base,
    ropeDim: model.head_dim,
    ropeScale: 1,
    activation: "silu",
    subNorms: true,
    qkvBias: false,
    tiedHead: true,
    diffusion: { attention: diffusion.attention, blockLength: diffusion.block_length, shift: true, maskToken },
  };
}

export function tinyTrainer(config: TrainConfig): Trainer {
  const { program, roles } = buildProgram(hyperParameters(config));
  const parameters = parametersOf(program, roles, config.model.ternary);
  const trainer = createReferenceTrainer(program, { parameters });
  for (const parameter of parameters) trainer.set(parameter.name, initialValues(parameter, 1, config.seed));
  return trainer;
}

export function runOptions(config: TrainConfig, folder: string, changes: Partial<RunOptions> = {}): RunOptions {
  return {
    config,
    stream: tinyStream(),
    identity: "sums",
    maskToken: 259,
    stopToken: 258,
    checkpoints: `${folder}/checkpoints`,
    log: `${folder}/log.jsonl`,
    resume: false,
    warn: (message) => {
      throw new Error(`unexpected warning: ${message}`);
    },
    ...changes,
  };
}

export function parametersNow(trainer: Trainer): Float32Array[] {
  return trainer.parameters.map(({ name }) => trainer.get(name));
}
