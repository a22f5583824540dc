// The ways of decoding that are compared.

import type { DecodeMode } from "../decode/types.js";
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
  /** Absent: 0.5, 0.7, 0.9 and 0.95 for iterative, 0.9 for adaptive. */
  thresholds?: readonly number[];
}

const order: readonly DecodeMode[] = ["autoregressive", "verified", "iterative", "adaptive", "greedy"];
const usualThresholds: Partial<Record<DecodeMode, readonly number[]>> = {
  iterative: [0.95, 0.9, 0.7, 0.5],
  adaptive: [0.9],
};
const usualSubBlock = 8;

/**
 * From the most careful to the boldest. Iterative and adaptive with every threshold, over the
 * whole block and in sub-blocks of 8; greedy over the whole block.
 * @throws UnmaskError mode_unsupported for a mode that the model cannot run
 */
export function methodsFor(info: Pick<ModelInfo, "decodeModes" | "blockLength">, choice: MethodChoice): Method[] {
  const unable = choice.modes?.find((mode) => !info.decodeModes.includes(mode));
  if (unable !== undefined) {
    const message = `This model cannot decode in the mode "${unable}". Modes it can: ${info.decodeModes.join(", ")}.`;
    throw new UnmaskError("mode_unsupported", message, { param: "modes" });
  }
  const modes = order.filter((mode) => (choice.modes ?? info.decodeModes).includes(mode));
  return modes.flatMap((mode) => methodsOf(mode, info.blockLength, choice.thresholds));
}

function methodsOf(mode: DecodeMode, blockLength: number | null, thresholds?: readonly number[]): Method[] {
  if (mode === "autoregressive" || mode === "verified" || blockLength === null) {
    return [{ name: mode, mode, threshold: null, smallBlockSize: null }];
  }
  if (mode === "greedy") return [{ name: "greedy, whole block", mode, threshold: null, smallBlockSize: blockLength }];
  const sizes =
    blockLength % usualSubBlock === 0 && blockLength > usualSubBlock ? [blockLength, usualSubBlock] : [blockLength];
  return sizes.flatMap((smallBlockSize) =>
    (thresholds ?? usualThresholds[mode] ?? []).map((threshold) => {
      const blocks = smallBlockSize === blockLength ? "whole block" : `sub-blocks of ${smallBlockSize}`;
      return { name: `${mode} ${threshold}, ${blocks}`, mode, threshold, smallBlockSize };
    }),
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
