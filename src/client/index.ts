// unmask/client: an unmask server, or any OpenAI-compatible one, called from TypeScript.
//
// No dependency and nothing of Node's own: fetch, AbortSignal and streams are all it needs,
// so it runs in Node, browsers, Deno and Bun. It imports nothing of the rest of the project.

export { UnmaskClient } from "./client.js";
export { type ClientErrorCode, UnmaskClientError } from "./errors.js";
export type { ChatStream } from "./stream.js";
export type {
  Answer,
  CallOptions,
  ChatEvent,
  ChatMessage,
  ClientOptions,
  DecodeMode,
  Denoising,
  DenoisingCommit,
  FinishReason,
  GenerateOptions,
  Health,
  ModelCard,
  StreamOptions,
  Timings,
  TokenLogprob,
  TokenText,
  Usage,
  WaitOptions,
} from "./types.js";
