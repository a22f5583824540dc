// May this checkpoint be stored ternary, and with which scale?
//
// Ternary rounding of weights that were not trained for it destroys a model. So a ternary
// type is written only when the checkpoint says it was trained ternary, or when the user
// insists, and then the file says so.

import { fitsType, tensorTypeTable } from "../format/tensor-types.js";
import { type BlockType, isTernary, type TernaryType } from "../format/tensors/index.js";
import type { TensorType } from "../format/types.js";
import { UnmaskError } from "../util/errors.js";
import type { PlannedTensor } from "./architectures.js";
import type { CheckpointConfig } from "./config.js";

export const outputTypes = ["i2_s", "tq2_0", "tq1_0", "q2_0", "f16", "bf16", "f32"] as const;
export type OutputType = (typeof outputTypes)[number];

/** Share of zero weights that absmean training leaves: 42 % in BitNet-b1.58-2B-4T, 31 % for Gaussian weights. */
const usualZeroShare = { least: 0.2, most: 0.6 };

export function storedType(type: OutputType): Exclude<TensorType, BlockType> {
  return type.toUpperCase() as Exclude<TensorType, BlockType>;
}

/** Whether the checkpoint says it was trained ternary. Throws `checkpoint_invalid` for other quantisations. */
export function trainedTernary(config: CheckpointConfig): boolean {
  const quantization = config.quantization_config;
  if (quantization && quantization.quant_method !== "bitnet") {
    throw new UnmaskError(
      "checkpoint_invalid",
      `The checkpoint is quantised with "${quantization.quant_method}". Convert the checkpoint it was made from, in BF16, F16 or F32.`,
      { param: "quantization_config.quant_method" },
    );
  }
  if (quantization?.use_rms_norm) {
    throw new UnmaskError(
      "checkpoint_invalid",
      "The checkpoint has a norm inside every linear layer (quantization_config.use_rms_norm), which no supported architecture has.",
      { param: "quantization_config.use_rms_norm" },
    );
  }
  return quantization != null || config.ternary === true;
}

/** Refuses ternary output that would be garbage. Throws `not_ternary`. */
export function requireTernary(type: OutputType, trained: boolean, forced: boolean): void {
  if (!isTernary(storedType(type)) || trained || forced) return;
  throw new UnmaskError(
    "not_ternary",
    `Type ${type} keeps only the signs and zeros of the weights, and this checkpoint does not say that it was trained for that (quantization_config "bitnet", or "ternary": true in config.json). Rounding ordinary weights to ternary makes a model that prints garbage. Use --type f16, or --force-ternary to do it all the same.`,
    { param: "type" },
  );
}

/** Refuses a ternary type whose blocks do not divide the rows. Throws `type_does_not_fit`, naming one that fits. */
export function requireFit(type: OutputType, linears: readonly PlannedTensor[]): void {
  const stored = storedType(type);
  const misfit = linears.find(({ shape }) => !fitsType(stored, shape[1]));
  if (misfit === undefined) return;
  const fitting = outputTypes.find((candidate) =>
    linears.every(({ shape }) => fitsType(storedType(candidate), shape[1])),
  );
  throw new UnmaskError(
    "type_does_not_fit",
    `${misfit.to} has rows of ${misfit.shape[1]} weights, and ${type} stores blocks of ${tensorTypeTable[stored].blockElements}. Use --type ${fitting}.`,
    { param: "type" },
  );
}

/**
 * Whether quantization_config keeps this module (such as "lm_head") out of the ternary layers. A name counts
 * anywhere in the module's path, as it does in transformers: "model.layers.1" is layer 1 and layers 10 to 19.
 */
export function excludedFromTernary(module: string, config: CheckpointConfig): boolean {
  const excluded = config.quantization_config?.modules_to_not_convert ?? [];
  return excluded.some((name) => module.includes(name));
}

/**
 * What to multiply packed weights by. transformers' BitLinear divides by weight_scale, its
 * AutoBitLinear multiplies: the same field, opposite meanings. Throws `checkpoint_invalid`.
 */
export function multiplier(config: CheckpointConfig, weightScale: number, name: string): number {
  if (!(weightScale > 0) || !Number.isFinite(weightScale)) {
    throw new UnmaskError(
      "checkpoint_invalid",
      `The weight_scale of "${name}" is ${weightScale}; it must be positive.`,
    );
  }
  const multiplies = config.quantization_config?.linear_class === "autobitlinear";
  return multiplies ? weightScale : Math.fround(1 / weightScale);
}

/** Refuses a scale that the type's f16 cannot hold. Throws `type_does_not_fit`. */
export function requireScaleFits(type: TernaryType, scale: number, name: string): void {
  const least = 2 ** -14; // below, f16 loses precision
  if (type === "I2_S" || (scale >= least && scale <= 65504)) return;
  throw new UnmaskError(
    "type_does_not_fit",
    `${name} has the scale ${scale}, which ${type} would have to store in 16 bits. Use --type i2_s.`,
    { param: "type" },
  );
}

/** A warning about a share of zeros that ternary training does not give, or null. */
export function zeroShareWarning(name: string, share: number): string | null {
  if (share >= usualZeroShare.least && share <= usualZeroShare.most) return null;
  const percent = `${(100 * share).toFixed(1)} %`;
  if (share === 0) {
    return `${name}: no weight is zero. The weights were rounded by sign, not by absmean; a model trained with absmean has 20-60 % zeros. Expect wrong answers.`;
  }
  return `${name}: ${percent} of the weights are zero; absmean training leaves 20-60 %. The checkpoint may not be what its config.json says, or this layer is untrained.`;
}
