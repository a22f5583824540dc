// `unmask train`: the command and its parts that stand alone, data and tokenizer. Runs are in train-run.ts.

import { dirname, join } from "node:path";
import { SingleBar } from "cli-progress";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type TaskName, taskNames } from "../train/data/task-names.js";
import type { Example, Split } from "../train/data/types.js";
import { UnmaskError } from "../util/errors.js";
import { wholeNumber } from "./arguments.js";
import type { Output, Surroundings } from "./surroundings.js";
import { addTrainRun, trainExamples } from "./train-run.js";

interface DataFlags {
  config?: string;
  out: string;
  examples?: number;
  perTask?: number;
  seed: number;
  split: Split;
  task?: TaskName[];
  stats?: boolean;
}

interface TokenizerFlags {
  data: string[];
  vocabulary: number;
  out: string;
}

const examples = `
Examples:${trainExamples}
  $ unmask train data -o train.jsonl --examples 1000000
  $ unmask train data -o heldout.jsonl --per-task 1000 --split heldout
  $ unmask train data -o - --examples 5 --task lists,dates
  $ unmask train tokenizer --data train.jsonl --vocabulary 1024 -o tokenizer.json`;

export function registerTrain(program: Command, surroundings: Surroundings): void {
  const train = program
    .command("train")
    .description("Train a model; make its data or its tokenizer alone.")
    .addHelpText("after", examples);
  addTrainRun(train, surroundings);
  const data = train
    .command("data")
    .description("Generate examples: one JSON object a line, the same ones for the same seed.")
    .requiredOption("-o, --out <file>", "The JSONL file to write; - is stdout.")
    .option("--examples <n>", "How many, in the shares of the recipe.", wholeNumber)
    .addOption(
      new Option("--per-task <n>", "As many of each task, and no question twice: to measure a model with.")
        .argParser(wholeNumber)
        .conflicts("examples"),
    )
    .option("--config <file>", "Shares of the tasks, and files of your own. (default: as train/data.yaml)")
    .option("--seed <n>", "Another seed gives other examples.", seedNumber, 1)
    .addOption(
      new Option("--split <name>", "Held-out content never occurs in training, whatever the seeds.")
        .choices(["train", "heldout"])
        .default("train", "train"),
    )
    .option("--task <list>", "Only these tasks, with commas between them.", taskList)
    .option("--stats", "Also print what was written: shares, kinds, repetitions, carry chains.")
    .action(async (flags: DataFlags) => await writeData(flags, surroundings));
  const tokenizer = train
    .command("tokenizer")
    .description("Train a byte-level BPE tokenizer on examples.")
    .requiredOption("--data <files...>", "JSONL files of chats or texts, or plain text.")
    .requiredOption("-o, --out <file>", "The tokenizer.json to write; tokenizer_config.json goes beside it.")
    .option("--vocabulary <n>", "Tokens, the special ones included.", wholeNumber, 1024)
    .action(async (flags: TokenizerFlags) => await writeTokenizer(flags, surroundings));
  for (const command of [data, tokenizer]) {
    command.showHelpAfterError(`\`unmask train ${command.name()} --help\` lists the options.`);
  }
}

/** Lines that are written at a time. */
const batch = 1000;

async function writeData(flags: DataFlags, surroundings: Surroundings): Promise<void> {
  const { stdout, stderr } = surroundings;
  const { DataStatistics } = await import("../train/data/statistics.js");
  const { examples, total } = await examplesOf(flags, stderr);
  const statistics = flags.stats ? new DataStatistics() : null;
  let interrupted = false;
  const release = surroundings.onInterrupt(() => {
    interrupted = true;
  });
  const bar = stderr.isTTY ? new SingleBar({ stream: stderr, clearOnComplete: true }) : null;
  bar?.start(total, 0);
  const produce = async (write: (bytes: Uint8Array) => Promise<void>) => {
    for (let made = [...first(examples, batch)]; made.length > 0; made = [...first(examples, batch)]) {
      for (const example of made) statistics?.add(example);
      await write(Buffer.from(made.map((example) => `${JSON.stringify(example)}\n`).join("")));
      await new Promise(setImmediate); // lets Ctrl-C be heard
      if (interrupted) throw new UnmaskError("aborted", "Interrupted; nothing was written.");
      bar?.increment(made.length);
    }
  };
  try {
    if (flags.out === "-") await produce((bytes) => writeTo(stdout, bytes));
    else await (await import("../format/output-file.js")).writeFileAtomically(flags.out, produce);
  } finally {
    bar?.stop();
    release();
  }
  if (statistics !== null) (flags.out === "-" ? stderr : stdout).write(`${statistics}\n`);
}

/** What is to be written, and how many that are at most. @throws UnmaskError option_missing, and as mixture */
async function examplesOf(flags: DataFlags, stderr: Output) {
  const { dataSchema, readDataConfig } = await import("../train/data/config.js");
  const { mixture, partsOf, required } = await import("../train/data/mixture.js");
  const { evenly } = await import("../train/data/evenly.js");
  const config = flags.config === undefined ? dataSchema.parse({}) : readDataConfig(flags.config);
  const { examples: count, perTask: each, seed, split, task: tasks } = flags;
  if (each !== undefined) {
    const onExhausted = (name: string, found: number) =>
      stderr.write(`warning: ${name}: ${found} different questions were found, not ${each}.\n`);
    const parts = required(partsOf(config, { split, tasks }));
    return { examples: evenly(parts, { seed, each, onExhausted }), total: each * parts.length };
  }
  if (count === undefined) {
    throw new UnmaskError("option_missing", "Say how many: --examples N, or --per-task N.", { param: "examples" });
  }
  const draw = mixture(config, { split, tasks });
  const examples = (function* () {
    for (let i = 0; i < count; i++) yield draw(seed, i);
  })();
  return { examples, total: count };
}

async function writeTo(stream: NodeJS.WritableStream, bytes: Uint8Array): Promise<void> {
  if (!stream.write(bytes)) await new Promise<void>((resolve) => stream.once("drain", () => resolve()));
}

/** Enough to measure by. */
const measured = 20_000;

async function writeTokenizer(flags: TokenizerFlags, { stdout }: Surroundings): Promise<void> {
  const { writeFileAtomically } = await import("../format/output-file.js");
  const { Tokenizer } = await import("../text/tokenizer.js");
  const sources = await import("../train/data/sources.js");
  const { measureFit } = await import("../train/tokenizer/measure.js");
  const { trainTokenizer } = await import("../train/tokenizer/train.js");
  function* all(): Generator<Example> {
    for (const file of flags.data) yield* sources.examplesOf(file);
  }
  const { tokenizer, config } = trainTokenizer(all(), flags.vocabulary);
  const beside = join(dirname(flags.out), "tokenizer_config.json");
  for (const [file, content] of [[flags.out, tokenizer] as const, [beside, config] as const]) {
    await writeFileAtomically(file, (write) => write(Buffer.from(`${JSON.stringify(content, null, 1)}\n`)));
  }
  const fit = measureFit(Tokenizer.fromJson(tokenizer, config), first(all(), measured));
  stdout.write(
    `${flags.out}: ${flags.vocabulary} tokens, ${fit.charactersPerToken.toFixed(2)} characters a token, ` +
      `${fit.tokensPerExample.toFixed(1)} tokens an example (at most ${fit.longestExample})` +
      `${fit.answers === 0 ? "" : `, ${fit.tokensPerAnswer.toFixed(1)} an answer`}\n`,
  );
}

/** The next so many of an iterator, which goes on behind them. */
function* first<T>(list: Iterator<T>, count: number): Generator<T> {
  for (let left = count; left > 0; left--) {
    const { value, done } = list.next();
    if (done) return;
    yield value;
  }
}

function seedNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 32) {
    throw new InvalidArgumentError("A whole number from 0 to 4294967295 is needed.");
  }
  return Number(text);
}

function taskList(text: string): TaskName[] {
  return text.split(",").map((part) => {
    const found = taskNames.find((name) => name === part.trim());
    if (found === undefined) throw new InvalidArgumentError(`"${part.trim()}" is none of ${taskNames.join(", ")}.`);
    return found;
  });
}
