// RoPE settings of a checkpoint: base, and the two kinds of scaling that GGUF can carry.
//
// Linear scaling is a key of the file; Llama 3's is a tensor of factors, one per pair of
// dimensions. Everything else is refused by name: ignoring it would shift every position.

import { UnmaskError } from "../util/errors.js";
import type { CheckpointConfig, RopeConfig } from "./config.js";

export interface RopeSettings {
  base: number;
  /** Positions are divided by it; null for none. */
  linearFactor: number | null;
  /** [headDim / 2], each pair turns that many times slower; null for none. */
  factors: Float32Array | null;
  /** What config.json says of either, without the base. */
  scaling: RopeConfig | null;
}

const defaultBase = 10_000; // of transformers

/** @throws UnmaskError `hyperparameter_invalid` naming an unsupported kind */
export function ropeSettings(config: CheckpointConfig, headDim: number): RopeSettings {
  const { rope_theta, partial_rotary_factor, ...rope }: RopeConfig = {
    ...config.rope_scaling,
    ...config.rope_parameters,
  };
  const base = config.rope_theta ?? rope_theta ?? defaultBase;
  const partial = config.partial_rotary_factor ?? partial_rotary_factor ?? 1;
  if (partial !== 1) throw unsupported(`partial_rotary_factor ${partial}`);
  const type = rope.rope_type ?? rope.type ?? "default";
  switch (type) {
    case "default":
      return { base, linearFactor: null, factors: null, scaling: null };
    case "linear":
      return { base, linearFactor: required(rope, "factor"), factors: null, scaling: rope };
    case "llama3":
      return { base, linearFactor: null, factors: llama3Factors(rope, base, headDim), scaling: rope };
    default:
      throw unsupported(`rope_scaling "${type}"`);
  }
}

/** Llama 3.1: long waves turn `factor` times slower, short ones as before, those between are interpolated. */
function llama3Factors(rope: RopeConfig, base: number, headDim: number): Float32Array {
  const factor = required(rope, "factor");
  const low = required(rope, "low_freq_factor");
  const high = required(rope, "high_freq_factor");
  const context = required(rope, "original_max_position_embeddings");
  return Float32Array.from(wavelengths(base, headDim), (wavelength) => {
    if (wavelength < context / high) return 1;
    if (wavelength > context / low) return factor;
    const smooth = (context / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

/** Positions in which each pair of dimensions turns once. */
function wavelengths(base: number, headDim: number): number[] {
  return Array.from({ length: headDim / 2 }, (_, i) => 2 * Math.PI * base ** ((2 * i) / headDim));
}

/**
 * The llama3 scaling that gives these factors, with a low_freq_factor of 1, since scaling it with the two others changes nothing.
 * Null when there is none, or too few pairs lie between the two wavelengths to tell.
 *
 * @param factors [headDim / 2]
 */
export function llama3ScalingOf(factors: Float32Array, base: number, headDim: number): RopeConfig | null {
  const factor = Math.max(...factors);
  // Between them, the share of the short waves' rate is a line over 1 / wavelength: context / (high - 1) x - 1 / (high - 1).
  const points = wavelengths(base, headDim).flatMap((wavelength, i) =>
    factors[i] > 1 && factors[i] < factor ? [{ x: 1 / wavelength, y: (factor / factors[i] - 1) / (factor - 1) }] : [],
  );
  const [first, last] = [points[0], points[points.length - 1]];
  if (points.length < 2) return null;
  const slope = (last.y - first.y) / (last.x - first.x);
  const start = first.y - slope * first.x;
  const scaling: RopeConfig = {
    rope_type: "llama3",
    factor,
    low_freq_factor: 1,
    high_freq_factor: Math.round(1000 * (1 - 1 / start)) / 1000,
    original_max_position_embeddings: Math.round(-slope / start),
  };
  const again = llama3Factors(scaling, base, headDim);
  return again.every((value, i) => Math.abs(value / factors[i] - 1) < 1e-5) ? scaling : null;
}

function required(
  rope: RopeConfig,
  key: "factor" | "low_freq_factor" | "high_freq_factor" | "original_max_position_embeddings",
): number {
  const value = rope[key];
  if (value != null) return value;
  throw new UnmaskError("checkpoint_invalid", `config.json: rope_scaling lacks "${key}".`, {
    param: `rope_scaling.${key}`,
  });
}

function unsupported(what: string): UnmaskError {
  return new UnmaskError(
    "hyperparameter_invalid",
    `config.json asks for ${what}; RoPE without scaling, linear and llama3 are supported.`,
    { param: "rope_scaling" },
  );
}
