// Asking the head about rows and reading its answers: the one place where decode options become
// a HeadRequest and Predictions become tokens.
//
// The mask token is suppressed in every mode, so it is never generated and all modes choose
// from the same distribution.

import type { HeadRequest, Predictions } from "../backend/types.js";
import type { DiffusionFacts } from "../model/types.js";
import type { Canvas } from "./canvas.js";
import type { Candidate, DecodeOptions, Denoised, SettledToken, SpanRequest } from "./types.js";

/** What is fixed for a request: the machines' common ground. */
export interface Request {
  readonly options: DecodeOptions;
  readonly facts: DiffusionFacts;
}

/**
 * Asks about `rows` of a span as the request samples. `draw` is 0 for the prompt and then counts
 * decode forwards, so that (position, draw) names each sample of a request once, and the same one
 * whatever was batched or found in the cache.
 */
export function ask({ options, facts }: Request, rows: readonly number[], draw: number): HeadRequest {
  const { temperature, topP, topK, seed, top } = options;
  return { rows, suppress: facts.maskToken ?? -1, temperature, topP, topK, seed, draw, top, logits: false };
}

/** The index-th asked row's choice, placed at `position`. */
export function readToken(predictions: Predictions, index: number, position: number): SettledToken {
  const width = predictions.topToken.length / predictions.token.length;
  const top: Candidate[] = [];
  for (let i = index * width; i < (index + 1) * width; i++) {
    if (predictions.topToken[i] < 0) break;
    top.push({ token: predictions.topToken[i], logprob: predictions.topLogprob[i] });
  }
  return {
    token: predictions.token[index],
    position,
    probability: predictions.probability[index],
    logprob: predictions.logprob[index],
    top,
  };
}

/** Fills positions of one block and says so. `rows`: those of the forward that decided. */
export function fillBlock(
  canvas: Canvas,
  { facts }: Request,
  commits: SettledToken[],
  step: number,
  rows: number,
): Denoised {
  for (const token of commits) canvas.fill(token);
  const block = Math.floor(commits[0].position / facts.blockLength);
  const start = block * facts.blockLength;
  return { type: "denoised", block, step, rows, commits, masked: canvas.masked(start, start + facts.blockLength) };
}

/** Counts the passes that fill a block, from 1 in each, for machines to which blocks mean nothing. */
export class Rounds {
  readonly #passes = new Map<number, number>();

  in(block: number): number {
    const round = (this.#passes.get(block) ?? 0) + 1;
    this.#passes.set(block, round);
    return round;
  }
}

/** The same for positions in order that may lie in several blocks. */
export function fillBlocks(
  canvas: Canvas,
  request: Request,
  commits: readonly SettledToken[],
  rounds: Rounds,
  rows: number,
): Denoised[] {
  const byBlock = new Map<number, SettledToken[]>();
  for (const token of commits) {
    const block = Math.floor(token.position / request.facts.blockLength);
    byBlock.set(block, [...(byBlock.get(block) ?? []), token]);
  }
  return [...byBlock].map(([block, tokens]) => fillBlock(canvas, request, tokens, rounds.in(block), rows));
}

/** The AR step: the prediction of a span's last row, the only one asked about, fills the next position. */
export function fillNext(canvas: Canvas, request: Request, span: SpanRequest, predictions: Predictions): Denoised {
  const rows = span.tokens.length;
  return fillBlock(canvas, request, [readToken(predictions, 0, span.position + rows)], 0, rows);
}
