// From a decoder's events to what a caller of generate() sees.
//
// Settled tokens become text byte-exactly, stop strings are matched across token borders, and
// text that may still turn out to be part of one is held back with its tokens. Counts and
// times of the request are kept here. Not here: pages, forwards, HTTP.

import type { DecodeEvent, SettledToken, SpanRequest } from "../decode/types.js";
import type { StopMatcher, StreamDecoder } from "../text/stream.js";
import type { EventQueue } from "./events.js";
import type { Sink } from "./sequence.js";
import type { GenerateEvent, Timings, TokenLogprob, TokenText, Usage } from "./types.js";

/** What an answer needs to know of the vocabulary. */
export interface Vocabulary {
  tokenBytes(token: number): Uint8Array;
}

export interface AnswerOptions {
  seed: number;
  stopTokens: ReadonlySet<number>;
  /** Attach logprobs to text events. */
  logprobs: boolean;
  /** Alternatives reported with each logprob. */
  alternatives: number;
  denoising: boolean;
  promptTokens: number;
}

export class Answer implements Sink {
  finished = false;
  generated = 0;
  cachedTokens = 0;
  readonly #queue: EventQueue<GenerateEvent>;
  readonly #vocabulary: Vocabulary;
  readonly #options: AnswerOptions;
  readonly #stream: StreamDecoder;
  readonly #stops: StopMatcher;
  readonly #now: () => number;
  readonly #timings = { promptForwards: 0, forwards: 0, rows: 0 };
  /** Tokens whose text has not been emitted, with the length of all text before each. */
  readonly #held: { settled: SettledToken; start: number }[] = [];
  #decoded = 0; // characters decoded so far
  #emitted = 0; // characters given to the caller
  #started = 0;
  #decodeStarted = 0;

  constructor(
    queue: EventQueue<GenerateEvent>,
    vocabulary: Vocabulary,
    text: { stream: StreamDecoder; stops: StopMatcher },
    options: AnswerOptions,
    now: () => number,
  ) {
    this.#queue = queue;
    this.#vocabulary = vocabulary;
    this.#stream = text.stream;
    this.#stops = text.stops;
    this.#options = options;
    this.#now = now;
  }

  /** Called when the request leaves the waiting line. */
  started(cachedTokens: number): void {
    this.cachedTokens = cachedTokens;
    this.#started = this.#decodeStarted = this.#now();
  }

  ran(request: SpanRequest): void {
    const { tokens, causalRows = tokens.length } = request;
    const isPrompt = request.phase === "prefill";
    if (isPrompt) {
      this.#timings.promptForwards++;
      this.#decodeStarted = this.#now();
    }
    const rows = isPrompt ? tokens.length - causalRows : tokens.length; // a window may go along with the prompt
    if (rows === 0) return;
    this.#timings.forwards++;
    this.#timings.rows += rows;
  }

  events(events: DecodeEvent[]): void {
    for (const event of events) {
      if (event.type === "denoised") {
        if (this.#options.denoising) this.#denoising(event);
      } else if (event.type === "settled") {
        this.#settled(event.tokens);
      } else {
        this.#emit(this.#stops.push(this.#stream.flush()).text + this.#stops.flush(), Number.POSITIVE_INFINITY);
        this.#finish(event.reason);
      }
      if (this.finished) return;
    }
  }

  #settled(tokens: SettledToken[]): void {
    let text = "";
    for (const settled of tokens) {
      this.generated++;
      if (this.#options.stopTokens.has(settled.token)) continue;
      this.#held.push({ settled, start: this.#decoded });
      const piece = this.#stream.push(this.#vocabulary.tokenBytes(settled.token));
      this.#decoded += piece.length;
      const match = this.#stops.push(piece);
      text += match.text;
      if (match.matched !== null) {
        const cut = this.#emitted + text.length;
        while (this.#held.length > 0 && this.#held[this.#held.length - 1].start >= cut) this.#held.pop();
        this.#emit(text, Number.POSITIVE_INFINITY);
        this.#finish("stop");
        return;
      }
    }
    // A token belongs to the event that emits its first character.
    this.#emit(text, this.#emitted + text.length);
  }

  /** Emits text and the held tokens that start before `end`. */
  #emit(text: string, end: number): void {
    if (text === "" && end !== Number.POSITIVE_INFINITY) return;
    this.#emitted += text.length;
    let count = 0;
    while (count < this.#held.length && this.#held[count].start < end) count++;
    const settled = this.#held.splice(0, count).map((held) => held.settled);
    if (text === "" && settled.length === 0) return;
    const logprobs = this.#options.logprobs ? settled.map((token) => this.#logprob(token)) : null;
    this.#queue.push({ type: "text", text, tokens: settled.map((token) => token.token), logprobs });
  }

  #logprob(settled: SettledToken): TokenLogprob {
    const top = settled.top.slice(0, this.#options.alternatives);
    return {
      ...this.#tokenText(settled.token, settled.logprob),
      top: top.map((candidate) => this.#tokenText(candidate.token, candidate.logprob)),
    };
  }

  #tokenText(token: number, logprob: number): TokenText {
    const bytes = this.#vocabulary.tokenBytes(token);
    return { token, text: utf8.decode(bytes), bytes: [...bytes], logprob };
  }

  #text(token: number): string {
    return utf8.decode(this.#vocabulary.tokenBytes(token));
  }

  #denoising(event: Extract<DecodeEvent, { type: "denoised" }>): void {
    this.#queue.push({
      type: "denoising",
      block: event.block,
      forward: this.#timings.forwards,
      rows: event.rows,
      step: event.step,
      commits: event.commits.map((commit) => ({
        position: commit.position,
        token: commit.token,
        text: this.#text(commit.token),
        probability: commit.probability,
        top: commit.top.slice(0, 5).map((candidate) => ({
          token: candidate.token,
          text: this.#text(candidate.token),
          probability: Math.exp(candidate.logprob),
        })),
      })),
      masked: event.masked,
    });
  }

  #finish(reason: "stop" | "length"): void {
    this.finished = true;
    const { promptTokens, seed } = this.#options;
    const usage: Usage = { promptTokens, cachedTokens: this.cachedTokens, completionTokens: this.generated };
    const timings: Timings = {
      promptN: promptTokens - this.cachedTokens,
      promptMs: this.#decodeStarted - this.#started,
      predictedN: this.generated,
      predictedMs: this.#now() - this.#decodeStarted,
      ...this.#timings,
    };
    this.#queue.push({ type: "finish", reason, usage, timings, seed });
  }
}

const utf8 = new TextDecoder();
