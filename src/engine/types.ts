// What the engine offers to server, CLI, eval and library users.

import type { BackendInfo, HeadType } from "../backend/types.js";
import type { DecodeMode, DualCache } from "../decode/types.js";
import type { Architecture, AttentionKind } from "../model/types.js";

export interface ChatMessage {
  role: "system" | "user" | "assistant" | "tool";
  content: string;
}

/** Exactly one of these forms. `prompt` is tokenised as it is, without the chat template. */
export type GenerateInput = { messages: ChatMessage[] } | { prompt: string } | { tokens: number[] };

export interface GenerateOptions {
  maxTokens?: number; // default: 256, or what the context leaves if that is less
  temperature?: number; // default 0
  topP?: number;
  topK?: number;
  seed?: number; // default: random; given back in the finish event
  stop?: string[];
  decodeMode?: DecodeMode; // default: iterative with a threshold, or else the model's
  threshold?: number;
  smallBlockSize?: number;
  /** Refused when it differs from the model's block length. */
  blockSize?: number;
  dualCache?: DualCache;
  /** Number of alternatives with each token's logprob; absent: no logprobs. 0 gives the token's own. */
  logprobs?: number;
  /** Yield a `denoising` event for every forward that commits. */
  denoising?: boolean;
  /** Go on past stop tokens up to maxTokens (benchmarks). */
  ignoreStop?: boolean;
  /** Aborting stops the work within one forward; the generator then throws `aborted`. */
  signal?: AbortSignal;
}

export interface TokenText {
  token: number;
  /** The token's own text; bytes that are not UTF-8 alone become U+FFFD. */
  text: string;
  bytes: number[];
  logprob: number;
}

export interface TokenLogprob extends TokenText {
  top: TokenText[];
}

export interface DenoisingEvent {
  type: "denoising";
  block: number;
  /** Decode forwards of this request so far, this one included. */
  forward: number;
  /** Rows this request had in this forward. */
  rows: number;
  step: number;
  commits: {
    position: number;
    token: number;
    text: string;
    probability: number;
    top: { token: number; text: string; probability: number }[];
  }[];
  masked: number[];
}

export interface Usage {
  promptTokens: number;
  /** Of which found in the prefix cache. */
  cachedTokens: number;
  /** Generated tokens, a final stop token included. */
  completionTokens: number;
}

/**
 * forwards and rows count denoise, commit, verify and AR passes. Those of the prompt count where a window goes along, with
 * the window's rows; their time is the prompt's. Milliseconds of wall time.
 */
export interface Timings {
  promptN: number; // prompt tokens run (not cached)
  promptMs: number;
  promptForwards: number;
  predictedN: number;
  predictedMs: number;
  forwards: number;
  rows: number;
}

export type GenerateEvent =
  | { type: "text"; text: string; tokens: number[]; logprobs: TokenLogprob[] | null }
  | DenoisingEvent
  | { type: "finish"; reason: "stop" | "length"; usage: Usage; timings: Timings; seed: number };

export interface ModelInfo {
  /** File name without extension: the id of /v1/models. */
  id: string;
  name: string;
  path: string;
  bytes: number;
  architecture: Architecture;
  attention: AttentionKind;
  /** Null for a causal model. */
  blockLength: number | null;
  maskToken: number | null;
  contextLength: number;
  vocabulary: number;
  parameters: number;
  /** Storage type of most weight bytes, such as "I2_S". */
  weightType: string;
  /** SHA-256 over the beginning of every tensor, in hexadecimal: another one for weights that were trained anew. */
  weights: string;
  /** Type of the head's matrix, as it is multiplied and as the file stores it; they differ when it was requantised. */
  head: { type: string; stored: string };
  backend: BackendInfo;
  decodeModes: DecodeMode[];
  kvPages: number;
  maxSequences: number;
  defaults: {
    decodeMode: DecodeMode;
    threshold: number;
    smallBlockSize: number;
    dualCache: DualCache;
    maxTokens: number;
  };
}

export interface Model {
  readonly info: ModelInfo;
  /** Bad options throw before the first event. Ending the generator early stops the work. */
  generate(input: GenerateInput, options?: GenerateOptions): AsyncGenerator<GenerateEvent, void, void>;
  /** Token ids of an input, as generate would see them. */
  tokenize(input: GenerateInput): number[];
  detokenize(tokens: readonly number[]): string;
  /** Logits of every row, [tokens.length, vocabulary], for tests and research. */
  logits(tokens: readonly number[], options?: { attention?: AttentionKind }): Promise<Float32Array>;
  /** Live counters for /metrics and tests. */
  stats(): EngineStats;
  /** Waits for the running forward, fails what is queued, frees memory. */
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface EngineStats {
  running: number;
  waiting: number;
  pages: { total: number; free: number; cached: number; inUse: number };
  forwards: number;
  rows: number;
  promptTokens: number;
  cachedTokens: number;
  generatedTokens: number;
}

export interface LoadOptions {
  /** auto: native, or the reference with a warning when native cannot be loaded. */
  backend?: "auto" | "native" | "reference";
  threads?: number;
  isa?: string;
  /** Requantise the head at load: smaller and faster, its logits rounded. Default: as stored. */
  head?: HeadType;
  /** Bytes of K/V; default: room for a full context of each sequence, at most 1 GiB (at least one context). */
  kvMemory?: number;
  /** Cap of the context; default: the model's, at most 8192. */
  contextLength?: number;
  maxSequences?: number; // default 16
  maxRows?: number; // default 256
  prefixCache?: boolean; // default true
  /** Overrides for files that lack or misstate them. */
  maskToken?: number;
  blockSize?: number;
  defaults?: {
    decodeMode?: DecodeMode;
    threshold?: number;
    smallBlockSize?: number;
    dualCache?: DualCache;
    maxTokens?: number;
  };
  onProgress?: (done: number, total: number) => void;
  /** Told one line about each thing a user may want to know (template replaced, backend chosen). */
  log?: (level: "info" | "warn", message: string) => void;
}
