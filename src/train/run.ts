// A whole training run: tokenizer, data, model, phases, files.
//
// Everything a run makes is in one folder: tokenizer/, checkpoints/, log.jsonl, curves.svg, run.json (the
// configuration that held), and in the end model/ (Hugging Face files), NAME.gguf, NAME.heldout.jsonl and
// README.md, the model's card.

import { createHash } from "node:crypto";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { nativeAvailable } from "../backend/native.js";
import type { ConvertReport } from "../convert/convert.js";
import { buildProgram } from "../model/program.js";
import { chatTemplateFor } from "../text/template.js";
import { UnmaskError } from "../util/errors.js";
import { measuredFile } from "../util/identity.js";
import { makeCard } from "./card.js";
import { listCheckpoints, type Place } from "./checkpoint.js";
import { checkShapes, type ObjectiveName, type TrainConfig } from "./config.js";
import { drawCurves } from "./curves.js";
import { readDataConfig } from "./data/config.js";
import { evenly } from "./data/evenly.js";
import { type Mixture, mixture, partsOf } from "./data/mixture.js";
import type { ChatExample, Example } from "./data/types.js";
import { ExampleStream } from "./examples.js";
import { exportModel } from "./export.js";
import { type Frame, newModel, readTokenizer, type Start, settle } from "./frame.js";
import { type LogRecord, TrainingLog } from "./log.js";
import { train } from "./loop.js";
import { initialValues, parametersOf } from "./parameters.js";
import { createReferenceTrainer } from "./reference/trainer.js";
import { startFrom } from "./start.js";
import { trainTokenizer } from "./tokenizer/train.js";
import type { Trainer } from "./types.js";

export interface RunRequest {
  config: TrainConfig;
  /** Folder of the run. */
  directory: string;
  /** A checkpoint to start from: Hugging Face folder or GGUF file. */
  init?: string | undefined;
  /** Of every phase, instead of what the configuration says. */
  objective?: ObjectiveName | undefined;
  resume: boolean;
  /** End after this many steps in all. */
  steps?: number | undefined;
  signal?: AbortSignal | undefined;
  onStep?: (place: Place) => void;
  onRecord?: (record: LogRecord, place: Place) => void;
  /** Told one line about each thing a user may want to know. */
  say: (message: string) => void;
  warn: (message: string) => void;
}

export interface RunResult {
  place: Place;
  /** Null when the run was interrupted. */
  exported: (ConvertReport & { heldOut: string; card: string }) | null;
}

/** @throws UnmaskError what its parts throw; invalid_request when the folder holds a run and `resume` is not set */
export async function run(request: RunRequest): Promise<RunResult> {
  const { directory, resume, say, warn, signal } = request;
  const checkpoints = join(directory, "checkpoints");
  if (!resume && (await listCheckpoints(checkpoints)).length > 0) {
    const message = `${directory} holds a training run. Go on with it (--resume), or train into another folder (-o).`;
    throw new UnmaskError("invalid_request", message, { param: "out" });
  }
  const { config, start } = await configured(request);
  const draw = mixture(readDataConfig(config.data), { split: "train" });
  const frame = settle(start ?? newModel(config, await tokenizerOf(config, directory, draw, say)), config);
  const stream = new ExampleStream((i) => draw(config.seed, i), {
    tokenizer: frame.tokenizer,
    template: chatTemplateFor(frame.tokenizer),
  });
  const { trainer, computed } = await trainerOf(config, frame, say);
  try {
    await write(directory, "run.json", `${JSON.stringify(config, null, 2)}\n`);
    const log = join(directory, "log.jsonl");
    const place = await train(trainer, {
      config,
      stream,
      identity: identityOf(config, frame),
      maskToken: frame.maskToken,
      stopToken: frame.stops[0],
      checkpoints,
      log,
      resume,
      stopAfter: request.steps,
      signal,
      onStep: request.onStep,
      onRecord: request.onRecord,
      warn,
    });
    const records = new TrainingLog(log, warn).read();
    await write(directory, "curves.svg", drawCurves(records, frame.hp.name));
    if (signal?.aborted) return { place, exported: null };
    const exported = await exportRun(trainer, frame, config, directory);
    const named = [exported.path, exported.heldOut, config.data, join(directory, "model", "tokenizer.json")];
    const files = await Promise.all(
      named.map(async (path) => ({ ...(await measuredFile(path)), bytes: (await stat(path)).size })),
    );
    const card = makeCard({ config, frame, records, parameters: exported.parameters, files, computed });
    await write(directory, "README.md", card);
    return { place, exported: { ...exported, card: join(directory, "README.md") } };
  } finally {
    await trainer.dispose();
  }
}

/** The configuration that holds: with the objective that was asked for and the shape of the model it starts from. */
async function configured(request: RunRequest): Promise<{ config: TrainConfig; start: Start | null }> {
  const { objective, init } = request;
  const phases = request.config.phases.map((phase) => ({ ...phase, objective: objective ?? phase.objective }));
  const config = { ...request.config, phases };
  if (init === undefined) return { config, start: null };
  const start = await startFrom(init);
  const { architecture, layers, hidden, ffn, heads, kvHeads, headDim, contextLength, normEps, ropeBase } = start.hp;
  const model = {
    ...config.model,
    ...{ architecture, layers, hidden, ffn, heads, kv_heads: kvHeads, head_dim: headDim },
    ...{ context_length: contextLength, norm_eps: normEps, rope_base: ropeBase },
  };
  checkShapes({ ...config, model });
  return { config: { ...config, model }, start };
}

/** The tokenizer that is named, or one trained on the data and kept in the folder. */
async function tokenizerOf(
  { tokenizer: { directory, vocabulary, examples }, seed }: TrainConfig,
  run: string,
  draw: Mixture,
  say: (message: string) => void,
): Promise<Pick<Frame, "tokenizerJson" | "tokenizerConfig">> {
  if (directory !== null) return await readTokenizer(directory);
  function* first(): Generator<Example> {
    for (let i = 0; i < examples; i++) yield draw(seed, i);
  }
  say(`Training a tokenizer of ${vocabulary} tokens on ${examples} examples.`);
  const made = trainTokenizer(first(), vocabulary);
  await write(join(run, "tokenizer"), "tokenizer.json", `${JSON.stringify(made.tokenizer)}\n`);
  await write(join(run, "tokenizer"), "tokenizer_config.json", `${JSON.stringify(made.config)}\n`);
  return await readTokenizer(join(run, "tokenizer"));
}

async function trainerOf(
  config: TrainConfig,
  frame: Frame,
  say: (message: string) => void,
): Promise<{ trainer: Trainer; computed: string }> {
  const { program, roles } = buildProgram(frame.hp, { ropeFreqs: frame.ropeFreqs ?? undefined });
  const parameters = parametersOf(program, roles, config.model.ternary);
  const { trainer, computed } = await createTrainer();
  for (const parameter of parameters) {
    const { name } = parameter;
    trainer.set(name, frame.values?.get(name) ?? initialValues(parameter, frame.hp.layers, config.seed));
  }
  return { trainer, computed };

  async function createTrainer(): Promise<{ trainer: Trainer; computed: string }> {
    const native = nativeAvailable();
    const kind = config.trainer === "auto" ? (native.ok ? "native" : "reference") : config.trainer;
    if (kind === "reference") {
      const why = native.ok || config.trainer === "reference" ? "" : `: ${native.reason}`;
      say(`Training with the reference trainer, thousands of times slower than the native one${why}.`);
      return { trainer: createReferenceTrainer(program, { parameters }), computed: "reference trainer" };
    }
    const { createNativeTrainer } = await import("./native.js");
    const trainer = await createNativeTrainer(program, { parameters, maxRows: config.rows, threads: config.threads });
    const computed = `${trainer.isa}, ${trainer.threads} ${trainer.threads === 1 ? "thread" : "threads"}`;
    say(`Training natively: ${computed}.`);
    return { trainer, computed };
  }
}

/** Changes when a resumed run would not see the same sequences; not when all files move together. */
function identityOf({ data }: TrainConfig, { tokenizerJson, tokenizerConfig }: Frame): string {
  const { tasks, sources } = readDataConfig(data);
  const moved = sources.map(({ path, weight }) => ({ path: relative(dirname(data), path), weight }));
  const parts = [{ tasks, sources: moved }, tokenizerJson, tokenizerConfig];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

async function exportRun(trainer: Trainer, frame: Frame, config: TrainConfig, directory: string) {
  const { type, masters, questions } = config.output;
  const base = join(directory, config.model.name);
  const files = { directory: join(directory, "model"), gguf: `${base}.gguf` };
  const report = await exportModel(trainer, frame, { ...files, type, masters, ternary: config.model.ternary });
  const heldOut = heldOutQuestions(config, questions).map((each) => `${JSON.stringify(each)}\n`);
  await write(directory, `${config.model.name}.heldout.jsonl`, heldOut.join(""));
  return { ...report, heldOut: `${base}.heldout.jsonl` };
}

/** Conversations that no training example holds, of all tasks in turns, as `unmask eval` reads them. */
function heldOutQuestions({ data, seed }: TrainConfig, count: number): ChatExample[] {
  const questions: ChatExample[] = [];
  for (const example of evenly(partsOf(readDataConfig(data), { split: "heldout" }), { seed, each: count })) {
    if (questions.length === count) break;
    if (!("text" in example)) questions.push(example); // texts ask nothing
  }
  return questions;
}

async function write(directory: string, name: string, text: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, name), text);
  } catch (cause) {
    const message = `${join(directory, name)} cannot be written: ${(cause as Error).message}.`;
    throw new UnmaskError("file_write_failed", message, { cause });
  }
}
