// `unmask train` itself: a run by its configuration, with a progress bar; Ctrl-C saves.

import { SingleBar } from "cli-progress";
import { type Command, Option } from "commander";
import type { Place } from "../train/checkpoint.js";
import type { ObjectiveName, TrainConfig } from "../train/config.js";
import type { LogRecord } from "../train/log.js";
import type { RunRequest, RunResult } from "../train/run.js";
import type { SeriesRun } from "../train/series.js";
import { UnmaskError } from "../util/errors.js";
import { wholeNumber } from "./arguments.js";
import type { Output, Surroundings } from "./surroundings.js";

type Exported = NonNullable<RunResult["exported"]>;

interface TrainFlags {
  config?: string;
  out?: string;
  init?: string;
  objective?: ObjectiveName;
  resume?: boolean;
  steps?: number;
  eval: boolean;
}

export const trainExamples = `
  $ unmask train --config train/default.yaml      the model that comes with unmask, from nothing
  $ unmask train --config train/default.yaml -o runs/mine --steps 20
  $ unmask train --config train/default.yaml -o runs/mine --resume
  $ unmask train --config diffusion.yaml --init my-model/ --objective diffusion
  $ unmask train --config train/continue.yaml     the model that comes with unmask, trained on`;

/** Gives the command `train` its options and its own action, beside those of its subcommands. */
export function addTrainRun(command: Command, surroundings: Surroundings): void {
  command
    .enablePositionalOptions() // --config of a subcommand is its own
    .option("--config <file>", "The run, as YAML: model, data, phases. See train/default.yaml.")
    .option("-o, --out <dir>", "Folder of the run. (default: runs/NAME, by the model's name)")
    .option("--resume", "Go on from the newest checkpoint in the folder.")
    .option("--steps <n>", "End each run after N steps, saved and exported.", wholeNumber)
    .option("--no-eval", "Do not measure the model in the end.")
    .option("--init <path>", "Start from a model: a Hugging Face folder, or a GGUF file of floats or ternary codes.")
    .addOption(
      new Option("--objective <name>", "What all phases learn, instead of what the configuration says.").choices([
        "next_token",
        "diffusion",
        "mixed",
      ]),
    )
    .action(async (flags: TrainFlags) => await runTraining(flags, surroundings));
}

async function runTraining(flags: TrainFlags, surroundings: Surroundings): Promise<void> {
  const { stdout, stderr } = surroundings;
  if (flags.config === undefined) {
    throw new UnmaskError(
      "option_missing",
      "Name the configuration of the run: unmask train --config train/default.yaml.",
      {
        param: "config",
      },
    );
  }
  const { seriesOf } = await import("../train/series.js");
  const series = seriesOf(flags.config, flags);
  const begun = await begunOf(series, flags.resume ?? false);
  const abort = new AbortController();
  const release = surroundings.onInterrupt(() => {
    stderr.write("\nEnding this step, then saving. Ctrl-C again ends at once.\n");
    abort.abort();
  });
  let made: Exported | null = null;
  try {
    for (const [i, each] of series.entries()) {
      if (series.length > 1) stderr.write(`Run ${i + 1} of ${series.length}: ${each.file}, in ${each.directory}\n`);
      const before = series.slice(0, i).map(({ directory }) => directory);
      made = await trainOne({ ...each, before, resume: begun[i], signal: abort.signal }, flags, stderr);
      if (made !== null) continue;
      stderr.write(`Go on with: ${resumingCommand(flags, series[series.length - 1].directory)}\n`);
      throw new UnmaskError("aborted", "Training was interrupted.");
    }
  } finally {
    release();
  }
  if (made === null) return;
  stdout.write(`${made.path}\n`);
  if (!flags.eval) return;
  if (made.questions > 0) await measure(made, surroundings);
  else stderr.write("warning: The data have no held-out questions, so the model was not measured.\n");
}

type Asked = Pick<RunRequest, "config" | "directory" | "init" | "before" | "resume" | "signal">;

/** @returns null when it was interrupted */
async function trainOne(asked: Asked, { objective, steps }: TrainFlags, stderr: Output): Promise<Exported | null> {
  const { run } = await import("../train/run.js");
  const progress = progressOf(asked.config, steps, stderr);
  try {
    const { place, exported } = await run({
      ...asked,
      objective,
      steps,
      onStep: progress.step,
      onRecord: progress.record,
      say: (message) => stderr.write(`${message}\n`),
      warn: (message) => stderr.write(`warning: ${message}\n`),
    });
    progress.end();
    if (exported === null) stderr.write(`Saved after step ${place.total}. `);
    for (const warning of exported?.warnings ?? []) stderr.write(`warning: ${warning}\n`);
    return exported;
  } finally {
    progress.end();
  }
}

/**
 * Of each run of a series: whether it is to go on from a checkpoint.
 * @throws UnmaskError invalid_request as checkFolder
 */
async function begunOf(series: readonly SeriesRun[], resume: boolean): Promise<boolean[]> {
  const { checkFolder, hasBegun } = await import("../train/run.js");
  const begun = await Promise.all(series.map(({ directory }) => hasBegun(directory)));
  const goesOn = begun.map((each) => resume && (each || !begun.includes(true)));
  for (const [i, { directory }] of [...series.entries()].reverse()) await checkFolder(directory, goesOn[i]);
  return goesOn;
}

function resumingCommand({ config, init, objective }: TrainFlags, directory: string): string {
  const kept = Object.entries({ config, out: directory, init, objective }).filter(([, value]) => value !== undefined);
  return `unmask train ${kept.map(([name, value]) => `--${name} ${value}`).join(" ")} --resume`;
}

/** The usual methods on the questions of the run; the results go into the card. */
async function measure({ path, heldOut, card }: Exported, surroundings: Surroundings): Promise<void> {
  const { evaluate } = await import("./eval.js");
  const { loadConfig } = await import("../config/load.js");
  const svg = path.replace(/\.gguf$/, ".quality.svg");
  surroundings.stderr.write(
    `Measuring it. Again, or more: unmask eval --model ${path} --markdown ${card} --svg ${svg}\n`,
  );
  const loaded = loadConfig({ flags: new Map([["model_path", path]]) });
  await evaluate(loaded, { data: heldOut, markdown: [card], svg }, surroundings);
}

/** A bar in a terminal, a line for each record elsewhere. */
function progressOf({ phases }: TrainConfig, steps: number | undefined, stderr: Output) {
  const total = Math.min(
    steps ?? Number.POSITIVE_INFINITY,
    phases.reduce((sum, phase) => sum + phase.steps, 0),
  );
  let said = { text: "", at: performance.now(), step: -1 };
  let left = "";
  if (!stderr.isTTY) {
    const record = (record: LogRecord) => stderr.write(`${record.step}/${total} ${describe(record)}\n`);
    return { step: () => {}, record, end: () => {} };
  }
  const bar = new SingleBar({
    format: "{bar} {value}/{total}  {text}  {left}",
    stream: stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 20,
  });
  return {
    step: (place: Place) => {
      if (!bar.isActive) bar.start(total, place.total, { text: said.text, left });
      bar.update(place.total, { text: said.text, left });
    },
    record: (record: LogRecord) => {
      const now = performance.now();
      if (said.step >= 0)
        left = `${showMinutes(((now - said.at) / (record.step - said.step)) * (total - record.step))} left`;
      said = { text: describe(record), at: now, step: record.step };
    },
    end: () => bar.stop(),
  };
}

/** "diffusion  next 0.123  masked 0.456  rate 2.5e-3  12,345 rows/s  210 GFLOP/s (310 in products)" */
function describe(record: LogRecord): string {
  const losses = { next: record.nextLoss, masked: record.maskedLoss };
  const shown = Object.entries(losses).flatMap(([name, loss]) => (loss === null ? [] : [`${name} ${loss.toFixed(3)}`]));
  const speed = `${Math.round(record.rowsPerSecond)} rows/s  ${record.stepGflops.toFixed(0)} GFLOP/s (${record.gemmGflops.toFixed(0)} in products)`;
  return `${record.phase}  ${shown.join("  ")}  rate ${record.matrixRate.toExponential(1)}  ${speed}`;
}

function showMinutes(milliseconds: number): string {
  const minutes = Math.ceil(milliseconds / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
