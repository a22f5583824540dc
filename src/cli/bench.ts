// `unmask bench`: how fast the engine is here, on what, and whether it still says the same.

import { setMaxListeners } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import type { Baseline } from "../bench/baseline.js";
import type { BenchPart, Report } from "../bench/suite.js";
import { type LoadedConfig, modelPath } from "../config/load.js";
import { writeTextAtomically } from "../format/output-file.js";
import { UnmaskError } from "../util/errors.js";
import { wholeNumber } from "./arguments.js";
import { loadOptions, openModel } from "./model.js";
import { checkWritable, writeJson } from "./results.js";
import { addSettings, readSettings } from "./settings.js";
import type { Output, Surroundings } from "./surroundings.js";

interface BenchFlags {
  parts?: BenchPart[];
  profile?: boolean;
  sweepThreads?: boolean;
  rounds: number;
  quick?: boolean;
  json?: string;
  roofline?: string;
}

interface EndToEndFlags {
  iterations: number;
  prompt: string;
  maxTokens: number;
  json?: string;
}

interface CompareFlags {
  saveBaseline?: string;
  compare?: string;
  rounds: number;
}

const usualParts = ["load", "forwards", "generation", "concurrency"] as const;
const namedParts = [...usualParts, "heads"] as const;

const examples = {
  bench: `
Parts:
  load          seconds to a model that answers, and memory
  forwards      prefill of 128 and 512 tokens, a denoise step with and without its head, one decoded token
  generation    whole answers in every decode mode
  concurrency   16 requests at once against one
  heads         size, speed and agreement of every --head; only when it is named

Examples:
  $ unmask bench                                  the model that comes with unmask
  $ unmask synth --preset bitnet-2b -o 2b.gguf && unmask bench --model 2b.gguf
  $ unmask bench --model 2b.gguf --parts forwards --roofline roofline.svg
  $ unmask bench --model 2b.gguf --parts heads
  $ unmask bench --model 2b.gguf --profile
  $ unmask bench --sweep-threads
  $ unmask bench e2e --iterations 20
  $ unmask bench compare --save-baseline before.json
  $ unmask bench compare --compare before.json

\`npm run bench:peers\` in a clone measures other engines beside this one.`,
  compare: `
Examples:
  $ unmask bench compare --save-baseline before.json
  $ unmask bench compare --compare before.json    exit code 1 when a token differs`,
};

/** What the measurements decide themselves, for every case. */
const decoding = ["dlm.decode_mode", "dlm.threshold", "dlm.small_block_size", "dlm.dual_cache", "dlm.max_tokens"];

export function registerBench(program: Command, surroundings: Surroundings): void {
  const bench = program
    .command("bench")
    .description("Measure the speed of the engine on this machine.")
    .enablePositionalOptions();
  addSettings(bench, "local", decoding)
    .optionsGroup("Measurement:")
    .option(
      "--parts <list>",
      "Of load, forwards, generation, concurrency and heads, with commas. (default: all but heads)",
      partList,
    )
    .option(
      "--profile",
      "Where the time goes, operation by operation and between forwards; other parts only with --parts.",
    )
    .option("--sweep-threads", "Which number of threads is best; other parts only with --parts.")
    .option("--rounds <n>", "How often each thing is measured, in turns.", wholeNumber, 5)
    .option("--quick", "One round.")
    .option("--json <file>", "Also write everything that was measured.")
    .option("--roofline <file>", "Also draw the forwards under the machine's peaks, as SVG.")
    .addHelpText("after", examples.bench)
    .action(async (flags: BenchFlags) => await run(bench, flags, surroundings));

  const endToEnd = bench.command("e2e").description("Ask one prompt again and again: latencies and tokens per second.");
  addSettings(endToEnd, "local", ["dlm.max_tokens"])
    .optionsGroup("Measurement:")
    .option("--iterations <n>", "How often.", wholeNumber, 50)
    .option("--prompt <text>", "What to ask.", "What is the meaning of life?")
    .option("--max-tokens <n>", "Most tokens of an answer.", wholeNumber, 64)
    .option("--json <file>", "Also write the numbers.")
    .action(async (flags: EndToEndFlags) => await runEndToEnd(endToEnd, flags, surroundings));

  const compare = bench.command("compare").description("Compare answers, token by token, and speeds with a saved run.");
  addSettings(compare, "local", decoding)
    .optionsGroup("Measurement:")
    .option("--save-baseline <file>", "Run and save.")
    .option("--compare <file>", "Run and compare with what was saved.")
    .option("--rounds <n>", "How often each answer is timed.", wholeNumber, 3)
    .addHelpText("after", examples.compare)
    .action(async (flags: CompareFlags) => await runCompare(compare, flags, surroundings));
}

async function run(command: Command, flags: BenchFlags, surroundings: Surroundings): Promise<void> {
  const { measure } = await import("../bench/suite.js");
  const { markdown } = await import("../bench/report.js");
  const { config } = settingsOf(command, surroundings);
  const extra = [flags.profile && "profile", flags.sweepThreads && "sweep"].filter((part) => typeof part === "string");
  const parts = [...(flags.parts ?? (extra.length > 0 ? [] : usualParts)), ...extra] as BenchPart[];
  if (flags.roofline !== undefined && !parts.includes("forwards")) {
    throw new UnmaskError("invalid_request", "--roofline draws the part forwards. Add it to --parts.", {
      param: "roofline",
    });
  }
  checkWritable([flags.json, flags.roofline]);
  const report = await interruptible(surroundings, async (signal) => {
    const progress = progressLine(surroundings.stderr);
    try {
      const rounds = flags.quick ? 1 : flags.rounds;
      const load = { ...loadOptions(config), log: warn(surroundings.stderr) };
      return await measure(modelPath(config), load, { parts, rounds, signal, onProgress: progress.show });
    } finally {
      progress.end();
    }
  });
  surroundings.stdout.write(markdown(report));
  if (flags.json !== undefined) await writeJson(flags.json, report);
  if (flags.roofline !== undefined) await drawRoofline(flags.roofline, report);
}

async function drawRoofline(file: string, { forwards, peaks, subject, machine, backend }: Report): Promise<void> {
  const { pointOf, rooflineSvg } = await import("../bench/roofline.js");
  if (peaks === null) {
    const message = "The roofline needs the machine's peaks, which only the native backend measures.";
    throw new UnmaskError("native_unavailable", message, { param: "roofline" });
  }
  const title = `${subject.file}, ${machine.cpu}, ${backend.threads} threads, ${backend.isa}`;
  await writeTextAtomically(file, rooflineSvg(forwards!.map(pointOf), peaks, title));
}

async function runEndToEnd(command: Command, flags: EndToEndFlags, surroundings: Surroundings): Promise<void> {
  const { benchmark } = await import("./benchmark.js");
  const { config } = settingsOf(command, surroundings);
  checkWritable([flags.json]);
  await interruptible(surroundings, async (signal) => {
    const model = await openModel(config, surroundings, warn(surroundings.stderr));
    try {
      const summary = await benchmark(model, flags, surroundings.stdout, signal);
      if (flags.json !== undefined) await writeJson(flags.json, summary);
    } finally {
      await model.dispose();
    }
  });
}

async function runCompare(command: Command, flags: CompareFlags, surroundings: Surroundings): Promise<void> {
  const { stdout, stderr } = surroundings;
  const { answers, comparison, differences, parseBaseline } = await import("../bench/baseline.js");
  const { cpuName, measuredFile } = await import("../util/identity.js");
  const { saveBaseline, compare } = flags;
  if (saveBaseline === undefined && compare === undefined) {
    const message = "Nothing to compare with. Save a run with --save-baseline FILE, then use --compare FILE.";
    throw new UnmaskError("option_missing", message, { param: "compare" });
  }
  checkWritable([saveBaseline]);
  const before = compare === undefined ? null : parseBaseline(read(compare), compare);
  const { config } = settingsOf(command, surroundings);
  const file = await measuredFile(modelPath(config)).catch(() => null); // loading says better what is wrong
  if (before !== null && file !== null && file.sha256 !== before.model.sha256) {
    const message = `${compare} was saved with the model ${before.model.name}, and ${file.name} is another file. Use the same model.`;
    throw new UnmaskError("invalid_request", message, { param: "compare" });
  }
  const now = await interruptible(surroundings, async (signal): Promise<Baseline> => {
    const model = await openModel(config, surroundings, warn(stderr));
    const progress = progressLine(stderr);
    try {
      const onRun = (name: string, done: number, total: number) => progress.show(`${name} (${done + 1}/${total})`);
      const { kind, isa, threads } = model.info.backend;
      checkHead(before, compare, model.info.head.type);
      return {
        model: { ...file!, head: model.info.head.type },
        machine: { cpu: cpuName(), backend: kind, isa, threads },
        answers: await answers(model, { rounds: flags.rounds, signal, onRun }),
      };
    } finally {
      progress.end();
      await model.dispose();
    }
  });
  if (saveBaseline !== undefined) {
    await writeJson(saveBaseline, now);
    stderr.write(`Wrote ${saveBaseline}. Compare with it: unmask bench compare --compare ${saveBaseline}\n`);
  }
  if (before === null) return;
  stdout.write(comparison(before, now));
  const differing = differences(before.answers, now.answers).length;
  if (differing === 0) return;
  const message = `${differing} of ${before.answers.length} answers differ from those in ${compare}.`;
  throw new UnmaskError("baseline_differs", message, { param: "compare" });
}

/** Another head gives other answers. */
function checkHead(before: Baseline | null, name: string | undefined, head: string): void {
  const saved = before?.model.head ?? head;
  if (saved === head) return;
  const message = `${name} was saved with a ${saved} head, and this one is ${head}. Use the same --head.`;
  throw new UnmaskError("invalid_request", message, { param: "compare" });
}

function settingsOf(command: Command, surroundings: Surroundings): LoadedConfig {
  const loaded = readSettings(command, surroundings);
  for (const note of loaded.notes) surroundings.stderr.write(`warning: ${note}\n`);
  return loaded;
}

/** Runs a measurement that Ctrl-C aborts. */
async function interruptible<T>(surroundings: Surroundings, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // every request in flight listens
  const release = surroundings.onInterrupt(() => stop.abort());
  try {
    return await body(stop.signal);
  } finally {
    release();
  }
}

function warn(stderr: Output): (level: "info" | "warn", message: string) => void {
  return (level, message) => {
    if (level === "warn") stderr.write(`warning: ${message}\n`);
  };
}

/** What is being measured, on one line that is written over; nothing where nobody watches. */
function progressLine(stderr: Output): { show: (doing: string) => void; end: () => void } {
  if (!stderr.isTTY) return { show: () => {}, end: () => {} };
  const columns = (stderr.columns ?? 80) - 1;
  const show = (doing: string) => void stderr.write(`\r${doing.slice(0, columns).padEnd(columns)}`);
  return { show, end: () => void stderr.write(`\r${" ".repeat(columns)}\r`) };
}

function read(file: string): string {
  if (existsSync(file)) return readFileSync(file, "utf8");
  const message = `The baseline ${file} does not exist. Save one with --save-baseline.`;
  throw new UnmaskError("file_not_found", message, { param: "compare" });
}

function partList(text: string): BenchPart[] {
  return text.split(",").map((name) => {
    const part = namedParts.find((known) => known === name.trim());
    if (part === undefined) throw new InvalidArgumentError(`"${name}" is none of ${namedParts.join(", ")}.`);
    return part;
  });
}
