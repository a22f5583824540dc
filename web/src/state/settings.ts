// What the user asks of the server beside the words. Null: the server's default.

import type { DecodeMode, GenerateOptions } from "../../../src/client/index.js";
import type { Facts } from "./facts.js";

export interface Settings {
  decodeMode: DecodeMode | null;
  threshold: number | null;
  smallBlockSize: number | null;
  temperature: number | null;
  topP: number | null;
  seed: number | null;
  maxTokens: number | null;
}

export const noSettings: Settings = {
  decodeMode: null,
  threshold: null,
  smallBlockSize: null,
  temperature: null,
  topP: null,
  seed: null,
  maxTokens: null,
};

/** Options of a request: what is set and what this server has. */
export function optionsOf(settings: Settings, facts: Facts | null): GenerateOptions {
  const { temperature, topP, seed, maxTokens } = settings;
  const options: GenerateOptions = {};
  if (temperature !== null) options.temperature = temperature;
  if (topP !== null) options.topP = topP;
  if (seed !== null) options.seed = seed;
  if (maxTokens !== null) options.maxTokens = maxTokens;
  if (facts === null || facts.decodeModes.length === 0) return options;
  const { decodeMode, threshold, smallBlockSize } = settings;
  if (decodeMode !== null && facts.decodeModes.includes(decodeMode)) options.decodeMode = decodeMode;
  if (facts.blockLength === null) return options;
  if (threshold !== null) options.threshold = threshold;
  if (smallBlockSize !== null && facts.blockLength % smallBlockSize === 0) options.smallBlockSize = smallBlockSize;
  return options.decodeMode === undefined ? options : inMode(options.decodeMode, options);
}

/** The options for a mode: without those that it has no use for, which the server would refuse. */
export function inMode<T extends GenerateOptions>(decodeMode: DecodeMode, options: T): T {
  const asked = { ...options, decodeMode };
  if (decodeMode !== "iterative" && decodeMode !== "adaptive") delete asked.threshold;
  if (decodeMode === "autoregressive") delete asked.smallBlockSize;
  return asked;
}

/** The number a field holds; null when it is empty or no number between the limits. */
export function numberIn(text: string, least: number, most: number, whole = false): number | null {
  if (text.trim() === "") return null;
  const value = Number(text);
  return value >= least && value <= most && (!whole || Number.isInteger(value)) ? value : null;
}
