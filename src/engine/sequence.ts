// One running request: its decoder, its pages and its way from settled tokens to text.
//
// The decoder names positions; the sequence finds their memory. pages[i] holds positions
// [32i, 32i + 32): first those it shares with the prefix cache (path), then its own, all taken
// when it starts. A scratch span sees the block in progress in scratch pages instead.

import { type KeptVisibility, type Predictions, pageSize, type Span } from "../backend/types.js";
import { createDecoder } from "../decode/index.js";
import { type DecodeOptions, type Decoder, inBlocks, leftToRight, type SpanRequest } from "../decode/types.js";
import type { DiffusionFacts } from "../model/types.js";
import { EventQueue } from "./events.js";
import { type Node, type PagePool, pagesFor } from "./pages.js";
import type { GenerateEvent } from "./types.js";

/** What becomes of a decoder's events; `finished` ends the sequence early (a stop string). */
export interface Sink {
  /** The request left the waiting line with this many prompt tokens from the prefix cache. */
  started(cachedTokens: number): void;
  /** Told of every answered span that decodes or prefills, before its events. */
  ran(request: SpanRequest): void;
  events(events: ReturnType<Decoder["accept"]>, request: SpanRequest): void;
  readonly finished: boolean;
}

export interface SequencePlan {
  prompt: readonly number[];
  options: DecodeOptions;
  facts: DiffusionFacts;
  contextLength: number;
  /** Mask under which committed K/V are computed: the key of the prefix cache. */
  mask: KeptVisibility;
  /** Use and feed the prefix cache. */
  cache: boolean;
  /** For work that is not a decode mode: makes the state machine instead of createDecoder. */
  decoder?: () => Decoder;
}

export class Sequence {
  readonly queue = new EventQueue<GenerateEvent>();
  readonly plan: SequencePlan;
  cancelled = false;
  /** Prompt tokens found in the prefix cache. */
  cached = 0;
  readonly #sink: Sink;
  readonly #scratchPages: number;
  #decoder: Decoder | null = null;
  #request: SpanRequest | null = null;
  #path: Node[] = [];
  #pages: number[] = [];
  #scratch: number[] = [];

  constructor(plan: SequencePlan, sink: Sink) {
    this.plan = plan;
    this.#sink = sink;
    // Blocks shorter than a page are drafted in place: their commit pass overwrites every row.
    const { blockLength } = plan.facts;
    const scratch = inBlocks(plan.options.mode, plan.facts) && blockLength >= pageSize;
    this.#scratchPages = scratch ? blockLength / pageSize : 0;
  }

  /** Pages a request can come to hold, its scratch included. */
  static pagesNeeded(plan: SequencePlan): number {
    const { blockLength } = plan.facts;
    const { mode, maxTokens, subBlock } = plan.options;
    const positions = plan.prompt.length + maxTokens;
    if (leftToRight(mode)) return pagesFor(positions);
    if (!inBlocks(mode, plan.facts)) return pagesFor(Math.min(positions + subBlock, plan.contextLength));
    return pagesFor(Math.ceil(positions / blockLength) * blockLength) + Math.ceil(blockLength / pageSize);
  }

  /** Positions whose K/V depend on one another, in whole pages. */
  get #grain(): number {
    return Math.max(pageSize, this.plan.mask === "block" ? this.plan.facts.blockLength : 1);
  }

  get decoder(): Decoder {
    return this.#decoder!;
  }

  get done(): boolean {
    return this.#decoder !== null && (this.#decoder.finished || this.#sink.finished);
  }

  /** Takes pages and makes the decoder; false when the pages are not there yet. */
  start(pool: PagePool): boolean {
    const { plan } = this;
    const grain = this.#grain;
    // The last prompt row is always run: its prediction may be needed.
    const limit = Math.floor((plan.prompt.length - 1) / grain) * grain;
    const found = plan.cache ? pool.match(plan.mask, plan.prompt, limit, grain) : [];
    const usable = Math.floor((found.length * pageSize) / grain) * (grain / pageSize);
    if (usable < found.length) pool.release(found.splice(usable));
    const own = pool.take(Sequence.pagesNeeded(plan) - found.length);
    if (own === null) {
      pool.release(found);
      return false;
    }
    this.#path = found;
    this.cached = found.length * pageSize;
    this.#scratch = own.splice(0, this.#scratchPages);
    this.#pages = [...found.map((node) => node.page), ...own];
    this.#decoder =
      plan.decoder?.() ??
      createDecoder({
        prompt: plan.prompt,
        cached: this.cached,
        options: plan.options,
        facts: plan.facts,
        contextLength: plan.contextLength,
      });
    this.#sink.started(this.cached);
    return true;
  }

  /** The rows wanted next. */
  request(maxRows: number): SpanRequest {
    this.#request = this.decoder.next(maxRows);
    return this.#request;
  }

  /** The span of the last request, with the pages it may see. */
  span(): Span {
    const request = this.#request!;
    const pages = this.#pages.slice(0, pagesFor(request.keyEnd));
    if (request.target === "scratch" && this.#scratch.length > 0) {
      const first = pages.length - this.#scratch.length;
      for (let i = 0; i < this.#scratch.length; i++) pages[first + i] = this.#scratch[i];
    }
    const { tokens, position, visibility, causalRows, keyEnd, head } = request;
    return { tokens, position, visibility, causalRows, keyEnd, pages, head };
  }

  accept(predictions: Predictions | null, pool: PagePool): void {
    const request = this.#request!;
    this.#request = null;
    this.#sink.ran(request);
    const events = this.decoder.accept(predictions);
    if (this.plan.cache) this.#freeze(pool);
    this.#sink.events(events, request);
    if (this.done) this.queue.end();
  }

  fail(error: unknown): void {
    this.cancelled = true;
    this.queue.fail(error);
  }

  /** Gives everything back. The caller knows that no forward touches the pages. */
  release(pool: PagePool): void {
    pool.release(this.#path);
    pool.give(this.#pages.slice(this.#path.length));
    pool.give(this.#scratch);
    this.#path = [];
    this.#pages = [];
    this.#scratch = [];
  }

  /** Shares the pages that became full. */
  #freeze(pool: PagePool): void {
    const full = Math.floor(this.decoder.committed / this.#grain) * (this.#grain / pageSize);
    if (this.#path.length >= full) return;
    const tokens = this.decoder.committedTokens();
    while (this.#path.length < full) {
      const index = this.#path.length;
      this.#pages[index] = pool.freeze(this.plan.mask, this.#path, tokens, this.#pages[index], this.#grain).page;
    }
  }
}
