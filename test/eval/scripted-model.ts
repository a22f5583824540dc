// A model that answers from a script and notes what it was asked.

import type { GenerateEvent, GenerateInput, GenerateOptions, Model, ModelInfo } from "../../src/engine/types.js";
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
  backend: { kind: "native", isa: "avx2", threads: 2, weightBytes: 0, kvBytes: 0 },
  decodeModes: ["adaptive", "iterative", "greedy", "verified", "autoregressive"],
  kvPages: 80,
  maxSequences: 16,
  defaults: { decodeMode: "adaptive", threshold: 0.9, smallBlockSize: 8, dualCache: true, maxTokens: 256 },
};

export class ScriptedModel {
  info: ModelInfo = info;
  readonly asked: { question: string; options: GenerateOptions }[] = [];
  disposed = false;
  inFlight = 0;
  mostInFlight = 0;
  /** The answer to a question, or the error it meets. */
  answer: (question: string, options: GenerateOptions) => string | Error = () => "";

  async *generate(input: GenerateInput, options: GenerateOptions = {}): AsyncGenerator<GenerateEvent, void, void> {
    if (!("messages" in input) || input.messages.length !== 1 || input.messages[0].role !== "user") {
      throw new Error("expected one user message");
    }
    const question = input.messages[0].content;
    this.asked.push({ question, options });
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
