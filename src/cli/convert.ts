// `unmask convert`: a Hugging Face checkpoint to a GGUF file, with a progress bar.

import { SingleBar } from "cli-progress";
import { type Command, InvalidArgumentError, Option } from "commander";
import { showBytes } from "../config/bytes.js";
import type { ConvertOptions, ConvertReport } from "../convert/convert.js";
import { outputTypes } from "../convert/ternary-policy.js";
import { preTokenizerNames } from "../text/pre-tokenizers.js";
import { UnmaskError } from "../util/errors.js";
import { showCount } from "./banner.js";
import type { Surroundings } from "./surroundings.js";

interface ConvertFlags {
  out: string;
  type?: ConvertOptions["type"];
  blockLength?: number;
  attention?: ConvertOptions["attention"];
  maskToken?: number | string;
  shift: boolean;
  pre?: ConvertOptions["pre"];
  forceTernary?: boolean;
}

const examples = `
Types:
  i2_s                 2.0 bits a weight, one scale per tensor (bitnet.cpp); rows of 128
  tq2_0, tq1_0         2.06 and 1.69 bits, scales per 256 (llama.cpp); rows of 256
  q2_0                 2.25 bits, scales per 64 (llama.cpp); rows of 64
  f16, bf16, f32       for models that were not trained ternary

Examples:
  $ unmask convert bitnet-b1.58-2B-4T-bf16/ -o bitnet-2b.gguf
  $ unmask convert Fast_dLLM_v2_1.5B/ -o fast-dllm.gguf --type bf16
  $ unmask convert my-diffusion-model/ -o model.gguf --attention block-causal --block-length 32 --mask-token '<mask>'`;

export function registerConvert(program: Command, surroundings: Surroundings): void {
  program
    .command("convert")
    .description("Make a GGUF file from a Hugging Face checkpoint.")
    .argument("<dir>", "The checkpoint's folder: config.json, tokenizer.json, *.safetensors.")
    .requiredOption("-o, --out <file>", "The GGUF file to write.")
    .addOption(
      new Option(
        "--type <type>",
        "How to store the linear layers. (default: i2_s when trained ternary, else f16)",
      ).choices(outputTypes),
    )
    .option("--force-ternary", "Write a ternary type for a model that was not trained for it. It will print garbage.")
    .addOption(new Option("--pre <name>", "The pre-tokenizer, when it is not recognised.").choices(preTokenizerNames))
    .optionsGroup("Diffusion, where config.json does not say:")
    .addOption(
      new Option("--attention <kind>", "How the model was trained to attend.").choices([
        "causal",
        "block-causal",
        "context-causal",
      ]),
    )
    .option("--block-length <n>", "Positions decoded together.", positiveInteger)
    .option("--mask-token <token>", "The mask token, by id or text.", tokenArgument)
    .option("--no-shift", "Row i predicts token i, not token i + 1.")
    .addHelpText("after", examples)
    .action(async (directory: string, flags: ConvertFlags) => await run(directory, flags, surroundings));
}

async function run(directory: string, flags: ConvertFlags, surroundings: Surroundings): Promise<void> {
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
    const { convert } = await import("../convert/convert.js");
    const { out, shift, ...options } = flags;
    const report = await convert(
      directory,
      out,
      { ...options, shift: shift ? undefined : false },
      (done, total, tensor) => {
        if (interrupted) throw new UnmaskError("aborted", "The conversion was interrupted; nothing was written.");
        if (bar !== null && !bar.isActive) bar.start(total, 0, { tensor });
        bar?.update(done, { tensor });
      },
    );
    bar?.stop();
    for (const warning of report.warnings) stderr.write(`warning: ${warning}\n`);
    stdout.write(summary(report));
  } finally {
    bar?.stop();
    release();
  }
}

function summary({
  path,
  architecture,
  type,
  parameters,
  tensors,
  tensorBytes,
  ternary,
  ...report
}: ConvertReport): string {
  const lines = [
    `${path}: ${architecture}, ${type}, ${showCount(parameters)} parameters in ${tensors} tensors, ${showBytes(tensorBytes)}`,
  ];
  if (ternary.length > 0) {
    const shares = ternary.map(({ zeroShare }) => 100 * zeroShare);
    const range = `${Math.min(...shares).toFixed(1)}-${Math.max(...shares).toFixed(1)} %`;
    lines.push(`${ternary.length} ternary tensors, ${range} zeros${report.forcedTernary ? ", forced" : ""}`);
  }
  lines.push(`source SHA-256 ${report.sourceSha256}`);
  return `${lines.join("\n")}\n`;
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("A whole number from 1 is needed.");
  return Number(text);
}

/** Digits are an id, anything else a token's text. */
function tokenArgument(text: string): number | string {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}
