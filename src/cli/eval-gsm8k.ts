// `unmask eval gsm8k`: the scores of GSM8K for a user's own model and files.

import { type Command, InvalidArgumentError } from "commander";
import type { Model } from "../engine/types.js";
import type { Problem } from "../eval/gsm8k/problems.js";
import type { Attempts } from "../eval/gsm8k/run.js";
import { UnmaskError } from "../util/errors.js";
import { wholeNumber } from "./arguments.js";
import { openModel } from "./model.js";
import { progressOf } from "./progress.js";
import { checkWritable, writeJson, writeLines } from "./results.js";
import { addSettings, readSettings } from "./settings.js";
import type { Surroundings } from "./surroundings.js";

interface Gsm8kFlags {
  data?: string;
  train?: string;
  shots: number;
  chat?: boolean;
  limit?: number;
  concurrency: number;
  json?: string;
  answers?: string;
}

const examples = `
Examples:
  $ unmask eval gsm8k --model model.gguf --data test.jsonl --train train.jsonl
  $ unmask eval gsm8k --model model.gguf --data test.jsonl --shots 0 --chat --max-tokens 512
  $ unmask eval gsm8k --model model.gguf --data test.jsonl --train train.jsonl --decode-mode verified --limit 200

Scores are those of lm-evaluation-harness (gsm8k, version 3.0) but for one thing: it draws other examples
for every question, here they are the first of the training file, so that they are read only once.`;

export function registerGsm8k(parent: Command, surroundings: Surroundings): void {
  const command = parent.command("gsm8k").description("Measure a model on GSM8K, as lm-evaluation-harness does.");
  addSettings(command, "local")
    .optionsGroup("Measurement:")
    .option("--data <file>", "GSM8K's test file: JSON lines of {question, answer}.")
    .option("--train <file>", "Its training file, for the examples.")
    .option("--shots <n>", "Solved examples before each question.", countOfShots, 5)
    .option("--chat", "Ask with the chat template, an example a turn, instead of continuing a text.")
    .option("--limit <n>", "Only the first N problems.", wholeNumber)
    .option("--concurrency <n>", "Problems in flight at a time.", wholeNumber, 1)
    .option("--json <file>", "Also write everything that was measured.")
    .option("--answers <file>", "Also write every answer, one JSON object a line.")
    .addHelpText("after", examples)
    .showHelpAfterError("`unmask eval gsm8k --help` lists the options.")
    .action(async (flags: Gsm8kFlags) => await run(command, flags, surroundings));
}

async function run(command: Command, flags: Gsm8kFlags, surroundings: Surroundings): Promise<void> {
  const { stdout, stderr } = surroundings;
  const { readProblems, shotsOf } = await import("../eval/gsm8k/problems.js");
  const { attempt, gsm8kReport } = await import("../eval/gsm8k/run.js");
  const { gsm8kTable } = await import("../eval/gsm8k/table.js");
  const { checkConcurrency } = await import("../eval/answer.js");
  const { subjectOf } = await import("../eval/subject.js");
  const loaded = readSettings(command, surroundings);
  for (const note of loaded.notes) stderr.write(`warning: ${note}\n`);
  const { concurrency, chat = false } = flags;
  const [data, train] = filesOf(flags);
  const problems = readProblems(data, "data").slice(0, flags.limit);
  const shots = train === null ? [] : shotsOf(readProblems(train, "train"), flags.shots, train);
  checkWritable([flags.json, flags.answers]);
  const stop = new AbortController();
  const release = surroundings.onInterrupt(() => stop.abort());
  let model: Model | null = null;
  try {
    model = await openModel(loaded.config, surroundings, (level, message) => {
      if (level === "warn") stderr.write(`warning: ${message}\n`);
    });
    checkConcurrency(concurrency, model);
    const progress = progressOf(problems.length, stderr);
    const options = { shots, chat, concurrency, signal: stop.signal, onAnswer: progress.advance };
    const attempts = await attempt(model, problems, options).finally(progress.end);
    const report = gsm8kReport(await subjectOf(model, data, concurrency), model, attempts, options);
    stdout.write(gsm8kTable(report));
    if (flags.json !== undefined) await writeJson(flags.json, report);
    if (flags.answers !== undefined) await writeLines(flags.answers, answerLines(problems, attempts));
  } finally {
    release();
    await model?.dispose();
  }
}

/** The test file, and the training file if examples are wanted. @throws UnmaskError option_missing */
function filesOf({ data, train, shots }: Gsm8kFlags): [data: string, train: string | null] {
  if (data === undefined) {
    throw new UnmaskError("option_missing", "Name GSM8K's test file with --data.", { param: "data" });
  }
  if (shots === 0) return [data, null];
  if (train !== undefined) return [data, train];
  const message = `The ${shots} examples before each question come from GSM8K's training file. Name it with --train, or ask without examples (--shots 0).`;
  throw new UnmaskError("option_missing", message, { param: "train" });
}

function answerLines(problems: readonly Problem[], { attempts }: Attempts): unknown[] {
  return problems.map(({ question, answer: expected }, i) => {
    const { text, extracted, right, ...cost } = attempts[i];
    return { question, expected, answer: text, extracted, right, ...cost };
  });
}

function countOfShots(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 0.");
  return Number(text);
}
