// Turns a Hugging Face checkpoint into a GGUF file.
//
// What can be refused is refused before the first byte is written, and a file that this
// project could not load is never written. Tensors stream through in runs of rows; the same
// checkpoint and options give the same bytes.

import { bool, type GgufValue, string } from "../format/gguf-values.js";
import { type TensorSource, writeGguf } from "../format/gguf-writer.js";
import { elementCount, tensorBytes } from "../format/tensor-types.js";
import { isTernary, packFloats } from "../format/tensors/index.js";
import type { MetadataValue, TensorInfo } from "../format/types.js";
import { readHyperParameters } from "../model/hyperparameters.js";
import { buildProgram, checkWeights } from "../model/program.js";
import { Tokenizer } from "../text/tokenizer.js";
import { architectureOf, headDimOf, type PlannedTensor, planTensors } from "./architectures.js";
import { type Checkpoint, openCheckpoint } from "./checkpoint.js";
import { type DiffusionOptions, diffusionFacts } from "./diffusion.js";
import { matchTensors } from "./match.js";
import { diffusionMetadata, modelMetadata } from "./metadata.js";
import { ropeSettings } from "./rope.js";
import { floatTensor, type TernaryStatistics, ternaryTensor } from "./tensors.js";
import {
  excludedFromTernary,
  type OutputType,
  requireFit,
  requireTernary,
  storedType,
  trainedTernary,
  zeroShareWarning,
} from "./ternary-policy.js";
import { convertTokenizer } from "./tokenizer.js";

export interface ConvertOptions extends DiffusionOptions {
  /** Default: i2_s for a checkpoint trained ternary, f16 otherwise. */
  type?: OutputType | undefined;
  /** Write a ternary type for a checkpoint that was not trained for it. */
  forceTernary?: boolean | undefined;
  /** Name of the pre-tokenizer, instead of recognising it. */
  pre?: string | undefined;
}

export interface ConvertReport {
  path: string;
  architecture: string;
  type: OutputType;
  parameters: number;
  tensors: number;
  /** Bytes of all tensors. */
  tensorBytes: number;
  sourceSha256: string;
  forcedTernary: boolean;
  ternary: TernaryStatistics[];
  warnings: string[];
}

/** Called with the tensor bytes written so far and in all. What it throws stops the conversion. */
export type ConvertProgress = (done: number, total: number, tensor: string) => void;

/**
 * Converts the checkpoint in `directory` to the file `out`.
 * @throws UnmaskError with what was wrong with the checkpoint or the options
 */
export async function convert(
  directory: string,
  out: string,
  options: ConvertOptions = {},
  onProgress?: ConvertProgress,
): Promise<ConvertReport> {
  const checkpoint = await openCheckpoint(directory);
  try {
    return await convertCheckpoint(checkpoint, out, options, onProgress);
  } finally {
    await checkpoint.close();
  }
}

async function convertCheckpoint(
  checkpoint: Checkpoint,
  out: string,
  options: ConvertOptions,
  onProgress: ConvertProgress | undefined,
): Promise<ConvertReport> {
  const { config } = checkpoint;
  const architecture = architectureOf(config);
  const trained = trainedTernary(config);
  const type = options.type ?? (trained ? "i2_s" : "f16");
  const forced = !trained && options.forceTernary === true && isTernary(storedType(type));
  requireTernary(type, trained, forced);

  const headDim = headDimOf(config);
  const tied = config.tie_word_embeddings ?? !checkpoint.tensors.has("lm_head.weight");
  const plan = planTensors(architecture, config, tied);
  const matched = matchTensors(checkpoint.tensors, plan, tied);
  const isTernaryLinear = ({ kind, from }: PlannedTensor): boolean =>
    kind === "linear" && (trained || forced) && !from.some((module) => excludedFromTernary(module, config));
  requireFit(type, plan.filter(isTernaryLinear));

  const ternary: TernaryStatistics[] = [];
  const context = { checkpoint, type, headDim };
  const tensors: TensorSource[] = matched.map((match) =>
    isTernaryLinear(match.planned)
      ? ternaryTensor(context, match, (statistics) => ternary.push(statistics))
      : floatTensor(context, match),
  );
  const rope = ropeSettings(config, headDim);
  if (rope.factors !== null) {
    const bytes = packFloats("F32", rope.factors);
    tensors.push({ name: "rope_freqs.weight", type: "F32", shape: [rope.factors.length], produce: () => [bytes] });
  }

  const tokenizer = convertTokenizer(checkpoint, options.pre);
  const metadata = new Map<string, GgufValue>([
    ...modelMetadata(checkpoint.name, architecture, config, type, rope),
    ...tokenizer.metadata,
    ...diffusionMetadata(diffusionFacts(config, options, tokenizer.find)),
    ["unmask.options", string(optionText(type, options))],
  ]);
  if (forced) metadata.set("unmask.forced_ternary", bool(true));
  requireLoadable(metadata, tensors, rope.factors ?? undefined);
  const sourceSha256 = await checkpoint.sha256();
  metadata.set("unmask.source_sha256", string(sourceSha256));

  await writeGguf(out, { metadata, tensors }, onProgress);
  return {
    path: out,
    architecture,
    type,
    parameters: plan.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    tensors: tensors.length,
    tensorBytes: tensors.reduce((sum, tensor) => sum + tensorBytes(tensor.type, tensor.shape), 0),
    sourceSha256,
    forcedTernary: forced,
    ternary,
    warnings: [
      ...tokenizer.warnings,
      ...ternary.flatMap(({ name, zeroShare }) => zeroShareWarning(name, zeroShare) ?? []),
    ],
  };
}

/** Reads the planned file as the engine will. Throws what it would throw. */
function requireLoadable(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly TensorSource[],
  ropeFreqs: Float32Array | undefined,
): void {
  const values = new Map(
    [...metadata].map(([key, entry]): [string, MetadataValue] => [
      key,
      entry.type === "array" ? [...entry.values] : entry.value,
    ]),
  );
  const directory = new Map(
    tensors.map(({ name, type, shape }): [string, TensorInfo] => [
      name,
      { name, type, shape: [...shape], offset: 0, bytes: tensorBytes(type, shape) },
    ]),
  );
  const { roles } = buildProgram(readHyperParameters(values, directory), { contextLength: 1, ropeFreqs });
  checkWeights(roles, directory);
  Tokenizer.fromMetadata(values);
}

/** The options that give this file again. */
function optionText(type: OutputType, options: ConvertOptions): string {
  const { blockLength, attention, maskToken, shift, pre, forceTernary } = options;
  const parts = [`--type ${type}`];
  if (blockLength !== undefined) parts.push(`--block-length ${blockLength}`);
  if (attention !== undefined) parts.push(`--attention ${attention}`);
  if (maskToken !== undefined) parts.push(`--mask-token ${JSON.stringify(maskToken)}`);
  if (shift === false) parts.push("--no-shift");
  if (pre !== undefined) parts.push(`--pre ${pre}`);
  if (forceTernary) parts.push("--force-ternary");
  return parts.join(" ");
}
