// `unmask eval`: quality and speed of every decode mode on held-out questions. GSM8K is in eval-gsm8k.ts.

import { existsSync, readFileSync } from "node:fs";
import { dirname, relative, sep } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { type LoadedConfig, modelPath } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { type DecodeMode, decodeModes } from "../decode/types.js";
import type { Model } from "../engine/types.js";
import type { Question } from "../eval/questions.js";
import type { MethodRun } from "../eval/runner.js";
import { writeTextAtomically } from "../format/output-file.js";
import { UnmaskError } from "../util/errors.js";
import { collected, commaList, wholeNumber } from "./arguments.js";
import { registerGsm8k } from "./eval-gsm8k.js";
import { judgement } from "./judge.js";
import { openModel } from "./model.js";
import { progressOf } from "./progress.js";
import { checkWritable, writeJson, writeLines } from "./results.js";
import { numberArgument } from "./sampling.js";
import { addSettings, readSettings } from "./settings.js";
import type { Surroundings } from "./surroundings.js";

export interface EvalFlags {
  data?: string;
  modes?: DecodeMode[];
  thresholds?: number[];
  smallBlockSizes?: number[];
  task?: string[];
  perTask?: number;
  limit?: number;
  concurrency?: number;
  json?: string;
  answers?: string;
  markdown?: string[];
  svg?: string;
}

const examples = `
A question is a JSON line of \`unmask train data --split heldout\`: a conversation whose last message is the
expected answer, judged as its task says (docs/training-data.md). Lines {"task", "question", "answer"}
are questions too; only exactly that answer is right.

Examples:
  $ unmask eval                                   the model that comes with unmask, its own questions
  $ unmask eval --limit 100 --modes verified,adaptive
  $ unmask eval --model model.gguf --data questions.jsonl --thresholds 0.8,0.9 --json results.json
  $ unmask eval --per-task 1000 --markdown README.md --markdown docs/quality.md --svg docs/images/quality.svg
  $ unmask eval gsm8k --model model.gguf --data test.jsonl --train train.jsonl

--markdown writes the main results after the line <!-- results --> of a document, everything after the line
<!-- results: full -->, and everything into a new file.`;

/** What the measurement sets itself, for every mode in turn. */
const measured = ["dlm.decode_mode", "dlm.threshold", "dlm.small_block_size"];

export function registerEval(program: Command, surroundings: Surroundings): void {
  const command = program
    .command("eval")
    .description("Measure quality and speed on held-out questions.")
    .enablePositionalOptions(); // --data of a subcommand is its own
  addSettings(command, "local", measured)
    .optionsGroup("Questions:")
    .option("--data <file>", "The questions. (default: FILE.heldout.jsonl beside the model FILE.gguf)")
    .option("--task <list>", "Only questions of these tasks.", commaList)
    .option("--per-task <n>", "Only the first N questions of each task.", wholeNumber)
    .option("--limit <n>", "Only the first N questions of all.", wholeNumber)
    .optionsGroup("Methods:")
    .option("--modes <list>", "Decode modes, with commas between them. (default: all the model can)", modeList)
    .option("--thresholds <list>", "Of iterative and adaptive. (default: 0.5,0.7,0.9,0.95,0.99 and 0.9)", (text) =>
      commaList(text).map(numberArgument),
    )
    .option("--small-block-sizes <list>", "Of iterative and adaptive. (default: the whole block, and 8)", (text) =>
      commaList(text).map(wholeNumber),
    )
    .option("--concurrency <n>", "Questions in flight at a time. (default: 1)", wholeNumber)
    .optionsGroup("Results:")
    .option("--json <file>", "Also write everything that was measured.")
    .option("--answers <file>", "Also write every answer, one JSON object a line.")
    .option("--markdown <file>", "Also write the tables; may be given several times.", collected)
    .option("--svg <file>", "Also draw right answers over tokens per forward.")
    .addHelpText("after", examples)
    .action(async (flags: EvalFlags) => await evaluate(readSettings(command, surroundings), flags, surroundings));
  registerGsm8k(command, surroundings);
}

/** `unmask eval` with settings and flags that are read already. */
export async function evaluate(loaded: LoadedConfig, flags: EvalFlags, surroundings: Surroundings): Promise<void> {
  const { stdout, stderr } = surroundings;
  const { readQuestions, selectQuestions } = await import("../eval/questions.js");
  const { methodsFor } = await import("../eval/methods.js");
  const { runInTurns } = await import("../eval/runner.js");
  const { checkConcurrency } = await import("../eval/answer.js");
  for (const note of loaded.notes) stderr.write(`warning: ${note}\n`);
  const data = flags.data ?? heldOutBeside(modelPath(loaded.config));
  const { task: tasks = [], perTask = Number.POSITIVE_INFINITY, limit = Number.POSITIVE_INFINITY } = flags;
  const questions = selectQuestions(readQuestions(data), { tasks, perTask, limit });
  for (const file of flags.markdown ?? []) await filled(file, { short: "", full: "" }); // found out before the work
  checkWritable([flags.json, flags.answers, flags.svg, ...(flags.markdown ?? [])]);
  const { judge, refusal } = await judgement();
  const stop = new AbortController();
  const release = surroundings.onInterrupt(() => stop.abort());
  let model: Model | null = null;
  try {
    model = await openModel(withoutPrefixCache(loaded.config), surroundings, (level, message) => {
      if (level === "warn") stderr.write(`warning: ${message}\n`);
    });
    const { concurrency = 1 } = flags;
    checkConcurrency(concurrency, model);
    const methods = methodsFor(model.info, flags);
    stderr.write(`${questions.length} questions, ${methods.length} ${methods.length === 1 ? "method" : "methods"}\n`);
    const progress = progressOf(questions.length * methods.length, stderr);
    const options = { judge, concurrency, signal: stop.signal, onAnswer: progress.advance };
    const runs = await runInTurns(model, questions, methods, options).finally(progress.end);
    warnOfDifferences(runs, stderr);
    await writeResults({ model, data, questions, runs, refusal }, flags, stdout);
  } finally {
    release();
    await model?.dispose();
  }
}

/** Every method reads every prompt anew, or whoever comes second would have less to do. */
function withoutPrefixCache(config: Config): Config {
  return { ...config, scheduler: { ...config.scheduler, enable_radix_cache: false } };
}

/** `verified` promises the autoregressive answer. */
function warnOfDifferences(runs: readonly MethodRun[], stderr: NodeJS.WritableStream): void {
  const answersOf = (mode: DecodeMode) => runs.find(({ method }) => method.mode === mode)?.outcomes;
  const [plain, verified] = [answersOf("autoregressive"), answersOf("verified")];
  if (plain === undefined || verified === undefined) return;
  const differ = verified.filter(({ text }, i) => text !== plain[i].text).length;
  if (differ > 0) stderr.write(`warning: verified differs from autoregressive in ${differ} answers. This is a bug.\n`);
}

interface Measured {
  model: Model;
  data: string;
  questions: readonly Question[];
  runs: readonly MethodRun[];
  refusal: string;
}

async function writeResults(measured: Measured, flags: EvalFlags, stdout: NodeJS.WritableStream): Promise<void> {
  const { reportOf } = await import("../eval/report.js");
  const { fullForm, shortForm } = await import("../eval/tables.js");
  const { transcriptOf } = await import("../eval/transcript.js");
  const { subjectOf } = await import("../eval/subject.js");
  const { model, data, questions, runs, refusal } = measured;
  const subject = await subjectOf(model, data, flags.concurrency ?? 1);
  const report = reportOf(subject, questions, runs, refusal);
  stdout.write(shortForm(report));
  if (flags.json !== undefined) await writeJson(flags.json, report);
  if (flags.answers !== undefined) await writeLines(flags.answers, transcriptOf(questions, runs));
  if (flags.svg !== undefined) {
    const { pictureOf } = await import("../eval/picture.js");
    await writeTextAtomically(
      flags.svg,
      pictureOf(report.results, `${subject.model.name}, ${report.n} held-out questions`),
    );
  }
  for (const file of flags.markdown ?? []) {
    const picture = flags.svg === undefined ? null : relative(dirname(file), flags.svg).split(sep).join("/");
    await writeTextAtomically(file, await filled(file, { short: shortForm(report), full: fullForm(report, picture) }));
  }
}

function heldOutBeside(model: string): string {
  const path = `${model.replace(/\.gguf$/i, "")}.heldout.jsonl`;
  if (existsSync(path)) return path;
  const message = `There are no questions beside the model (${path}). Name a JSONL file with --data.`;
  throw new UnmaskError("option_missing", message, { param: "data" });
}

/** The document with the tables in their places. @throws UnmaskError file_write_failed when it has none */
async function filled(file: string, forms: { short: string; full: string }): Promise<string> {
  const { placeResults } = await import("../eval/document.js");
  const document = placeResults(existsSync(file) ? readFileSync(file, "utf8") : "", forms);
  if (document !== null) return document;
  const message = `${file} has no line <!-- results --> or <!-- results: full --> to put the tables after. Add one, or name a new file.`;
  throw new UnmaskError("file_write_failed", message, { param: "markdown" });
}

function modeList(text: string): DecodeMode[] {
  return commaList(text).map((name) => {
    const mode = decodeModes.find((known) => known === name);
    if (mode === undefined) throw new InvalidArgumentError(`"${name}" is none of ${decodeModes.join(", ")}.`);
    return mode;
  });
}
