// The contract between a decoder and whoever runs the forwards.
//
// A decoder is a pure state machine: `next` says which rows it wants, `accept` is told the
// predictions and answers with events. It touches no tensor, clock, socket or page: it
// names positions and says whether their K/V are to be kept ("committed") or are a draft
// ("scratch"), and the engine finds the memory.

import type { HeadRequest, Predictions, Visibility } from "../backend/types.js";
import type { DiffusionFacts } from "../model/types.js";

/** The first that a model can run is its default. */
export const decodeModes = ["verified", "iterative", "adaptive", "greedy", "autoregressive"] as const;
export type DecodeMode = (typeof decodeModes)[number];

/** Modes that settle one token after the other under the causal mask; the others fill masks. */
export function leftToRight(mode: DecodeMode): boolean {
  return mode === "autoregressive" || mode === "verified";
}

/** Modes that commit what a threshold says. */
export function hasThreshold(mode: DecodeMode): boolean {
  return mode === "iterative" || mode === "adaptive";
}

/** Whether a mode decodes whole blocks; otherwise what is decoded begins anywhere, behind causal K/V. */
export function inBlocks(mode: DecodeMode, { attention, shift }: DiffusionFacts): boolean {
  return !leftToRight(mode) && !(attention === "context-causal" && shift);
}

/**
 * What a denoise step may leave out and see as earlier steps left it (DualCache). false: nothing. true, as in Fast-dLLM
 * v2: the block's other rows once the sub-block's first position is known. "shifted": they too before that, but the
 * sub-block to the left when a sub-block begins, whose last tokens no step has seen yet.
 */
export const dualCaches = [true, false, "shifted"] as const;
export type DualCache = (typeof dualCaches)[number];

export interface DecodeOptions {
  mode: DecodeMode;
  /** Commit positions whose confidence is strictly above it. */
  threshold: number;
  /** Positions of a block filled left to right, or drafted at once by verified; divides the block length. */
  subBlock: number;
  dualCache: DualCache;
  maxTokens: number;
  /** The answer ends at the first of these; it is part of the settled tokens. Empty: never. */
  stopTokens: readonly number[];
  temperature: number;
  topP: number;
  topK: number;
  seed: number;
  /** Most probable candidates wanted with each committed token, 0 to 20. */
  top: number;
}

export interface DecoderInput {
  prompt: readonly number[]; // at least one token
  /** Prompt positions whose K/V are already in committed pages: a multiple of the page size, < prompt.length. */
  cached: number;
  options: DecodeOptions;
  facts: DiffusionFacts;
  /** One past the last position that there is. */
  contextLength: number;
}

/** prefill runs prompt rows; everything else counts as decoding in timings. */
export type Phase = "prefill" | "denoise" | "commit" | "verify" | "step";

export interface SpanRequest {
  phase: Phase;
  tokens: readonly number[];
  position: number;
  visibility: Visibility;
  /** So many rows at its beginning see as under `causal`. Absent: none. */
  causalRows?: number;
  /** One past the last position with K/V that rows may see. */
  keyEnd: number;
  /**
   * committed: K/V go to the sequence's own pages, and count as far as the decoder then says. scratch: the block's page
   * is replaced by the scratch page.
   */
  target: "committed" | "scratch";
  head: HeadRequest | null;
}

export interface Candidate {
  token: number;
  logprob: number;
}

/** A token that will not change any more. */
export interface SettledToken {
  token: number;
  position: number;
  /** Plain softmax probability and logprob in the pass that committed it. */
  probability: number;
  logprob: number;
  top: Candidate[];
}

/** A forward that filled positions of a block: what `include_denoising` shows. */
export interface Denoised {
  type: "denoised";
  /** Index of the block: floor(position / blockLength). */
  block: number;
  /** From 1: denoise step within the sub-block (block without sub-blocks), or round of drafts within the block; 0 for the token of an AR step. */
  step: number;
  /** Rows of the forward that made these commits. */
  rows: number;
  /** In position order. */
  commits: SettledToken[];
  /** Positions of the block that are still masked. */
  masked: number[];
}

export type DecodeEvent =
  | Denoised
  /** The contiguous left prefix grew: append-only, in order. Never beyond maxTokens or the first stop token. */
  | { type: "settled"; tokens: SettledToken[] }
  /** Last event of every decoder. */
  | { type: "finish"; reason: "stop" | "length" };

export interface Decoder {
  /** Positions [0, committed) have final K/V in committed pages. Never decreases. */
  readonly committed: number;
  /** True after the finish event. */
  readonly finished: boolean;
  /** "prefill" while prompt rows are due. */
  readonly phase: "prefill" | "decode";
  /** The tokens at [0, committed), for the prefix cache. */
  committedTokens(): readonly number[];
  /**
   * The rows wanted next. A prefill span has at most maxRows rows (whole blocks when the mask is
   * block-causal); every other span ignores maxRows. Asking again before `accept` gives the same span.
   */
  next(maxRows: number): SpanRequest;
  /** Predictions of the span last asked for (null when it had no head). */
  accept(predictions: Predictions | null): DecodeEvent[];
}
