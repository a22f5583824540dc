// The whole contract of a backend: create it over a program and a weight file, run forwards,
// dispose. Reference (plain TypeScript, the definition) and native (C++) both satisfy it.
//
// K/V live in pages of `pageSize` positions owned by the backend; the caller names pages by
// number and decides what each is for. A forward is a list of spans; everything else
// (prefill, denoise, commit, verify, autoregressive step) is how the caller fills them in.

import type { Program } from "./program.js";

/** Positions per K/V page. Also the grain of the prefix cache. */
export const pageSize = 32;

/** What a head can be requantised to, the most exact first. */
export const headTypes = ["q8_0", "q6_k", "q4_0"] as const;
export type HeadType = (typeof headTypes)[number];

/** The keys that a row sees. causal: position q sees k <= q. block: k < min(end of q's block, keyEnd). all: k < keyEnd. */
export const visibilities = ["causal", "block", "all"] as const;
export type Visibility = (typeof visibilities)[number];
/** Of K/V that are kept for other answers; with all they would depend on where their span ended. */
export type KeptVisibility = Exclude<Visibility, "all">;

/** What the caller wants to know about some rows of a span. All of them belong to one request. */
export interface HeadRequest {
  /** Row indices within the span, ascending. */
  rows: readonly number[];
  /** A token that cannot win: its logit is minus infinity before the softmax. -1 for none. */
  suppress: number;
  /** 0 takes the largest logit (lowest token among equals). */
  temperature: number;
  topP: number; // 1 = off
  topK: number; // 0 = off
  /** Randomness of row r is uniform(seed, span.position + r, draw) of util/rng. */
  seed: number;
  draw: number;
  /** How many of the most probable tokens to return per row, 0 to 20. */
  top: number;
  /** Also return the rows' whole logits (tests and research). */
  logits: boolean;
}

/** A run of rows of one sequence. */
export interface Span {
  tokens: readonly number[];
  /** Position of the first row. */
  position: number;
  visibility: Visibility;
  /** So many rows at its beginning see as under `causal`, whatever the visibility of the others. Absent: none. */
  causalRows?: number;
  /** One past the last position that has K/V once this span is written; >= position + rows. */
  keyEnd: number;
  /** pages[floor(p / pageSize)] holds the K/V of position p, for every p < keyEnd. Rows write there too. */
  pages: readonly number[];
  head: HeadRequest | null;
}

/** Answers to one HeadRequest, one entry per asked row. Probabilities are those of the plain
 *  softmax (temperature 1, nothing truncated) after suppression, whatever the sampling was. */
export interface Predictions {
  token: Int32Array; // [rows] the chosen token
  probability: Float32Array; // [rows] of the chosen token
  logprob: Float32Array; // [rows] natural logarithm of it, computed before the exponential
  entropy: Float32Array; // [rows] nats
  topToken: Int32Array; // [rows, top] descending, lowest token first among equals; -1 where the vocabulary ran out
  topLogprob: Float32Array; // [rows, top]
  logits: Float32Array | null; // [rows, vocabulary] when asked; suppression not applied
}

export interface BackendInfo {
  kind: "native" | "reference";
  /** "scalar", "avx2", "avxvnni", "avx512vnni", "amx" or "typescript". */
  isa: string;
  threads: number;
  /** Bytes of weights and of K/V held outside the mapped file. */
  weightBytes: number;
  kvBytes: number;
}

export interface BackendOptions {
  /** Pages of K/V to allocate. */
  pages: number;
  /** Most rows of one forward. */
  maxRows: number;
  /** 0 or absent: physical cores. Ignored by the reference. */
  threads?: number;
  /** Force an instruction set ("scalar", "avx2", "avxvnni", "avx512vnni", "amx"); absent: the best this CPU has. */
  isa?: string;
  /** Requantise the head, and only it, to this type, by ggml's reference quantiser; absent: as stored. */
  head?: HeadType;
  onProgress?: (done: number, total: number) => void;
}

export interface Backend {
  readonly info: BackendInfo;
  /**
   * Runs one forward. Results come in span order, null for spans without a head request.
   * Spans of one forward belong to different sequences or touch disjoint positions.
   * One forward at a time; a second call before the first resolves is a programming error.
   */
  forward(spans: readonly Span[]): Promise<(Predictions | null)[]>;
  /** Waits for the running forward, then frees everything. Idempotent. */
  dispose(): Promise<void>;
}

/** Bytes of K/V in one page: K and V, every layer, f16. */
export function pageBytes(program: Program): number {
  return program.layers * 2 * pageSize * program.kvHeads * program.headDim * 2;
}
