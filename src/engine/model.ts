// A loaded model: the one generator that streaming, folding, CLI, eval and bench all read.
//
// It turns inputs into tokens, options into a plan, and hands sequences to the scheduler. It
// owns what it was given: backend, file and pool live until dispose().

import { randomInt } from "node:crypto";
import type { Program } from "../backend/program.js";
import { type Backend, pageSize } from "../backend/types.js";
import type { DecodeOptions } from "../decode/types.js";
import type { ModelFile } from "../format/types.js";
import type { AttentionKind, DiffusionFacts } from "../model/types.js";
import { StopMatcher, StreamDecoder } from "../text/stream.js";
import type { ChatTemplate } from "../text/template.js";
import type { Tokenizer } from "../text/tokenizer.js";
import { UnmaskError } from "../util/errors.js";
import { Answer } from "./answer.js";
import { LogitsDecoder } from "./logits.js";
import { resolveOptions } from "./options.js";
import { PagePool } from "./pages.js";
import { Scheduler } from "./scheduler.js";
import { Sequence, type SequencePlan, type Sink } from "./sequence.js";
import type { EngineStats, GenerateEvent, GenerateInput, GenerateOptions, Model, ModelInfo } from "./types.js";

export interface EngineParts {
  info: ModelInfo;
  facts: DiffusionFacts;
  program: Program;
  backend: Backend;
  file: ModelFile | null;
  tokenizer: Tokenizer;
  /** Throws what is wrong with the file's template when it is first needed. */
  template: () => ChatTemplate;
  prefixCache: boolean;
  maxRows: number;
}

export class EngineModel implements Model {
  readonly info: ModelInfo;
  readonly #parts: EngineParts;
  readonly #pool: PagePool;
  readonly #scheduler: Scheduler;
  readonly #counts = { promptTokens: 0, cachedTokens: 0, generatedTokens: 0 };
  #disposal: Promise<void> | null = null;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.info = parts.info;
    this.#pool = new PagePool(parts.info.kvPages);
    this.#scheduler = new Scheduler(parts.backend, this.#pool, {
      maxRows: parts.maxRows,
      maxSequences: parts.info.maxSequences,
      prefillRows: Math.max(pageSize, parts.facts.blockLength) + 1, // a row of the prompt, and a window as long as a block
    });
  }

  async *generate(input: GenerateInput, options: GenerateOptions = {}): AsyncGenerator<GenerateEvent, void, void> {
    const { facts, tokenizer } = this.#parts;
    const { signal } = options;
    const prompt = this.#tokens(input, this.info.contextLength);
    const decode = resolveOptions(options, prompt.length, {
      info: this.info,
      facts,
      stopTokens: tokenizer.stopIds,
      randomSeed: () => randomInt(2 ** 32),
    });
    if (signal?.aborted) throw abortedError();
    const sequence = this.#sequence(prompt, decode, options);
    const abort = () => {
      sequence.fail(abortedError());
      this.#scheduler.cancel(sequence);
    };
    signal?.addEventListener("abort", abort, { once: true });
    try {
      this.#scheduler.submit(sequence);
      for await (const event of sequence.queue) {
        if (event.type === "finish") this.#count(event.usage);
        yield event;
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#scheduler.cancel(sequence);
    }
  }

  tokenize(input: GenerateInput): number[] {
    return this.#tokens(input, Number.POSITIVE_INFINITY);
  }

  /** @param most a text that surely has more is refused before the work of encoding it */
  #tokens(input: GenerateInput, most: number): number[] {
    const { tokenizer } = this.#parts;
    if ("tokens" in input) return this.#checkPrompt(input.tokens, "tokens");
    const field = "prompt" in input ? "prompt" : "messages";
    const text = "prompt" in input ? input.prompt : this.#parts.template().render(input.messages);
    const least = tokenizer.leastTokens(text);
    if (least > most) {
      const message = `The prompt has at least ${least} tokens and the context holds ${most}, answer included. Shorten it.`;
      throw new UnmaskError("context_length_exceeded", message, { param: field });
    }
    const tokens = tokenizer.encode(text, { special: true });
    if (tokenizer.addBos && tokenizer.bosId !== null && tokens[0] !== tokenizer.bosId) tokens.unshift(tokenizer.bosId);
    return this.#checkPrompt(tokens, field);
  }

  detokenize(tokens: readonly number[]): string {
    return this.#parts.tokenizer.decode(this.#checkTokens(tokens, "tokens"));
  }

  async logits(tokens: readonly number[], options: { attention?: AttentionKind } = {}): Promise<Float32Array> {
    const { facts } = this.#parts;
    this.#checkPrompt(tokens, "tokens");
    if (tokens.length > this.info.contextLength) {
      throw new UnmaskError(
        "context_length_exceeded",
        `${tokens.length} tokens do not fit the context of ${this.info.contextLength}. Pass fewer.`,
        { param: "tokens" },
      );
    }
    const decoder = new LogitsDecoder(tokens, options.attention ?? facts.attention, facts.blockLength);
    const plan: SequencePlan = {
      prompt: tokens,
      options: logitsOptions,
      facts,
      contextLength: this.info.contextLength,
      mask: "causal",
      cache: false,
      decoder: () => decoder,
    };
    this.#checkFits(plan);
    const sequence = new Sequence(plan, silent);
    this.#scheduler.submit(sequence);
    for await (const _ of sequence.queue) {
      // A LogitsDecoder has no events; the queue ends when it is done.
    }
    const out = new Float32Array(tokens.length * this.info.vocabulary); // [tokens, vocabulary]
    let at = 0;
    for (const rows of decoder.rows) {
      out.set(rows, at);
      at += rows.length;
    }
    return out;
  }

  stats(): EngineStats {
    const { total, free, cached } = this.#pool;
    return {
      running: this.#scheduler.running,
      waiting: this.#scheduler.waiting,
      pages: { total, free, cached, inUse: total - this.#pool.available },
      forwards: this.#scheduler.forwards,
      rows: this.#scheduler.rows,
      ...this.#counts,
    };
  }

  dispose(): Promise<void> {
    this.#disposal ??= (async () => {
      await this.#scheduler.dispose();
      await this.#parts.backend.dispose();
      await this.#parts.file?.close();
    })();
    return this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #sequence(prompt: readonly number[], decode: DecodeOptions, options: GenerateOptions): Sequence {
    const { facts, tokenizer, prefixCache } = this.#parts;
    const blockCausal = facts.attention === "block-causal" && decode.mode !== "autoregressive";
    const plan: SequencePlan = {
      prompt,
      options: decode,
      facts,
      contextLength: this.info.contextLength,
      mask: blockCausal ? "block" : "causal",
      cache: prefixCache,
    };
    this.#checkFits(plan);
    const sequence: Sequence = new Sequence(plan, {
      started: (cached) => answer.started(cached),
      ran: (request) => answer.ran(request),
      events: (events) => answer.events(events),
      get finished() {
        return answer.finished;
      },
    });
    const answer = new Answer(
      sequence.queue,
      tokenizer,
      { stream: new StreamDecoder(), stops: new StopMatcher(options.stop ?? []) },
      {
        seed: decode.seed,
        stopTokens: new Set(decode.stopTokens),
        logprobs: options.logprobs !== undefined,
        alternatives: options.logprobs ?? 0,
        denoising: options.denoising ?? false,
        promptTokens: prompt.length,
      },
      () => performance.now(),
    );
    return sequence;
  }

  #checkFits(plan: SequencePlan): void {
    const needed = Sequence.pagesNeeded(plan);
    if (needed <= this.#pool.total) return;
    throw new UnmaskError(
      "context_length_exceeded",
      `The request needs ${needed} K/V pages for its prompt and answer and the pool has ${this.#pool.total}. ` +
        "Lower max_tokens, shorten the prompt, or start with more --kv-memory.",
      { param: "max_tokens" },
    );
  }

  #checkPrompt(tokens: readonly number[], param: string): number[] {
    if (tokens.length > 0) return this.#checkTokens(tokens, param);
    throw new UnmaskError("invalid_request", `${param} holds no tokens. Send at least one.`, { param });
  }

  #checkTokens(tokens: readonly number[], param: string): number[] {
    for (const token of tokens) {
      if (Number.isInteger(token) && token >= 0 && token < this.info.vocabulary) continue;
      throw new UnmaskError(
        "invalid_request",
        `Token ${token} is not in the vocabulary of ${this.info.vocabulary}. Use ids from 0 to ${this.info.vocabulary - 1}.`,
        { param },
      );
    }
    return [...tokens];
  }

  #count(usage: { promptTokens: number; cachedTokens: number; completionTokens: number }): void {
    this.#counts.promptTokens += usage.promptTokens;
    this.#counts.cachedTokens += usage.cachedTokens;
    this.#counts.generatedTokens += usage.completionTokens;
  }
}

const silent: Sink = { started: () => {}, ran: () => {}, events: () => {}, finished: false };

const logitsOptions: DecodeOptions = {
  mode: "autoregressive",
  threshold: 1,
  subBlock: 1,
  dualCache: false,
  maxTokens: 0,
  stopTokens: [],
  temperature: 0,
  topP: 1,
  topK: 0,
  seed: 0,
  top: 0,
};

function abortedError(): UnmaskError {
  return new UnmaskError("aborted", "The request was aborted by its caller.");
}
