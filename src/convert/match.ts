// Finds the planned tensors in a checkpoint, and what the plan has no use for.

import type { SafetensorInfo } from "../format/safetensors.js";
import { UnmaskError } from "../util/errors.js";
import { isRedundant, type PlannedTensor } from "./architectures.js";

export interface MatchedTensor {
  planned: PlannedTensor;
  tensor: SafetensorInfo;
  /** The `weight_scale` beside a weight that is packed as U8 [rows / 4, columns]. */
  packedScale: SafetensorInfo | null;
}

/**
 * One entry per planned tensor, in order.
 * @param tied the head is the embedding matrix
 * @throws UnmaskError `tensor_missing`, `tensor_shape_mismatch`, `checkpoint_invalid` for tensors left over
 */
export function matchTensors(
  tensors: ReadonlyMap<string, SafetensorInfo>,
  plan: readonly PlannedTensor[],
  tied: boolean,
): MatchedTensor[] {
  const unused = new Set(tensors.keys());
  const take = (name: string): SafetensorInfo | undefined => {
    unused.delete(name);
    return tensors.get(name);
  };
  const matched = plan.map((planned): MatchedTensor => {
    const base = planned.from.find((name) => tensors.has(`${name}.${planned.suffix}`));
    if (base === undefined) {
      throw new UnmaskError(
        "tensor_missing",
        `The checkpoint has no tensor "${planned.from[0]}.${planned.suffix}". It is incomplete, or not the model that config.json describes.`,
      );
    }
    const tensor = take(`${base}.${planned.suffix}`)!;
    const packed = planned.kind === "linear" && tensor.dtype === "U8";
    const packedScale = packed ? take(`${base}.weight_scale`) : null;
    if (packedScale === undefined) {
      throw new UnmaskError(
        "tensor_missing",
        `The packed weight "${tensor.name}" has no "${base}.weight_scale" beside it. The checkpoint is incomplete.`,
      );
    }
    requireShape(tensor, packed ? [planned.shape[0] / 4, planned.shape[1]] : planned.shape);
    return { planned, tensor, packedScale };
  });
  const left = [...unused].find((name) => !isRedundant(name, tied));
  if (left === undefined) return matched;
  throw new UnmaskError(
    "checkpoint_invalid",
    `The checkpoint has a tensor "${left}" that the architecture has no place for; a model without it would answer differently.`,
  );
}

function requireShape({ name, dtype, shape }: SafetensorInfo, expected: readonly number[]): void {
  if (shape.length === expected.length && shape.every((size, axis) => size === expected[axis])) return;
  throw new UnmaskError(
    "tensor_shape_mismatch",
    `Tensor "${name}" (${dtype}) is [${shape}]; config.json makes it [${expected}]. The weights belong to another model, or config.json is wrong.`,
  );
}
