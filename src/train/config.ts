// The settings of a training run: one YAML file, checked whole before anything is made.
//
// What cannot work is refused here with its reason: shapes that no ternary type can store, heads
// that do not divide, phases longer than the context. docs/training.md explains every key.

import { dirname, resolve } from "node:path";
import { z } from "zod";
import { pageSize } from "../backend/types.js";
import { outputTypes, storedType } from "../convert/ternary-policy.js";
import { fitsType, tensorTypeTable } from "../format/tensor-types.js";
import { isTernary } from "../format/tensors/index.js";
import { architectures } from "../model/types.js";
import { UnmaskError } from "../util/errors.js";
import { parseYaml, readYamlFile } from "./yaml.js";

const count = z.int().positive();
const whole = z.int().nonnegative();
const share = z.number().min(0).max(1);
const rate = z.number().positive().max(10);
const decayRate = z.number().min(0).lt(1);

const modelSchema = z.strictObject({
  name: z
    .string()
    .regex(/^\w[\w.-]*$/, "must consist of letters, digits, -, _ and .")
    .default("unmask"),
  architecture: z.enum(architectures).default("bitnet"),
  ternary: z.boolean().default(true),
  layers: count.max(1024),
  hidden: count.max(1 << 16),
  ffn: count.max(1 << 17),
  heads: count.max(1024),
  kv_heads: count.max(1024),
  head_dim: count.max(1024),
  context_length: count.max(1 << 20),
  norm_eps: z.number().positive().max(0.1).default(1e-5),
  rope_base: z.number().min(1).default(10_000),
});

const diffusionSchema = z.strictObject({
  attention: z.enum(["block-causal", "context-causal"]).default("context-causal"),
  block_length: count.max(4096).default(32),
});

const optimizerSchema = z.strictObject({
  matrices: z.enum(["adamw", "muon"]).default("adamw"),
  beta1: decayRate.default(0.9),
  beta2: decayRate.default(0.95),
  epsilon: z.number().positive().default(1e-8),
  momentum: decayRate.default(0.95),
  clip: z.number().positive().default(1),
});

export const objectives = ["next_token", "diffusion", "mixed"] as const;
export type ObjectiveName = (typeof objectives)[number];

const phaseSchema = z.strictObject({
  name: z.string().regex(/^[\w-]+$/, "must consist of letters, digits, - and _"),
  objective: z.enum(objectives),
  steps: count,
  batch: count,
  length: count,
  learn: z.enum(["answers", "all"]).default("answers"),
  matrix_rate: rate,
  other_rate: rate,
  warmup: whole.default(0),
  decay: z.enum(["cosine", "linear", "constant"]).default("cosine"),
  final_rate: share.default(0.05),
  rate_steps: count.nullable().default(null),
  weight_decay: z.number().nonnegative().max(10).default(0),
  weight_decay_share: share.default(1),
  quantisation: z.strictObject({ from: share, to: share, steps: whole }).default({ from: 1, to: 1, steps: 0 }),
  next_token_share: share.default(0.5),
  clean_weight: z.number().nonnegative().max(10).default(0.5),
  full_mask_share: share.default(0.25),
  sub_block_share: share.default(0),
  sub_block: count.default(8),
  sub_block_copies: count.default(1),
  whole_sub_block_share: share.default(0),
  ahead_weight: share.default(1),
  window_share: share.default(0),
  window_copies: count.default(1),
  whole_window_share: share.default(0.5),
  padding: z.enum(["mask", "stop"]).default("mask"),
});
export type Phase = z.infer<typeof phaseSchema>;

const outputSchema = z.strictObject({
  type: z.enum(outputTypes).default("i2_s"),
  questions: count.default(2000),
  checkpoint_minutes: z.number().positive().default(5),
  log_every: count.default(10),
  statistics_every: count.default(100),
});

const tokenizerSchema = z.strictObject({
  directory: z.string().min(1).nullable().default(null),
  vocabulary: z.int().min(300).max(65_536).default(1024),
  examples: count.default(20_000),
});

const shapesSchema = z.strictObject({
  seed: whole.max(0xffffffff).default(1),
  threads: whole.max(1024).default(0),
  trainer: z.enum(["auto", "native", "reference"]).default("auto"),
  rows: count.default(4096),
  /** A model to begin from, or the configuration of the run that makes it. */
  init: z.string().min(1).nullable().default(null),
  model: modelSchema,
  diffusion: diffusionSchema.default(diffusionSchema.parse({})),
  tokenizer: tokenizerSchema.default(tokenizerSchema.parse({})),
  data: z.string().min(1),
  optimizer: optimizerSchema.default(optimizerSchema.parse({})),
  phases: z.array(phaseSchema).min(1),
  output: outputSchema.default(outputSchema.parse({})),
});

export const trainConfigSchema = shapesSchema.superRefine((config, context) => {
  for (const { path, text } of shapeProblems(config)) context.addIssue({ code: "custom", path, message: text });
});
export type TrainConfig = z.infer<typeof trainConfigSchema>;
export type ModelSection = TrainConfig["model"];

/**
 * Paths in it are relative to the file itself, and absolute when this returns.
 * @throws UnmaskError file_not_found; config_invalid with every problem of the file, one a line
 */
export function readTrainConfig(file: string): TrainConfig {
  const config = readYamlFile(file, trainConfigSchema);
  const absolute = (path: string) => resolve(dirname(file), path);
  const { directory } = config.tokenizer;
  return {
    ...config,
    init: config.init === null ? null : absolute(config.init),
    data: absolute(config.data),
    tokenizer: { ...config.tokenizer, directory: directory === null ? null : absolute(directory) },
  };
}

/** @param file what to call the text in errors */
export function parseTrainConfig(text: string, file: string): TrainConfig {
  return parseYaml(text, file, trainConfigSchema);
}

interface Problem {
  path: (string | number)[];
  text: string;
}

/** Checks a configuration that was changed after it was read. @throws UnmaskError config_invalid */
export function checkShapes(config: TrainConfig): void {
  const problems = shapeProblems(config).map(({ path, text }) => `${path.join(".")} ${text}.`);
  if (problems.length > 0) throw new UnmaskError("config_invalid", problems.join("\n"), { param: "config" });
}

/** Rows of the noisy copies of a sequence, at most. */
function mostBlockRows({ sub_block_copies }: Phase, positions: number): number {
  return Math.max(2, sub_block_copies) * positions;
}

/** Rows of the windows of a sequence, at most: two for every answer of two tokens. */
function mostWindowRows({ window_share, window_copies, sub_block, length }: Phase): number {
  return window_share === 0 ? 0 : window_copies * sub_block * Math.ceil((2 * length) / 3);
}

function shapeProblems({ model, diffusion, phases, output, rows }: z.infer<typeof shapesSchema>): Problem[] {
  const problems: Problem[] = [];
  const refuse = (path: Problem["path"], text: string) => problems.push({ path, text });
  const { heads, kv_heads, head_dim, context_length } = model;
  if (heads % kv_heads !== 0) refuse(["model", "kv_heads"], `is ${kv_heads}, which ${heads} heads cannot share evenly`);
  if (head_dim % 2 !== 0)
    refuse(["model", "head_dim"], `is ${head_dim}, but RoPE turns dimensions in pairs: use an even number`);
  const stored = storedType(output.type);
  if (isTernary(stored)) {
    const { blockElements } = tensorTypeTable[stored];
    const columns: [Problem["path"], string, number][] = [
      [["model", "hidden"], "hidden", model.hidden],
      [["model", "ffn"], "ffn", model.ffn],
      [["model", "heads"], "heads * head_dim", heads * head_dim],
    ];
    for (const [path, what, width] of columns) {
      if (fitsType(stored, width)) continue;
      refuse(
        path,
        `makes rows of ${width} weights (${what}), but ${output.type} stores blocks of ${blockElements}: use a multiple of ${blockElements}`,
      );
    }
    if (!model.ternary)
      refuse(["output", "type"], `is ${output.type}, but model.ternary is false: use f16, bf16 or f32`);
  }
  const { block_length: block } = diffusion;
  if (pageSize % block !== 0 && block % pageSize !== 0) {
    refuse(["diffusion", "block_length"], `is ${block}, which neither divides ${pageSize} nor is a multiple of it`);
  }
  for (const [i, phase] of phases.entries()) {
    if (phase.length > context_length) {
      refuse(["phases", i, "length"], `is ${phase.length}, more than model.context_length, ${context_length}`);
    }
    const blocks = phase.objective === "next_token" ? 0 : Math.ceil(phase.length / block);
    if (blocks * block > context_length) {
      refuse(
        ["phases", i, "length"],
        `is ${phase.length}: its blocks of ${block} end at ${blocks * block}, beyond model.context_length, ${context_length}`,
      );
    }
    const most = phase.length + Math.max(mostBlockRows(phase, blocks * block), mostWindowRows(phase));
    if (most > rows) {
      refuse(["phases", i, "length"], `can make sequences of ${most} rows, more than \`rows\`, ${rows}: raise that`);
    }
    if (phase.length > phase.batch)
      refuse(["phases", i, "batch"], `is ${phase.batch} tokens, fewer than one sequence of ${phase.length}`);
    if (phase.sub_block_share > 0 && block % phase.sub_block !== 0)
      refuse(
        ["phases", i, "sub_block"],
        `is ${phase.sub_block}, which does not divide diffusion.block_length, ${block}`,
      );
    const states = phase.full_mask_share + phase.sub_block_share + phase.window_share;
    if (states > 1) {
      refuse(["phases", i, "sub_block_share"], `makes ${states} with full_mask_share and window_share, more than all`);
    }
    if (phase.window_share > 0 && diffusion.attention !== "context-causal") {
      refuse(["phases", i, "window_share"], "needs diffusion.attention context-causal: other models decode blocks");
    }
    if (phase.window_share > 0 && phase.length + phase.sub_block > context_length) {
      refuse(
        ["phases", i, "length"],
        `is ${phase.length}: windows of ${phase.sub_block} go on behind it, beyond model.context_length, ${context_length}`,
      );
    }
    if (phase.rate_steps !== null && phase.rate_steps < phase.steps)
      refuse(["phases", i, "rate_steps"], `is ${phase.rate_steps}, fewer than the ${phase.steps} steps of the phase`);
    if (phase.warmup > phase.steps) refuse(["phases", i, "warmup"], `is ${phase.warmup} of only ${phase.steps} steps`);
    if (phases.findIndex(({ name }) => name === phase.name) < i)
      refuse(["phases", i, "name"], `is "${phase.name}", as an earlier phase's is`);
  }
  if (output.statistics_every % output.log_every !== 0) {
    refuse(
      ["output", "statistics_every"],
      `is ${output.statistics_every}, no multiple of log_every, ${output.log_every}`,
    );
  }
  const last = phases[phases.length - 1];
  if (model.ternary && last.quantisation.to !== 1) {
    refuse(
      ["phases", phases.length - 1, "quantisation"],
      `ends at ${last.quantisation.to}, but a ternary model is used at 1: end the last phase there`,
    );
  }
  return problems;
}
