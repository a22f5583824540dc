// `unmask synth`: a model file of random ternary weights in a known shape, to measure with.

import { SingleBar } from "cli-progress";
import { type Command, InvalidArgumentError, Option } from "commander";
import { presetNames, synthTypes } from "../bench/presets.js";
import type { SynthOptions, SynthReport } from "../bench/synthetic-model.js";
import { leastVocabulary } from "../bench/synthetic-vocabulary.js";
import { showBytes } from "../config/bytes.js";
import { type Architecture, architectures } from "../model/types.js";
import { UnmaskError } from "../util/errors.js";
import { showCount } from "./banner.js";
import type { Surroundings } from "./surroundings.js";

interface SynthFlags {
  preset: SynthOptions["preset"];
  out: string;
  type?: SynthOptions["type"];
  layers?: number;
  vocabulary?: number;
  arch?: Architecture;
  seed?: number;
}

const examples = `
Presets:
  bitnet-2b            BitNet-b1.58-2B-4T: hidden 2560, FFN 6912, 30 layers, 128,256 tokens; 1.2 GB
  smollm2-135m         SmolLM2-135M: hidden 576, FFN 1536, 30 layers, 49,152 tokens; q2_0 only
  qwen2.5-32b          Qwen2.5-32B, 2 of its 64 layers: hidden 5120, FFN 27648, 152,064 tokens
  llama-8b             Llama 3 8B: hidden 4096, FFN 14336, 32 layers, 128,256 tokens

Examples:
  $ unmask synth --preset bitnet-2b -o bitnet-2b.gguf
  $ unmask synth --preset qwen2.5-32b --layers 4 --vocabulary 1000 -o layers.gguf
  $ unmask bench --model bitnet-2b.gguf`;

export function registerSynth(program: Command, surroundings: Surroundings): void {
  program
    .command("synth")
    .description("Make a GGUF file of random ternary weights in a known shape, for measurements.")
    .addOption(new Option("--preset <name>", "The shape.").choices(presetNames).makeOptionMandatory())
    .requiredOption("-o, --out <file>", "The GGUF file to write.")
    .addOption(
      new Option(
        "--type <type>",
        "How to store the linear layers. (default: tq2_0, or q2_0 where rows need it)",
      ).choices(synthTypes),
    )
    .option("--layers <n>", "Another number of layers.", layersArgument)
    .option(
      "--vocabulary <n>",
      "Another number of tokens: a small one leaves only the layers to be measured.",
      vocabularyArgument,
    )
    .addOption(new Option("--arch <name>", "Another architecture.").choices(architectures))
    .option("--seed <n>", "Other weights. (default: 0)", seedArgument)
    .addHelpText("after", examples)
    .action(async (flags: SynthFlags) => await run(flags, surroundings));
}

async function run({ out, layers, vocabulary, arch, ...flags }: SynthFlags, surroundings: Surroundings): Promise<void> {
  const { stdout, stderr } = surroundings;
  let interrupted = false;
  const release = surroundings.onInterrupt(() => {
    interrupted = true;
  });
  const bar = stderr.isTTY
    ? new SingleBar({
        format: "{bar} {percentage} %  {tensor}",
        stream: stderr,
        hideCursor: true,
        clearOnComplete: true,
      })
    : null;
  try {
    const { synthesise } = await import("../bench/synthetic-model.js");
    const shape = {
      ...(layers && { layers }),
      ...(vocabulary && { vocabulary }),
      ...(arch && { architecture: arch }),
    };
    const report = await synthesise(out, { ...flags, shape }, (done, total, tensor) => {
      if (interrupted) throw new UnmaskError("aborted", "Stopped; nothing was written.");
      if (bar !== null && !bar.isActive) bar.start(total, 0, { tensor });
      bar?.update(done, { tensor });
    });
    bar?.stop();
    stdout.write(summary(report));
  } finally {
    bar?.stop();
    release();
  }
}

function summary({ path, architecture, type, layers, parameters, tensorBytes }: SynthReport): string {
  const layerCount = `${layers} ${layers === 1 ? "layer" : "layers"}`;
  return (
    `${path}: ${architecture}, ${type}, ${layerCount}, ${showCount(parameters)} parameters, ${showBytes(tensorBytes)}\n` +
    "random weights: it costs what the real model costs, and answers nothing\n"
  );
}

function layersArgument(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1024) throw new InvalidArgumentError("1 to 1024 layers.");
  return value;
}

function vocabularyArgument(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < leastVocabulary || value > 2 ** 20) {
    throw new InvalidArgumentError(`${leastVocabulary} to ${2 ** 20} tokens.`);
  }
  return value;
}

function seedArgument(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
    throw new InvalidArgumentError("It must be a whole number from 0 to 4294967295.");
  }
  return value;
}
