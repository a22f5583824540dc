// A scripted Model: it answers from a function, keeps count of what runs, and stops when told.

import type { GenerateEvent, GenerateInput, GenerateOptions, Model, ModelInfo } from "../../src/engine/types.js";
import { UnmaskError } from "../../src/util/errors.js";

export const fakeInfo: ModelInfo = {
  id: "fake-model",
  name: "Fake",
  path: "fake-model.gguf",
  bytes: 1234,
  architecture: "bitnet",
  attention: "context-causal",
  blockLength: 32,
  maskToken: 99,
  contextLength: 512,
  vocabulary: 100,
  parameters: 1000,
  weightType: "I2_S",
  weights: "0123",
  head: { type: "F16", stored: "F16" },
  backend: { kind: "reference", isa: "typescript", threads: 1, weightBytes: 1, kvBytes: 1 },
  decodeModes: ["adaptive", "autoregressive"],
  kvPages: 8,
  maxSequences: 16,
  defaults: { decodeMode: "adaptive", threshold: 0.9, smallBlockSize: 8, dualCache: "shifted", maxTokens: 256 },
};

type Script = (
  input: GenerateInput,
  options: GenerateOptions,
) => Iterable<GenerateEvent> | AsyncIterable<GenerateEvent>;

export interface FakeModel extends Model {
  /** Calls of generate, in order. */
  calls: { input: GenerateInput; options: GenerateOptions }[];
  /** Generators that have begun and not ended. */
  live: number;
  waiting: number;
}

/** A text event of one token per piece; tokens count up from 10. */
export function text(...pieces: string[]): GenerateEvent {
  const tokens = pieces.map((_, i) => 10 + i);
  const logprobs = pieces.map((piece, i) => {
    const bytes = [...Buffer.from(piece)];
    const own = { token: tokens[i], text: piece, bytes, logprob: -0.25 };
    return { ...own, top: [own, { token: 50, text: "other", bytes: [...Buffer.from("other")], logprob: -1.5 }] };
  });
  return { type: "text", text: pieces.join(""), tokens, logprobs };
}

export const denoising: GenerateEvent = {
  type: "denoising",
  block: 1,
  forward: 1,
  rows: 32,
  step: 1,
  commits: [
    { position: 33, token: 10, text: "Hi", probability: 0.95, top: [{ token: 10, text: "Hi", probability: 0.95 }] },
  ],
  masked: [34, 35],
};

export function finish(reason: "stop" | "length" = "stop", tokens = 3): GenerateEvent {
  return {
    type: "finish",
    reason,
    usage: { promptTokens: 40, cachedTokens: 32, completionTokens: tokens },
    timings: {
      promptN: 8,
      promptMs: 16,
      promptForwards: 1,
      predictedN: tokens,
      predictedMs: 30,
      forwards: 2,
      rows: 64,
    },
    seed: 7,
  };
}

export function fakeModel(script: Script = () => [text("2", " +", " 2"), text(" equals 4."), finish()]): FakeModel {
  const model: FakeModel = {
    info: fakeInfo,
    calls: [],
    live: 0,
    waiting: 0,
    async *generate(input, options = {}) {
      model.calls.push({ input, options });
      model.live++;
      try {
        for await (const event of script(input, options)) {
          if (options.signal?.aborted) throw new UnmaskError("aborted", "The request was aborted.");
          if (event.type === "denoising" && !options.denoising) continue;
          if (event.type === "text" && options.logprobs === undefined) yield { ...event, logprobs: null };
          else yield event;
        }
      } finally {
        model.live--;
      }
    },
    tokenize: () => [1],
    detokenize: () => "",
    logits: async () => new Float32Array(0),
    stats: () => ({
      running: model.live,
      waiting: model.waiting,
      pages: { total: 8, free: 5, cached: 1, inUse: 2 },
      forwards: 11,
      rows: 222,
      promptTokens: 40,
      cachedTokens: 32,
      generatedTokens: 3,
    }),
    dispose: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  return model;
}

/** Resolves after the abort of a signal, as an engine in the middle of a forward would notice it. */
export function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
}
