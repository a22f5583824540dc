// Checkpoint tensors as GGUF tensors: their type, and their bytes as they are asked for.

import type { TensorSource } from "../format/gguf-writer.js";
import type { SafetensorInfo } from "../format/safetensors.js";
import {
  type FloatType,
  isTernary,
  packFloats,
  packTernaryBlocks,
  ternaryToFloats,
  ternaryTrailer,
} from "../format/tensors/index.js";
import { UnmaskError } from "../util/errors.js";
import type { Checkpoint } from "./checkpoint.js";
import type { MatchedTensor } from "./match.js";
import { floatRows, interleaveHalves, packedRows, rowRuns, type TernaryRows, ternarise } from "./rows.js";
import { multiplier, type OutputType, requireScaleFits, storedType } from "./ternary-policy.js";

/** What became of a ternary tensor. */
export interface TernaryStatistics {
  name: string;
  scale: number;
  /** Share of weights that are zero. */
  zeroShare: number;
}

export interface TensorContext {
  checkpoint: Checkpoint;
  type: OutputType;
  headDim: number;
}

/** Vectors are f32; matrices have the chosen type, or f16 where that is ternary and they are not. */
export function floatTensor(context: TensorContext, { planned, tensor }: MatchedTensor): TensorSource {
  const { checkpoint, headDim } = context;
  const stored = storedType(context.type);
  const matrixType: FloatType = isTernary(stored) ? "F16" : stored;
  const type = planned.kind === "vector" ? "F32" : matrixType;
  const source = floatRows(checkpoint, tensor);
  return {
    name: planned.to,
    type,
    shape: planned.shape.toReversed(),
    async *produce() {
      for (const [first, count] of rowRuns(source.rows, source.columns, headDim)) {
        const values = await source.floats(first, count);
        if (type === "F16") requireHalf(values, tensor.name);
        yield packFloats(type, planned.permute ? interleaveHalves(values, source.columns, headDim) : values);
      }
    },
  };
}

/**
 * A matrix trained ternary, as codes and one scale, or as the floats these stand for.
 * @param onDone called when its last byte has been produced
 */
export function ternaryTensor(
  context: TensorContext,
  matched: MatchedTensor,
  onDone: (statistics: TernaryStatistics) => void,
): TensorSource {
  const { checkpoint, headDim } = context;
  const { planned, tensor, packedScale } = matched;
  const masters = packedScale === null ? floatRows(checkpoint, tensor) : null;
  const type = storedType(context.type);
  const pack = (codes: Uint8Array, scale: number): Uint8Array =>
    isTernary(type)
      ? packTernaryBlocks(type, codes, scale)
      : packFloats(type, ternaryToFloats({ codes, scales: Float32Array.of(scale), group: codes.length }));
  return {
    name: planned.to,
    type,
    shape: planned.shape.toReversed(),
    async *produce() {
      const { rows, columns, scale, codes } =
        masters === null ? await offlineRows(checkpoint, tensor, packedScale!) : await ternarise(masters);
      if (isTernary(type)) requireScaleFits(type, scale, planned.to);
      let zeros = 0;
      for (const [first, count] of rowRuns(rows, columns, headDim)) {
        const inOrder = await codes(first, count);
        const run = planned.permute ? interleaveHalves(inOrder, columns, headDim) : inOrder;
        for (let i = 0; i < run.length; i++) if (run[i] === 1) zeros++;
        yield pack(run, scale);
      }
      if (isTernary(type)) yield ternaryTrailer(type, scale);
      onDone({ name: planned.to, scale, zeroShare: zeros / (rows * columns) });
    },
  };
}

/** Codes as transformers packed them, with the scale beside them. */
async function offlineRows(
  checkpoint: Checkpoint,
  tensor: SafetensorInfo,
  scale: SafetensorInfo,
): Promise<TernaryRows> {
  const { columns, rows, floats } = floatRows(checkpoint, scale);
  if (columns * rows !== 1) {
    throw new UnmaskError(
      "checkpoint_invalid",
      `"${scale.name}" has ${columns * rows} values; one scale per tensor is supported.`,
    );
  }
  const [weightScale] = await floats(0, 1);
  return packedRows(checkpoint, tensor, multiplier(checkpoint.config, weightScale, tensor.name));
}

function requireHalf(values: Float32Array, name: string): void {
  const tooLarge = values.find((value) => Math.abs(value) >= 65520);
  if (tooLarge === undefined) return;
  throw new UnmaskError(
    "type_does_not_fit",
    `"${name}" holds ${tooLarge}, beyond the range of f16. Use --type bf16 or f32.`,
    { param: "type" },
  );
}
