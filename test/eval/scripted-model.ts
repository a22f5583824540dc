// A model that answers from a script and notes what it was asked.

import type {
  ChatMessage,
  GenerateEvent,
  GenerateInput,
  GenerateOptions,
  Model,
  ModelInfo,
} from "../../src/engine/types.js";
import { UnmaskError } from "../../src/util/errors.js";

export const info: ModelInfo = {
  id: "tiny",
  name: "Tiny",
  path: "/models/tiny.gguf",
  bytes: 2_000_000,
  architecture: "bitnet",
  attention: "context-causal",
  blockLength: 32,
  maskToken: 1023,
  contextLength: 512,
  vocabulary: 1024,
  parameters: 5_000_000,
  weightType: "I2_S",
  weights: "0123",
  head: { type: "F16", stored: "F16" },
  backend: { kind: "native", isa: "avx2", threads: 2, weightBytes: 0, kvBytes: 0 },
  decodeModes: ["adaptive", "iterative", "greedy", "verified", "autoregressive"],
  kvPages: 80,
  maxSequences: 16,
  defaults: { decodeMode: "adaptive", threshold: 0.9, smallBlockSize: 8, dualCache: "shifted", maxTokens: 256 },
};

export interface Asked {
  /** The last message, or the prompt. */
  question: string;
  messages: ChatMessage[] | null;
  options: GenerateOptions;
}

export class ScriptedModel {
  info: ModelInfo = info;
  readonly asked: Asked[] = [];
  disposed = false;
  inFlight = 0;
  mostInFlight = 0;
  /** The answer to a question, or the error it meets. */
  answer: (question: string, options: GenerateOptions) => string | Error = () => "";

  async *generate(input: GenerateInput, options: GenerateOptions = {}): AsyncGenerator<GenerateEvent, void, void> {
    if ("tokens" in input) throw new Error("expected messages or a prompt");
    const messages = "messages" in input ? input.messages : null;
    const question = "prompt" in input ? input.prompt : input.messages[input.messages.length - 1].content;
    this.asked.push({ question, messages, options });
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    try {
      await new Promise((resolve) => setImmediate(resolve));
      if (options.signal?.aborted) throw new UnmaskError("aborted", "The request was aborted by its caller.");
      const answer = this.answer(question, options);
      if (answer instanceof Error) throw answer;
      // In two parts, as text comes; one token a character.
      const half = answer.length >> 1;
      for (const text of [answer.slice(0, half), answer.slice(half)])
        yield { type: "text", text, tokens: [], logprobs: null };
      const tokens = answer.length + 1;
      yield {
        type: "finish",
        reason: "stop",
        usage: { promptTokens: 5, cachedTokens: 0, completionTokens: tokens },
        timings: {
          promptN: 5,
          promptMs: 1,
          promptForwards: 1,
          predictedN: tokens,
          predictedMs: 10 * tokens,
          forwards: 2,
          rows: 64,
        },
        seed: 0,
      };
    } finally {
      this.inFlight--;
    }
  }

  async dispose(): Promise<void> {
    this.disposed = true;
  }

  asModel(): Model {
    return this as unknown as Model;
  }
}
