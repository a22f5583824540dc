// From an open model file to a checked program: what engine, eval and tests start with.

import type { Program, WeightRole } from "../backend/program.js";
import type { ModelFile } from "../format/types.js";
import { UnmaskError } from "../util/errors.js";
import { readHyperParameters } from "./hyperparameters.js";
import { buildProgram } from "./program.js";
import type { HyperParameters } from "./types.js";
import { checkWeights, ropeFreqsTensor } from "./weights.js";

export interface LoadedProgram {
  hp: HyperParameters;
  program: Program;
  roles: WeightRole[];
}

/**
 * Reads metadata and the RoPE factors, builds the program and compares it with the file's
 * tensors; weights stay unread.
 *
 * @throws UnmaskError of readHyperParameters, buildProgram and checkWeights
 */
export async function loadProgram(file: ModelFile, options: { contextLength?: number } = {}): Promise<LoadedProgram> {
  const hp = readHyperParameters(file.metadata, file.tensors);
  const ropeFreqs = await readRopeFreqs(file);
  const { program, roles } = buildProgram(hp, { contextLength: options.contextLength, ropeFreqs });
  checkWeights(roles, file.tensors);
  return { hp, program, roles };
}

async function readRopeFreqs(file: ModelFile): Promise<Float32Array | undefined> {
  const tensor = file.tensors.get(ropeFreqsTensor);
  if (tensor === undefined) return undefined;
  if (tensor.type !== "F32") {
    throw new UnmaskError("tensor_type_unsupported", `Tensor '${ropeFreqsTensor}' is ${tensor.type}; it must be F32.`, {
      param: ropeFreqsTensor,
    });
  }
  const bytes = await file.read(tensor);
  return new Float32Array(bytes.slice().buffer);
}
