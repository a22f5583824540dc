// Many requests at once against one: what batching in the engine is worth.
//
// Prompts are so short that all are read in one forward; after it every request decodes. A rate
// is the sum of the requests' own rates after their prompts.

import type { DecodeMode } from "../decode/types.js";
import type { Model } from "../engine/types.js";
import { randomTokens } from "./forwards.js";
import { type GenerationSample, generate } from "./generation.js";
import type { Candidate } from "./rounds.js";
import { median } from "./statistics.js";

const requests = 16;
const promptTokens = 4;
const newTokens = 32;

export interface ConcurrencyCase {
  mode: DecodeMode;
  requests: number;
}

export interface ConcurrencyResult {
  mode: DecodeMode;
  requests: number;
  /** Of all requests together, against one alone: medians. */
  tokensPerSecond: number;
  rowsPerSecond: number;
  alone: { tokensPerSecond: number; rowsPerSecond: number };
}

/** Pairs of one request and many. */
export function concurrencyCases({ info }: Pick<Model, "info">): ConcurrencyCase[] {
  const many = Math.min(requests, info.maxSequences);
  const modes = (["autoregressive", "adaptive"] as const).filter((mode) => info.decodeModes.includes(mode));
  return many < 2 ? [] : modes.flatMap((mode) => [1, many].map((count) => ({ mode, requests: count })));
}

export function concurrencyCandidate(
  model: Model,
  { mode, requests }: ConcurrencyCase,
  signal?: AbortSignal,
): Candidate<GenerationSample[]> {
  const test = { newTokens, options: { decodeMode: mode } };
  const prompts = Array.from({ length: requests }, (_, i) => randomTokens(promptTokens, model.info.vocabulary, 10 + i));
  return {
    name: `${mode}, ${requests} at once`,
    run: () => Promise.all(prompts.map((tokens) => generate(model, tokens, test, signal))),
  };
}

/** @param samples of the cases, [cases][rounds][requests] */
export function concurrencyResults(
  cases: readonly ConcurrencyCase[],
  samples: readonly (readonly GenerationSample[][])[],
): ConcurrencyResult[] {
  const rates = samples.map((rounds) => ({
    tokensPerSecond: median(rounds.map((round) => total(round, ({ tokens }) => tokens))),
    rowsPerSecond: median(rounds.map((round) => total(round, ({ rows }) => rows))),
  }));
  return cases.flatMap((test, i) => (test.requests === 1 ? [] : [{ ...test, ...rates[i], alone: rates[i - 1] }]));
}

function total(round: readonly GenerationSample[], count: (sample: GenerationSample) => number): number {
  return round.reduce((sum, sample) => sum + count(sample) / (sample.decodeMs / 1000), 0);
}
