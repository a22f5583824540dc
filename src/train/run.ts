// A whole training run: tokenizer, data, model, phases, files.
//
// Everything a run makes is in one folder: tokenizer/, checkpoints/, log.jsonl, curves.svg, run.json (the
// configuration that held), and in the end model/ (Hugging Face files), NAME.gguf, NAME.heldout.jsonl and
// README.md, the model's card.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { nativeAvailable } from "../backend/native.js";
import type { ConvertReport } from "../convert/convert.js";
import { buildProgram } from "../model/program.js";
import { type ChatTemplate, chatTemplateFor } from "../text/template.js";
import { UnmaskError } from "../util/errors.js";
import { measuredFile } from "../util/identity.js";
import { makeCard } from "./card.js";
import { listCheckpoints, type Place } from "./checkpoint.js";
import { checkShapes, type ObjectiveName, readTrainConfig, type TrainConfig } from "./config.js";
import { drawCurves } from "./curves.js";
import { type DataConfig, readDataConfig } from "./data/config.js";
import { evenly } from "./data/evenly.js";
import { type Mixture, mixture, partsOf } from "./data/mixture.js";
import type { ChatExample, Example } from "./data/types.js";
import { ExampleStream, type TextTools } from "./examples.js";
import { exportModel } from "./export.js";
import {
  type Frame,
  madeTokenizer,
  newModel,
  readTokenizer,
  type Start,
  settle,
  type TokenizerFiles,
} from "./frame.js";
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
  /** A model to start from: Hugging Face folder or GGUF file. */
  init?: string | undefined;
  /** Folders of the runs before this one, which made that model, the first one first. */
  before?: readonly string[] | undefined;
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
  exported: (ConvertReport & { heldOut: string; questions: number; card: string }) | null;
}

/** @throws UnmaskError what its parts throw; invalid_request when the folder holds a run and `resume` is not set, or none and it is */
export async function run(request: RunRequest): Promise<RunResult> {
  const { directory, resume, say, warn, signal } = request;
  const checkpoints = join(directory, "checkpoints");
  const log = join(directory, "log.jsonl");
  await checkFolder(directory, resume);
  const { config, start } = await configured(request);
  const recipe = readDataConfig(config.data);
  const measuredRecipe = await filesOf([config.data, ...recipe.sources.map(({ path }) => path)]);
  const draw = mixture(recipe, { split: "train" });
  const tokenizer = start ?? (await tokenizerOf(request, config, draw));
  const frame = settle(start ?? newModel(config, tokenizer), config);
  const stream = new ExampleStream((i) => draw(config.seed, i), textTools(frame));
  const { trainer, computed } = await trainerOf(config, frame, say);
  try {
    const place = await train(trainer, {
      config,
      stream,
      identity: identityOf(recipe, measuredRecipe, frame, start, request.objective),
      onStart: async () => {
        await write(directory, "run.json", `${JSON.stringify(config, null, 2)}\n`);
        const files = { tokenizer: tokenizer.tokenizerJson, tokenizer_config: tokenizer.tokenizerConfig };
        for (const [name, json] of Object.entries(files)) {
          await write(join(directory, "tokenizer"), `${name}.json`, `${JSON.stringify(json)}\n`);
        }
      },
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
    const exported = await exportRun(trainer, frame, config, recipe, directory);
    const made = await filesOf([exported.path, exported.heldOut, join(directory, "model", "tokenizer.json")]);
    const before = (request.before ?? []).map((folder) => runIn(folder, warn));
    const files = [...made, ...measuredRecipe, ...(await filesBefore(request.init, before))];
    const card = makeCard({
      runs: [...before, { config, records }],
      frame,
      parameters: exported.parameters,
      files,
      computed,
    });
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
  if (init === undefined) {
    checkShapes(config);
    return { config, start: null };
  }
  const start = await startFrom(init, config.model.ternary);
  const { architecture, layers, hidden, ffn, heads, kvHeads, headDim, contextLength, normEps, ropeBase } = start.hp;
  const model = {
    ...config.model,
    ...{ architecture, layers, hidden, ffn, heads, kv_heads: kvHeads, head_dim: headDim },
    ...{ context_length: contextLength, norm_eps: normEps, rope_base: ropeBase },
  };
  checkShapes({ ...config, model });
  return { config: { ...config, model }, start };
}

/** Whether a folder has a checkpoint to go on from. @throws UnmaskError as listCheckpoints */
export async function hasBegun(directory: string): Promise<boolean> {
  return (await listCheckpoints(join(directory, "checkpoints"))).length > 0;
}

/**
 * Nothing of another run is overwritten, and what is to go on has begun.
 * @throws UnmaskError invalid_request
 */
export async function checkFolder(directory: string, resume: boolean): Promise<void> {
  if (resume) {
    if (await hasBegun(directory)) return;
    const message = `${directory} holds no checkpoint to go on from. Name the folder of the run (-o), or leave --resume out.`;
    throw new UnmaskError("invalid_request", message, { param: "resume" });
  }
  const begun = await listCheckpoints(join(directory, "checkpoints"));
  const found = [...begun, join(directory, "run.json"), join(directory, "log.jsonl")].find((path) => existsSync(path));
  if (found === undefined) return;
  const message = `${directory} holds a training run (${basename(found)}). Go on with it (--resume), or train into another folder (-o).`;
  throw new UnmaskError("invalid_request", message, { param: "out" });
}

/** A model that only reads texts needs no chat template. */
function textTools({ tokenizer }: Frame): TextTools {
  let template: ChatTemplate | undefined;
  return {
    tokenizer,
    get template() {
      template ??= chatTemplateFor(tokenizer);
      return template;
    },
  };
}

/** The tokenizer that is named, or that the resumed run has, or one trained on the data. */
async function tokenizerOf(
  { directory: run, resume, say }: RunRequest,
  { tokenizer, seed }: TrainConfig,
  draw: Mixture,
): Promise<TokenizerFiles> {
  const { directory, vocabulary, examples } = tokenizer;
  if (directory !== null) return await readTokenizer(directory);
  if (resume && (await heldTokenizer(run)) === JSON.stringify(tokenizer)) {
    return await readTokenizer(join(run, "tokenizer"));
  }
  function* first(): Generator<Example> {
    for (let i = 0; i < examples; i++) yield draw(seed, i);
  }
  say(`Training a tokenizer of ${vocabulary} tokens on ${examples} examples.`);
  return madeTokenizer(trainTokenizer(first(), vocabulary));
}

/** What run.json says of the tokenizer; undefined when that cannot be read, or the tokenizer is not there. */
async function heldTokenizer(run: string): Promise<string | undefined> {
  if (!existsSync(join(run, "tokenizer", "tokenizer.json"))) return undefined;
  const held = await readFile(join(run, "run.json"), "utf8").catch(() => "{}");
  try {
    return JSON.stringify(JSON.parse(held).tokenizer);
  } catch {
    return undefined;
  }
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

/** Changes when a resumed run would draw other examples, other tokens, learn otherwise or have begun elsewhere; not when files move. */
function identityOf(
  { tasks, practice, sources }: DataConfig,
  [, ...files]: readonly { sha256: string }[],
  { tokenizerJson, tokenizerConfig }: Frame,
  start: Start | null,
  objective: ObjectiveName | undefined,
): string {
  const drawn = sources.map(({ weight }, i) => ({ weight, sha256: files[i].sha256 }));
  const parts = [tasks, practice, drawn, tokenizerJson, tokenizerConfig, objective ?? null];
  const hash = createHash("sha256").update(JSON.stringify(parts));
  for (const [name, values] of start?.values ?? []) hash.update(name).update(values);
  return hash.digest("hex");
}

/** What a run before this one was told, and what it noted. @throws UnmaskError config_invalid */
function runIn(directory: string, warn: (message: string) => void) {
  const config = readTrainConfig(join(directory, "run.json"));
  return { config, directory, records: new TrainingLog(join(directory, "log.jsonl"), warn).read() };
}

/** The models that a run began from, where they are files, and what the runs before it read, by their places in the series. */
async function filesBefore(init: string | undefined, before: readonly { config: TrainConfig; directory: string }[]) {
  if (before.length === 0)
    return init !== undefined && (await stat(init)).isFile() ? await filesOf([init], "init/") : [];
  const nearestFirst = before.toReversed().map(async ({ config, directory }, i) => {
    return await filesOf([join(directory, `${config.model.name}.gguf`), config.data], "init/".repeat(i + 1));
  });
  return (await Promise.all(nearestFirst)).flat();
}

/** Names, sizes and hashes. */
async function filesOf(paths: readonly string[], place = "") {
  return await Promise.all(
    paths.map(async (path) => {
      const { name, sha256 } = await measuredFile(path);
      return { name: `${place}${name}`, bytes: (await stat(path)).size, sha256 };
    }),
  );
}

async function exportRun(trainer: Trainer, frame: Frame, config: TrainConfig, recipe: DataConfig, directory: string) {
  const { type, questions: wanted } = config.output;
  const base = join(directory, config.model.name);
  const files = { directory: join(directory, "model"), gguf: `${base}.gguf` };
  const report = await exportModel(trainer, frame, { ...files, type, ternary: config.model.ternary });
  const questions = heldOutQuestions(recipe, config.seed, wanted);
  const heldOut = questions.map((each) => `${JSON.stringify(each)}\n`);
  await write(directory, `${config.model.name}.heldout.jsonl`, heldOut.join(""));
  return { ...report, heldOut: `${base}.heldout.jsonl`, questions: questions.length };
}

/** Conversations that no training example holds, of all tasks in turns, as `unmask eval` reads them. */
function heldOutQuestions(recipe: DataConfig, seed: number, count: number): ChatExample[] {
  const questions: ChatExample[] = [];
  for (const example of evenly(partsOf(recipe, { split: "heldout" }), { seed, each: count })) {
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
