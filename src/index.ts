// The library: load a model, generate, and the types and errors that go with it.

export type { BackendInfo, HeadType } from "./backend/types.js";
export { type DecodeMode, decodeModes } from "./decode/types.js";
export { loadModel } from "./engine/index.js";
export type {
  ChatMessage,
  DenoisingEvent,
  EngineStats,
  GenerateEvent,
  GenerateInput,
  GenerateOptions,
  LoadOptions,
  Model,
  ModelInfo,
  Timings,
  TokenLogprob,
  TokenText,
  Usage,
} from "./engine/types.js";
export type { Architecture, AttentionKind } from "./model/types.js";
export { type ErrorCode, UnmaskError } from "./util/errors.js";
