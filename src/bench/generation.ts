// Whole answers: how fast each decode mode is from prompt to last token.
//
// Stop tokens are ignored, so that every answer has the length it was asked for. Rates count the
// generated tokens over the time after the prompt, commit passes included; "end to end" over
// everything. With random weights only greedy and autoregressive mean something: the others'
// speed depends on how sure a model is, and this one never is.

import { type DecodeMode, leftToRight } from "../decode/types.js";
import type { GenerateEvent, GenerateOptions, Model } from "../engine/types.js";
import { randomTokens } from "./forwards.js";
import type { Candidate } from "./rounds.js";
import { type Spread, spreadOf } from "./statistics.js";

export interface GenerationCase {
  name: string;
  promptTokens: number;
  newTokens: number;
  options: GenerateOptions;
}

export interface GenerationSample {
  tokens: number;
  forwards: number;
  rows: number;
  /** After the prompt. */
  decodeMs: number;
  /** From the call to the last event. */
  totalMs: number;
}

export interface GenerationResult {
  name: string;
  promptTokens: number;
  newTokens: number;
  /** Generated tokens a second, after the prompt. */
  tokensPerSecond: Spread;
  endToEnd: Spread;
  tokensPerForward: number;
  rowsPerToken: number;
}

type Finish = Extract<GenerateEvent, { type: "finish" }>;

const promptTokens = 32;
/** The prompt of the seed system's own measurement. */
const shortPromptTokens = 20;

/** One case for each decode mode, greedy over the whole block in several lengths. */
export function generationCases({ info }: Pick<Model, "info">): GenerationCase[] {
  const cases = info.decodeModes.flatMap((mode) => casesOf(mode, info.blockLength ?? 1));
  return cases.filter(({ promptTokens, newTokens }) => promptTokens + newTokens <= info.contextLength);
}

function casesOf(mode: DecodeMode, blockLength: number): GenerationCase[] {
  const usual = { promptTokens, newTokens: 64 };
  if (leftToRight(mode)) {
    return [{ name: mode, ...usual, options: { decodeMode: mode } }];
  }
  if (mode !== "greedy") {
    const smallBlockSize = blockLength % 8 === 0 ? 8 : blockLength;
    const options = { decodeMode: mode, threshold: 0.9, smallBlockSize };
    return [{ name: `${mode} 0.9, sub-blocks of ${smallBlockSize}`, ...usual, options }];
  }
  const options = { decodeMode: mode, smallBlockSize: blockLength };
  const name = "greedy, whole block";
  return [promptTokens, shortPromptTokens].flatMap((prompt) =>
    [64, 128].map((newTokens) => ({ name, promptTokens: prompt, newTokens, options })),
  );
}

export function generationCandidate(
  model: Model,
  test: GenerationCase,
  signal?: AbortSignal,
): Candidate<GenerationSample> {
  const tokens = randomTokens(test.promptTokens, model.info.vocabulary, 2);
  return { name: `${test.name}, ${test.newTokens} tokens`, run: () => generate(model, tokens, test, signal) };
}

/** @throws aborted */
export async function generate(
  model: Model,
  tokens: number[],
  { newTokens, options }: Pick<GenerationCase, "newTokens" | "options">,
  signal?: AbortSignal,
): Promise<GenerationSample> {
  const begun = performance.now();
  const finish = await finished(
    model.generate({ tokens }, { temperature: 0, seed: 0, ...options, maxTokens: newTokens, ignoreStop: true, signal }),
  );
  const totalMs = performance.now() - begun;
  const { predictedN, predictedMs, forwards, rows } = finish.timings;
  return { tokens: predictedN, forwards, rows, decodeMs: predictedMs, totalMs };
}

async function finished(events: AsyncIterable<GenerateEvent>): Promise<Finish> {
  for await (const event of events) if (event.type === "finish") return event;
  throw new Error("the model ended an answer without a finish event");
}

/** @param samples of one case, at least one */
export function generationResult(test: GenerationCase, samples: readonly GenerationSample[]): GenerationResult {
  const { name, promptTokens, newTokens } = test;
  const { tokens, forwards, rows } = samples[0]; // the same in every round
  return {
    name,
    promptTokens,
    newTokens,
    tokensPerSecond: spreadOf(samples.map((sample) => sample.tokens / (sample.decodeMs / 1000))),
    endToEnd: spreadOf(samples.map((sample) => sample.tokens / (sample.totalMs / 1000))),
    tokensPerForward: tokens / forwards,
    rowsPerToken: rows / tokens,
  };
}
