// The ways of decoding that are compared.

import { type DecodeMode, leftToRight } from "../decode/types.js";
import type { GenerateOptions, ModelInfo } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";

export interface Method {
  name: string;
  mode: DecodeMode;
  /** Null for modes that have none. */
  threshold: number | null;
  smallBlockSize: number | null;
}

export interface MethodChoice {
  /** Absent: all that the model can run. */
  modes?: readonly DecodeMode[];
  /** Absent: 0.5, 0.7, 0.9, 0.95 and 0.99 for iterative, 0.9 for adaptive. */
  thresholds?: readonly number[];
  /** Of iterative and adaptive. Absent: the whole block, and 8. */
  smallBlockSizes?: readonly number[];
}

const order: readonly DecodeMode[] = ["autoregressive", "verified", "iterative", "adaptive", "greedy"];
const usualThresholds: Partial<Record<DecodeMode, readonly number[]>> = {
  iterative: [0.99, 0.95, 0.9, 0.7, 0.5],
  adaptive: [0.9],
};
/** What a server does when nobody says otherwise. */
const usual = { threshold: 0.9, smallBlockSize: 8 };

/** Nothing parallel about it: what diffusion training alone costs. */
const oneByOne: Method = { name: "one by one, left to right", mode: "iterative", threshold: 1, smallBlockSize: 1 };

/**
 * From the most careful to the boldest. Iterative and adaptive with every threshold, over the
 * whole block and in sub-blocks; greedy over the whole block.
 * @throws UnmaskError mode_unsupported for a mode that the model cannot run; invalid_request for a
 *   threshold or a sub-block that is impossible
 */
export function methodsFor(info: Pick<ModelInfo, "decodeModes" | "blockLength">, choice: MethodChoice): Method[] {
  const unable = choice.modes?.find((mode) => !info.decodeModes.includes(mode));
  if (unable !== undefined) {
    const message = `This model cannot decode in the mode "${unable}". Modes it can: ${info.decodeModes.join(", ")}.`;
    throw new UnmaskError("mode_unsupported", message, { param: "modes" });
  }
  const { blockLength } = info;
  checkNumbers(choice, blockLength ?? 1);
  const modes = order.filter((mode) => (choice.modes ?? info.decodeModes).includes(mode));
  return modes.flatMap((mode) => methodsOf(mode, blockLength, choice));
}

function checkNumbers({ thresholds = [], smallBlockSizes = [] }: MethodChoice, blockLength: number): void {
  const threshold = thresholds.find((value) => !(value > 0 && value <= 1));
  if (threshold !== undefined) {
    const message = `The threshold ${threshold} is impossible. It must be above 0 and at most 1.`;
    throw new UnmaskError("invalid_request", message, { param: "thresholds" });
  }
  const size = smallBlockSizes.find((value) => blockLength % value !== 0);
  if (size !== undefined) {
    const message = `Sub-blocks of ${size} do not divide this model's blocks of ${blockLength}. Name divisors of it.`;
    throw new UnmaskError("invalid_request", message, { param: "small_block_sizes" });
  }
}

function methodsOf(mode: DecodeMode, blockLength: number | null, choice: MethodChoice): Method[] {
  if (leftToRight(mode) || blockLength === null) {
    return [{ name: mode, mode, threshold: null, smallBlockSize: null }];
  }
  if (mode === "greedy") return [{ name: "greedy, whole block", mode, threshold: null, smallBlockSize: blockLength }];
  const thresholds = choice.thresholds ?? usualThresholds[mode] ?? [];
  const sizes = choice.smallBlockSizes ?? usualSizes(blockLength);
  const grid = sizes.flatMap((smallBlockSize) =>
    thresholds.map((threshold): Method => {
      const blocks = smallBlockSize === blockLength ? "whole block" : `sub-blocks of ${smallBlockSize}`;
      return { name: `${mode} ${threshold}, ${blocks}`, mode, threshold, smallBlockSize };
    }),
  );
  const chosen = choice.thresholds !== undefined || choice.smallBlockSizes !== undefined;
  return mode === "iterative" && !chosen ? [oneByOne, ...grid] : grid;
}

function usualSizes(blockLength: number): number[] {
  const { smallBlockSize } = usual;
  return blockLength % smallBlockSize === 0 && blockLength > smallBlockSize
    ? [blockLength, smallBlockSize]
    : [blockLength];
}

/** One of each mode, the one most like the usual settings: what tables without room for all show. */
export function mainMethods<T extends Method>(methods: readonly T[]): T[] {
  const distance = ({ threshold, smallBlockSize }: Method) =>
    100 * Math.abs((threshold ?? 0) - usual.threshold) + Math.abs((smallBlockSize ?? 0) - usual.smallBlockSize) / 1000;
  return order.flatMap((mode) =>
    methods
      .filter((method) => method.mode === mode)
      .sort((a, b) => distance(a) - distance(b))
      .slice(0, 1),
  );
}

/** The engine's options for a method: the most probable tokens, nothing random. */
export function optionsOf({ mode, threshold, smallBlockSize }: Method): GenerateOptions {
  return {
    decodeMode: mode,
    temperature: 0,
    seed: 0,
    ...(threshold === null ? {} : { threshold }),
    ...(smallBlockSize === null ? {} : { smallBlockSize }),
  };
}
