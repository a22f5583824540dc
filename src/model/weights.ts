// Compares what a program expects of a file with what the file holds, before any weight is
// read: names, shapes, and that nothing is left over. A tensor nobody asks for (a bias, a
// scale, an adapter) would change the model's answers, so it is refused, not skipped. RoPE factors
// are read here, since a program is built with them.

import type { WeightRole } from "../backend/program.js";
import type { ModelFile, TensorInfo } from "../format/types.js";
import { UnmaskError } from "../util/errors.js";
import type { HyperParameters } from "./types.js";

/** Read beside the program: it goes into the RoPE table. */
const ropeFactors = "rope_freqs.weight";

/** @throws UnmaskError tensor_missing, tensor_shape_mismatch, tensor_type_unsupported, gguf_unsupported, naming the tensor */
export function checkWeights(roles: readonly WeightRole[], tensors: ReadonlyMap<string, TensorInfo>): void {
  for (const { name, shape, kind } of roles) {
    const tensor = tensors.get(name);
    if (tensor === undefined) {
      throw new UnmaskError(
        "tensor_missing",
        `The file has no tensor '${name}' (${shape.join(" x ")}). It is incomplete; convert or download it again.`,
        { param: name },
      );
    }
    if (!sameShape(tensor.shape, shape)) {
      throw new UnmaskError(
        "tensor_shape_mismatch",
        `Tensor '${name}' is ${tensor.shape.join(" x ")} where the metadata asks for ${shape.join(" x ")}. ` +
          "Metadata and weights are of different models; convert again.",
        { param: name },
      );
    }
    if (kind === "vector") checkVectorType(tensor);
  }
  const factors = tensors.get(ropeFactors);
  if (factors !== undefined) checkVectorType(factors);
  const expected = new Set(roles.map((role) => role.name));
  expected.add(ropeFactors);
  for (const name of tensors.keys()) {
    if (!expected.has(name)) {
      throw new UnmaskError(
        "gguf_unsupported",
        `The file has a tensor '${name}' that this architecture does not use here; answers without it would be wrong. ` +
          "Use a model without it.",
        { param: name },
      );
    }
  }
}

/**
 * RoPE factors of a file that has them, [ropeDim / 2].
 *
 * @throws UnmaskError hyperparameter_invalid before anything of a wrong size is read
 */
export async function readRopeFreqs(file: ModelFile, { ropeDim }: HyperParameters): Promise<Float32Array | undefined> {
  const tensor = file.tensors.get(ropeFactors);
  if (tensor === undefined || tensor.type !== "F32") return undefined; // of another type: checkWeights refuses it
  if (tensor.shape.join() !== String(ropeDim / 2)) {
    const message = `${ropeFactors} has the shape [${tensor.shape}] and must have [${ropeDim / 2}]. Convert the model again.`;
    throw new UnmaskError("hyperparameter_invalid", message, { param: ropeFactors });
  }
  const bytes = await file.read(tensor);
  return new Float32Array(bytes.slice().buffer);
}

function checkVectorType({ name, type }: TensorInfo): void {
  if (type === "F32") return;
  throw new UnmaskError(
    "tensor_type_unsupported",
    `Tensor '${name}' is stored as ${type}; norms, biases and RoPE factors must be F32. Convert the model again.`,
    { param: name },
  );
}

/** ggml pads shapes with ones: [n, 1] is [n]. */
function sameShape(found: readonly number[], expected: readonly number[]): boolean {
  const axes = Math.max(found.length, expected.length);
  return Array.from({ length: axes }, (_, i) => (found[i] ?? 1) === (expected[i] ?? 1)).every(Boolean);
}
