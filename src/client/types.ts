// What goes in and what comes out of the client, in the words of the library (`unmask`):
// camelCase, no undefined in answers. A field that the server did not send is null.

export type DecodeMode = "verified" | "iterative" | "adaptive" | "greedy" | "autoregressive";

export interface ClientOptions {
  /**
   * Where the server is. An address alone ("http://127.0.0.1:30000", the default) gets "/v1"; one with a path is
   * taken as it is ("https://host/api/v1").
   */
  baseURL?: string;
  /** Sent as `Authorization: Bearer KEY`. */
  apiKey?: string | null;
  /** For requests that name none. */
  model?: string;
  /** Most milliseconds of silence: before the answer begins, then between two pieces of it. Default: 600,000. */
  timeout?: number;
  /** Further tries after 429 and 503. Default: 2. */
  retries?: number;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** Instead of the global fetch. */
  fetch?: typeof fetch;
}

export interface CallOptions {
  /** Aborting ends the request, and with it the server's work. */
  signal?: AbortSignal;
  /** As in ClientOptions, for this call. */
  timeout?: number;
  retries?: number;
}

export interface ChatMessage {
  role: "system" | "user" | "assistant" | "tool";
  content: string;
}

/** What is left out is the server's default. */
export interface GenerateOptions extends CallOptions {
  model?: string;
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  seed?: number;
  stop?: string | string[];
  /** Number of alternatives with each token's logprob; 0 gives the token's own. */
  logprobs?: number;
  decodeMode?: DecodeMode;
  threshold?: number;
  smallBlockSize?: number;
  blockSize?: number;
  dualCache?: boolean | "shifted";
  /** Go on past stop tokens up to maxTokens. */
  ignoreStop?: boolean;
  /** Further fields of the request, as they are on the wire: `{ min_p: 0.05 }`. */
  extra?: Record<string, unknown>;
}

export interface StreamOptions extends GenerateOptions {
  /** Ask for an event at every forward that fills positions of a block. */
  denoising?: boolean;
}

export interface WaitOptions {
  signal?: AbortSignal;
  /** Milliseconds until it gives up. Default: 60,000. */
  timeout?: number;
  /** Milliseconds between two looks. Default: 250. */
  interval?: number;
}

export type FinishReason = "stop" | "length" | (string & {});

export interface Usage {
  promptTokens: number;
  /** Of which found in the server's prefix cache. */
  cachedTokens: number;
  completionTokens: number;
}

/** Milliseconds and tokens a second. forwards, rows and what follows from them: null from other servers. */
export interface Timings {
  promptN: number;
  promptMs: number;
  promptPerSecond: number;
  promptForwards: number | null;
  predictedN: number;
  predictedMs: number;
  predictedPerSecond: number;
  forwards: number | null;
  rows: number | null;
  tokensPerForward: number | null;
}

export interface TokenText {
  text: string;
  /** Null when the server does not say. */
  bytes: number[] | null;
  logprob: number;
}

export interface TokenLogprob extends TokenText {
  top: TokenText[];
}

export interface Answer {
  id: string;
  model: string;
  text: string;
  finishReason: FinishReason | null;
  usage: Usage | null;
  timings: Timings | null;
  /** Gives the same answer again. */
  seed: number | null;
  logprobs: TokenLogprob[] | null;
  /** For the server's log. */
  requestId: string | null;
}

export interface DenoisingCommit {
  position: number;
  token: number;
  text: string;
  probability: number;
  /** Up to five candidates, the most probable first. */
  top: { token: number; text: string; probability: number }[];
}

/** A forward that filled positions of a block. */
export interface Denoising {
  block: number;
  /** Decode forwards so far, this one included. */
  forward: number;
  /** Rows of this forward. */
  rows: number;
  /** Denoise step, from 1; 0 for the token of an autoregressive step. */
  step: number;
  commits: DenoisingCommit[];
  /** Positions of the block that are still masked. */
  masked: number[];
}

export type ChatEvent =
  | { type: "text"; text: string }
  | ({ type: "denoising" } & Denoising)
  | { type: "finish"; answer: Answer };

/** A model of /v1/models; servers add fields of their own. */
export interface ModelCard {
  id: string;
  [field: string]: unknown;
}

export interface Health {
  /** True when requests are answered. */
  ready: boolean;
  status: number;
  /** What the server said about itself; {} when nothing. */
  details: Record<string, unknown>;
}
