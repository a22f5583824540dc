// Matrices of a checkpoint as runs of rows: as floats, or as ternary codes with a scale.
//
// Row runs keep memory bounded whatever the tensor's size. Ternarisation happens here and
// nowhere else: absmean over the whole tensor (BitNet b1.58), or the codes and the scale
// that the checkpoint already has.

import type { SafetensorInfo } from "../format/safetensors.js";
import { unpackFloats } from "../format/tensors/index.js";
import { unpackRows } from "../format/tensors/packed-rows.js";
import { UnmaskError } from "../util/errors.js";
import type { Checkpoint } from "./checkpoint.js";

/** [rows, columns] of f32. */
export interface FloatRows {
  rows: number;
  columns: number;
  /** Rows [first, first + count) -> [count, columns]. */
  floats(first: number, count: number): Promise<Float32Array>;
}

/** [rows, columns] of codes (t + 1); weight = (code - 1) * scale. */
export interface TernaryRows {
  rows: number;
  columns: number;
  scale: number;
  /** Rows [first, first + count) -> [count, columns]. */
  codes(first: number, count: number): Promise<Uint8Array>;
}

/** Elements of one run: 16 MiB of f32. */
const runElements = 4 * 1024 * 1024;

/** The runs [first, count] that cover `rows`, each but the last a multiple of `grain` rows. */
export function* rowRuns(rows: number, columns: number, grain: number): Generator<[first: number, count: number]> {
  const step = Math.max(1, Math.floor(runElements / columns / grain)) * grain;
  for (let first = 0; first < rows; first += step) yield [first, Math.min(step, rows - first)];
}

/** A float tensor of the checkpoint; a vector is one row. Throws `checkpoint_invalid` on NaN and infinities. */
export function floatRows(checkpoint: Checkpoint, tensor: SafetensorInfo): FloatRows {
  const { dtype, name } = tensor;
  if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16") {
    throw new UnmaskError(
      "checkpoint_invalid",
      `Tensor "${name}" holds ${dtype} where float weights are expected. Use the checkpoint in BF16, F16 or F32, or one packed by transformers' bitnet quantisation.`,
    );
  }
  const columns = tensor.shape.at(-1) ?? 1;
  const rows = tensor.shape.length > 1 ? tensor.shape[0] : 1;
  const rowBytes = tensor.bytes / rows;
  return {
    rows,
    columns,
    async floats(first, count) {
      const bytes = await checkpoint.read(tensor, first * rowBytes, (first + count) * rowBytes);
      const values = unpackFloats(dtype, bytes);
      if (!allFinite(values)) {
        throw new UnmaskError(
          "checkpoint_invalid",
          `Tensor "${name}" holds NaN or infinite weights. The checkpoint is damaged.`,
        );
      }
      return values;
    },
  };
}

function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

/**
 * Absmean ternarisation of a whole tensor, each step in f32 as in training:
 * s = 1 / max(mean|W|, 1e-5), t = clamp(roundHalfEven(W * s), -1, 1), scale = 1 / s.
 */
export async function ternarise(source: FloatRows): Promise<TernaryRows> {
  const { rows, columns } = source;
  let sum = 0;
  for (const [first, count] of rowRuns(rows, columns, 1)) {
    const weights = await source.floats(first, count);
    for (let i = 0; i < weights.length; i++) sum += Math.abs(weights[i]);
  }
  const inverse = Math.fround(1 / Math.max(Math.fround(sum / (rows * columns)), Math.fround(1e-5)));
  return {
    rows,
    columns,
    scale: Math.fround(1 / inverse),
    async codes(first, count) {
      const weights = await source.floats(first, count);
      const codes = new Uint8Array(weights.length);
      for (let i = 0; i < codes.length; i++) {
        const scaled = Math.fround(weights[i] * inverse);
        codes[i] = scaled > 0.5 ? 2 : scaled < -0.5 ? 0 : 1; // half to even takes 0.5 itself to 0
      }
      return codes;
    },
  };
}

/** A tensor packed by transformers, U8 [rows / 4, columns], with the scale its weights are multiplied by. */
export function packedRows(checkpoint: Checkpoint, tensor: SafetensorInfo, scale: number): TernaryRows {
  const [quarter, columns] = tensor.shape;
  const rows = 4 * quarter;
  return {
    rows,
    columns,
    scale,
    async codes(first, count) {
      const out = new Uint8Array(count * columns);
      for (let row = first; row < first + count; ) {
        const block = Math.floor(row / quarter) as 0 | 1 | 2 | 3;
        const end = Math.min(first + count, (block + 1) * quarter);
        const start = row - block * quarter;
        const bytes = await checkpoint.read(tensor, start * columns, (start + end - row) * columns);
        out.set(unpackRows(bytes, block), (row - first) * columns);
        row = end;
      }
      return out;
    },
  };
}

/**
 * Rows of whole heads from half-split to adjacent pairs: of each head, row 2j becomes row j of
 * its first half and row 2j + 1 row j of its second. So RoPE on pairs (2i, 2i + 1), as GGUF's
 * llama has it, turns what Hugging Face turns on (i, i + headDim / 2).
 */
export function interleaveHalves<T extends Float32Array | Uint8Array>(values: T, columns: number, headDim: number): T {
  const out = values.slice() as T;
  const rows = values.length / columns;
  for (let row = 0; row < rows; row++) {
    const within = row % headDim;
    const from = row - within + (within >> 1) + (within & 1) * (headDim / 2);
    out.set(values.subarray(from * columns, (from + 1) * columns), row * columns);
  }
  return out;
}
