// `unmask eval`: quality and speed of every decode mode on held-out questions.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { SingleBar } from "cli-progress";
import { type Command, InvalidArgumentError } from "commander";
import { modelPath } from "../config/load.js";
import { type DecodeMode, decodeModes } from "../decode/types.js";
import type { Model } from "../engine/types.js";
import type { Method } from "../eval/methods.js";
import type { Report } from "../eval/report.js";
import { UnmaskError } from "../util/errors.js";
import { openModel } from "./model.js";
import { numberArgument } from "./sampling.js";
import { addSettings, readSettings } from "./settings.js";
import type { Output, Surroundings } from "./surroundings.js";

interface EvalFlags {
  data?: string;
  modes?: DecodeMode[];
  thresholds?: number[];
  task?: string[];
  limit?: number;
  concurrency?: number;
  json?: string;
  markdown?: string[];
}

const examples = `
A question is a JSON line {"task", "question", "answer"}. It is asked with the chat template, and its
answer counts when it is exactly the expected one.

Examples:
  $ unmask eval                                   the model that comes with unmask, its own questions
  $ unmask eval --limit 100 --modes verified,adaptive
  $ unmask eval --model model.gguf --data questions.jsonl --thresholds 0.8,0.9 --json results.json
  $ unmask eval --markdown README.md              puts the table after <!-- results -->`;

/** What the measurement sets itself, for every mode in turn. */
const measured = ["dlm.decode_mode", "dlm.threshold", "dlm.small_block_size"];

export function registerEval(program: Command, surroundings: Surroundings): void {
  const command = program.command("eval").description("Measure quality and speed on held-out questions.");
  addSettings(command, "local", measured)
    .optionsGroup("Measurement:")
    .option("--data <file>", "The questions. (default: FILE.heldout.jsonl beside the model FILE.gguf)")
    .option("--modes <list>", "Decode modes, with commas between them. (default: all the model can)", modeList)
    .option("--thresholds <list>", "Of iterative and adaptive. (default: 0.5,0.7,0.9,0.95 and 0.9)", (text) =>
      commaList(text).map(numberArgument),
    )
    .option("--task <list>", "Only questions of these tasks.", commaList)
    .option("--limit <n>", "Only the first N questions.", wholeNumber)
    .option("--concurrency <n>", "Questions in flight at a time. (default: 1)", wholeNumber)
    .option("--json <file>", "Also write everything that was measured.")
    .option(
      "--markdown <file>",
      "Also write the table, to a new file or after the line <!-- results --> of a document. May be given several times.",
      (file, before: string[] = []) => [...before, file],
    )
    .addHelpText("after", examples)
    .action(async (flags: EvalFlags) => await run(command, flags, surroundings));
}

async function run(command: Command, flags: EvalFlags, surroundings: Surroundings): Promise<void> {
  const { stdout, stderr } = surroundings;
  const { markdown, placeTable } = await import("../eval/report.js");
  const { readQuestions, selectQuestions } = await import("../eval/questions.js");
  const loaded = readSettings(command, surroundings);
  for (const note of loaded.notes) stderr.write(`warning: ${note}\n`);
  const data = flags.data ?? heldOutBeside(modelPath(loaded.config));
  const questions = selectQuestions(readQuestions(data), flags.task ?? [], flags.limit ?? Number.POSITIVE_INFINITY);
  const tables = documents(flags.markdown ?? [], placeTable);
  const stop = new AbortController();
  const release = surroundings.onInterrupt(() => stop.abort());
  let model: Model | null = null;
  try {
    model = await openModel(loaded.config, surroundings, (level, message) => {
      if (level === "warn") stderr.write(`warning: ${message}\n`);
    });
    const report = await measure(model, { data, questions, flags, signal: stop.signal }, stderr);
    stdout.write(markdown(report));
    if (flags.json !== undefined) write(flags.json, `${JSON.stringify(report, null, 2)}\n`);
    for (const { file, withTable } of tables) write(file, withTable(markdown(report)));
  } finally {
    release();
    await model?.dispose();
  }
}

interface Measurement {
  data: string;
  questions: readonly { task: string; question: string; answer: string }[];
  flags: EvalFlags;
  signal: AbortSignal;
}

async function measure(model: Model, { data, questions, flags, signal }: Measurement, stderr: Output): Promise<Report> {
  const { methodsFor } = await import("../eval/methods.js");
  const { runMethod } = await import("../eval/runner.js");
  const { reportOf } = await import("../eval/report.js");
  const { cpuName, measuredFile } = await import("../util/identity.js");
  const { info } = model;
  const { concurrency = 1 } = flags;
  if (concurrency > info.maxSequences) {
    const message = `--concurrency ${concurrency} is more than the ${info.maxSequences} requests worked on at a time. Lower it.`;
    throw new UnmaskError("invalid_request", message, { param: "concurrency" });
  }
  const methods = methodsFor(info, flags);
  const runs = [];
  for (const [i, method] of methods.entries()) {
    const progress = progressOf(method, `${i + 1}/${methods.length}`, questions.length, stderr);
    try {
      runs.push(await runMethod(model, questions, method, { concurrency, signal, onAnswer: progress.advance }));
    } finally {
      progress.end();
    }
  }
  const { bytes, parameters, weightType, architecture, attention, backend } = info;
  return reportOf(
    {
      model: { ...(await measuredFile(info.path)), bytes, parameters, weightType, architecture, attention },
      machine: { cpu: cpuName(), backend: backend.kind, isa: backend.isa, threads: backend.threads },
      questions: { ...(await measuredFile(data)), n: questions.length },
      maxTokens: info.defaults.maxTokens,
      dualCache: info.defaults.dualCache,
      concurrency,
    },
    runs,
  );
}

/** A bar in a terminal, a line for each method elsewhere. */
function progressOf({ name }: Method, place: string, total: number, stderr: Output) {
  if (!stderr.isTTY) {
    stderr.write(`${place} ${name}\n`);
    return { advance: () => {}, end: () => {} };
  }
  const bar = new SingleBar({
    format: `{bar} {value}/{total}  ${place} ${name}`,
    stream: stderr,
    clearOnComplete: true,
  });
  bar.start(total, 0);
  return { advance: () => bar.increment(), end: () => bar.stop() };
}

function heldOutBeside(model: string): string {
  const path = `${model.replace(/\.gguf$/i, "")}.heldout.jsonl`;
  if (existsSync(path)) return path;
  const message = `There are no questions beside the model (${path}). Name a JSONL file with --data.`;
  throw new UnmaskError("option_missing", message, { param: "data" });
}

/** Each document with a table in its place. @throws file_write_failed before anything is measured */
function documents(files: readonly string[], place: (document: string, table: string) => string | null) {
  return files.map((file) => {
    const document = existsSync(file) ? readFileSync(file, "utf8") : "";
    if (place(document, "") === null) {
      const message = `${file} has no line <!-- results --> to put the table after. Add one, or name a new file.`;
      throw new UnmaskError("file_write_failed", message, { param: "markdown" });
    }
    return { file, withTable: (table: string) => place(document, table) as string };
  });
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    const message = `${file} cannot be written: ${(cause as Error).message}.`;
    throw new UnmaskError("file_write_failed", message, { cause });
  }
}

function commaList(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function modeList(text: string): DecodeMode[] {
  return commaList(text).map((name) => {
    const mode = decodeModes.find((known) => known === name);
    if (mode === undefined) throw new InvalidArgumentError(`"${name}" is none of ${decodeModes.join(", ")}.`);
    return mode;
  });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("It must be a whole number from 1.");
  return value;
}
