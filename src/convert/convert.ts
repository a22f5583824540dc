// Turns a Hugging Face checkpoint into a GGUF file.
//
// Everything that can be refused is refused before the first byte is written. Tensors
// stream through in runs of rows; the same checkpoint and options give the same bytes.

import { bool, type GgufValue, string } from "../format/gguf-values.js";
import { type TensorSource, writeGguf } from "../format/gguf-writer.js";
import type { SafetensorInfo } from "../format/safetensors.js";
import { elementCount } from "../format/tensor-types.js";
import {
  type FloatType,
  isTernary,
  packFloats,
  packTernaryBlocks,
  ternaryToFloats,
  ternaryTrailer,
} from "../format/tensors/index.js";
import { UnmaskError } from "../util/errors.js";
import { architectureOf, headDimOf, isRedundant, type PlannedTensor, planTensors } from "./architectures.js";
import { type Checkpoint, openCheckpoint } from "./checkpoint.js";
import { type DiffusionOptions, diffusionFacts } from "./diffusion.js";
import { diffusionMetadata, modelMetadata } from "./metadata.js";
import type { PreTokenizer } from "./pre-tokenizer.js";
import { ropeSettings } from "./rope.js";
import { floatRows, interleaveHalves, packedRows, rowRuns, type TernaryRows, ternarise } from "./rows.js";
import {
  excludedFromTernary,
  type OutputType,
  packedScale,
  requireFit,
  requireScaleFits,
  requireTernary,
  storedType,
  trainedTernary,
  zeroShareWarning,
} from "./ternary-policy.js";
import { convertTokenizer } from "./tokenizer.js";

export interface ConvertOptions extends DiffusionOptions {
  /** Default: i2_s for a checkpoint trained ternary, f16 otherwise. */
  type?: OutputType;
  /** Write a ternary type for a checkpoint that was not trained for it. */
  forceTernary?: boolean;
  /** Name of the pre-tokenizer, instead of recognising it. */
  pre?: PreTokenizer;
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
  ternary: { name: string; scale: number; zeroShare: number }[];
  warnings: string[];
}

/**
 * Converts the checkpoint in `directory` to the file `out`.
 * @param onProgress called with the tensor bytes written so far and in all
 * @throws UnmaskError with what was wrong with the checkpoint or the options
 */
export async function convert(
  directory: string,
  out: string,
  options: ConvertOptions = {},
  onProgress?: (done: number, total: number, tensor: string) => void,
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
  onProgress?: (done: number, total: number, tensor: string) => void,
): Promise<ConvertReport> {
  const { config } = checkpoint;
  const architecture = architectureOf(config);
  const trained = trainedTernary(config);
  const type = options.type ?? (trained ? "i2_s" : "f16");
  const forced = !trained && options.forceTernary === true && isTernary(storedType(type));
  requireTernary(type, trained, forced);

  const tied = config.tie_word_embeddings ?? !checkpoint.tensors.has("lm_head.weight");
  const plan = planTensors(architecture, config, tied);
  const sources = matchTensors(checkpoint, plan, tied);
  const isTernaryLinear = ({ kind, from }: PlannedTensor): boolean =>
    kind === "linear" && (trained || forced) && !from.some((module) => excludedFromTernary(module, config));
  requireFit(type, plan.filter(isTernaryLinear));

  const rope = ropeSettings(config, headDimOf(config));
  const tokenizer = convertTokenizer(checkpoint, options.pre);
  const metadata = new Map<string, GgufValue>([
    ...modelMetadata(checkpoint.name, architecture, config, type, rope),
    ...tokenizer.metadata,
    ...diffusionMetadata(diffusionFacts(config, options, tokenizer.find)),
    ["unmask.options", string(optionText(type, options))],
    ...(forced ? [["unmask.forced_ternary", bool(true)] as const] : []),
  ]);
  const sourceSha256 = await checkpoint.sha256();
  metadata.set("unmask.source_sha256", string(sourceSha256));

  const report: ConvertReport = {
    path: out,
    architecture,
    type,
    parameters: plan.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    tensors: plan.length,
    tensorBytes: 0,
    sourceSha256,
    forcedTernary: forced,
    ternary: [],
    warnings: [],
  };
  const headDim = headDimOf(config);
  const tensors: TensorSource[] = plan.map((planned) => {
    const source = sources.get(planned)!;
    return isTernaryLinear(planned)
      ? ternaryTensor(checkpoint, planned, source, type, headDim, report)
      : floatTensor(checkpoint, planned, source, type, headDim);
  });
  if (rope.factors !== null) {
    const bytes = packFloats("F32", rope.factors);
    tensors.push({ name: "rope_freqs.weight", type: "F32", shape: [rope.factors.length], produce: () => [bytes] });
  }
  await writeGguf(out, { metadata, tensors }, (done, total, tensor) => {
    report.tensorBytes = total;
    onProgress?.(done, total, tensor);
  });
  return report;
}

interface MatchedTensor {
  tensor: SafetensorInfo;
  /** The `weight_scale` beside a packed weight. */
  scale: SafetensorInfo | null;
}

/** Finds every planned tensor in the checkpoint and refuses what is left over. */
function matchTensors(
  { tensors }: Checkpoint,
  plan: readonly PlannedTensor[],
  tied: boolean,
): ReadonlyMap<PlannedTensor, MatchedTensor> {
  const unused = new Set(tensors.keys());
  const take = (name: string): SafetensorInfo | undefined => {
    unused.delete(name);
    return tensors.get(name);
  };
  const matched = new Map<PlannedTensor, MatchedTensor>();
  for (const planned of plan) {
    const base = planned.from.find((name) => tensors.has(`${name}.${planned.suffix}`));
    if (base === undefined) {
      throw new UnmaskError(
        "tensor_missing",
        `The checkpoint has no tensor "${planned.from[0]}.${planned.suffix}". It is incomplete, or not the model that config.json describes.`,
      );
    }
    const tensor = take(`${base}.${planned.suffix}`)!;
    const packed = planned.kind === "linear" && tensor.dtype === "U8";
    const scale = packed ? take(`${base}.weight_scale`) : null;
    if (scale === undefined) {
      throw new UnmaskError(
        "tensor_missing",
        `The packed weight "${tensor.name}" has no "${base}.weight_scale" beside it.`,
      );
    }
    const expected = packed ? [planned.shape[0] / 4, planned.shape[1]] : planned.shape;
    if (tensor.shape.length !== expected.length || tensor.shape.some((size, axis) => size !== expected[axis])) {
      throw new UnmaskError(
        "tensor_shape_mismatch",
        `Tensor "${tensor.name}" (${tensor.dtype}) is [${tensor.shape}]; config.json makes it [${expected}]. The weights belong to another model, or config.json is wrong.`,
      );
    }
    matched.set(planned, { tensor, scale });
  }
  const left = [...unused].find((name) => !isRedundant(name, tied));
  if (left !== undefined) {
    throw new UnmaskError(
      "checkpoint_invalid",
      `The checkpoint has a tensor "${left}" that the architecture has no place for; a model without it would answer differently.`,
    );
  }
  return matched;
}

/** Vectors are f32; matrices that are not ternary have the chosen float type, or f16 beside ternary ones. */
function floatTensor(
  checkpoint: Checkpoint,
  planned: PlannedTensor,
  { tensor }: MatchedTensor,
  type: OutputType,
  headDim: number,
): TensorSource {
  const stored = storedType(type);
  const matrixType: FloatType = isTernary(stored) ? "F16" : stored;
  const floatType = planned.kind === "vector" ? "F32" : matrixType;
  return {
    name: planned.to,
    type: floatType,
    shape: planned.shape.toReversed(),
    async *produce() {
      const source = floatRows(checkpoint, tensor);
      for (const [first, count] of rowRuns(source.rows, source.columns, headDim)) {
        const values = await source.floats(first, count);
        if (floatType === "F16") requireHalf(values, tensor.name);
        yield packFloats(floatType, planned.permute ? interleaveHalves(values, source.columns, headDim) : values);
      }
    },
  };
}

function ternaryTensor(
  checkpoint: Checkpoint,
  planned: PlannedTensor,
  source: MatchedTensor,
  type: OutputType,
  headDim: number,
  report: ConvertReport,
): TensorSource {
  const stored = storedType(type);
  return {
    name: planned.to,
    type: stored,
    shape: planned.shape.toReversed(),
    async *produce() {
      const { rows, columns, scale, codes } = await ternaryRows(checkpoint, source);
      if (isTernary(stored)) requireScaleFits(stored, scale, planned.to);
      let zeros = 0;
      for (const [first, count] of rowRuns(rows, columns, headDim)) {
        const inOrder = await codes(first, count);
        const run = planned.permute ? interleaveHalves(inOrder, columns, headDim) : inOrder;
        for (const code of run) zeros += code === 1 ? 1 : 0;
        yield isTernary(stored)
          ? packTernaryBlocks(stored, run, scale)
          : packFloats(stored, ternaryToFloats({ codes: run, scales: Float32Array.of(scale), group: run.length }));
      }
      if (isTernary(stored)) yield ternaryTrailer(stored, scale);
      const zeroShare = zeros / (rows * columns);
      const warning = zeroShareWarning(planned.to, zeroShare);
      report.ternary.push({ name: planned.to, scale, zeroShare });
      if (warning !== null) report.warnings.push(warning);
    },
  };
}

async function ternaryRows(checkpoint: Checkpoint, { tensor, scale }: MatchedTensor): Promise<TernaryRows> {
  if (scale === null) return await ternarise(floatRows(checkpoint, tensor));
  const { columns, rows, floats } = floatRows(checkpoint, scale);
  if (columns * rows !== 1) {
    throw new UnmaskError(
      "checkpoint_invalid",
      `"${scale.name}" has ${columns * rows} values; one per tensor is supported.`,
    );
  }
  const [weightScale] = await floats(0, 1);
  return packedRows(checkpoint, tensor, packedScale(checkpoint.config, weightScale, tensor.name));
}

function requireHalf(values: Float32Array, name: string): void {
  const tooLarge = values.find((value) => Math.abs(value) >= 65520);
  if (tooLarge === undefined) return;
  throw new UnmaskError(
    "type_does_not_fit",
    `"${name}" holds ${tooLarge}, beyond the range of f16. Use --type bf16 or f32.`,
    {
      param: "type",
    },
  );
}

/** The command line that gives this file again, without the paths. */
function optionText(type: OutputType, options: ConvertOptions): string {
  const { blockLength, attention, maskToken, shift, pre, forceTernary } = options;
  const parts = [`--type ${type}`];
  if (blockLength !== undefined) parts.push(`--block-length ${blockLength}`);
  if (attention !== undefined) parts.push(`--attention ${attention}`);
  if (maskToken !== undefined) parts.push(`--mask-token ${maskToken}`);
  if (shift === false) parts.push("--no-shift");
  if (pre !== undefined) parts.push(`--pre ${pre}`);
  if (forceTernary) parts.push("--force-ternary");
  return parts.join(" ");
}
