// Verified decoding for context-causal models: drafts by diffusion, checks under the causal mask,
// and so returns exactly what autoregressive decoding returns, sampled or not.
//
// One token is always pending: sure, but its row has not run. A round drafts what follows in one pass
// over the pending token and masks, which all see each other, blocks or no blocks. Then it runs the
// pending token and the drafts as causal rows, whose predictions say which drafts were right; the first
// prediction that no draft matches is a bonus, and the next pending token. Everything is written in
// place: K/V of masks and of rejected drafts lie beyond `committed` and are overwritten. Both passes
// draw position by position the same random numbers as autoregressive decoding does, so a draft decides
// only how much is gained.

import type { Predictions } from "../backend/types.js";
import { everyDraw, stepSpan } from "./autoregressive.js";
import type { Canvas } from "./canvas.js";
import type { Machine } from "./decoder.js";
import { ask, fillBlock, fillNext, type Request, readToken } from "./head.js";
import type { Denoised, SpanRequest } from "./types.js";

/** Drafts are checked as far as the product of their confidences stays above this: a row more costs little. */
const draftBound = 0.1;
/** Rows of a draft beyond what the draft before it, which was wrong somewhere, had right. */
const hope = 3;
/** Most single steps between drafts that do not pay. */
const longestPause = 32;

export class Verified implements Machine {
  readonly #canvas: Canvas;
  readonly #request: Request;
  readonly #maskToken: number;
  #width: number; // most rows of the next draft
  #drafted = 0; // rows of the last one
  #drafts: number[] = []; // to be checked by the next span
  #block = -1; // index of the block of the last round
  #round = 0; // rounds in it
  #pause = 0; // single steps before the next draft
  #nextPause = 1;

  constructor(canvas: Canvas, request: Request, maskToken: number) {
    this.#canvas = canvas;
    this.#request = request;
    this.#maskToken = maskToken;
    this.#width = request.options.subBlock;
  }

  next(): SpanRequest {
    if (this.#drafts.length > 0) return this.#verifySpan();
    const draftable = this.#draftable();
    if (this.#pause > 0 || draftable < worthwhile(draftable)) return stepSpan(this.#canvas, this.#request);
    return this.#draftSpan(draftable);
  }

  accept(span: SpanRequest, predictions: Predictions): Denoised[] {
    if (span.phase === "denoise") {
      this.#drafts = confidentDrafts(predictions);
      return [];
    }
    if (span.phase === "verify") return this.#verified(span, predictions);
    this.#pause = Math.max(0, this.#pause - 1);
    this.#canvas.committed++;
    return [fillNext(this.#canvas, this.#request, span, predictions)];
  }

  /** Positions after the pending token that a draft could fill, to the token before the last. */
  #draftable(): number {
    const { prompt, committed } = this.#canvas;
    return Math.min(this.#width, prompt.length + this.#request.options.maxTokens - 2 - committed);
  }

  /** The pending token, then masks: each row predicts the position after it. */
  #draftSpan(count: number): SpanRequest {
    const pending = this.#canvas.committed;
    this.#drafted = count;
    return {
      phase: "denoise",
      tokens: this.#canvas.tokens(pending, pending + count, this.#maskToken),
      position: pending,
      visibility: "all",
      keyEnd: pending + count,
      target: "committed",
      head: { ...ask(this.#request, [...Array(count).keys()], everyDraw), top: 0 },
    };
  }

  #verifySpan(): SpanRequest {
    const pending = this.#canvas.committed;
    const tokens = [...this.#canvas.tokens(pending, pending + 1, this.#maskToken), ...this.#drafts];
    return {
      phase: "verify",
      tokens,
      position: pending,
      visibility: "causal",
      keyEnd: pending + tokens.length,
      target: "committed",
      head: ask(this.#request, [...tokens.keys()], everyDraw),
    };
  }

  #verified(span: SpanRequest, predictions: Predictions): Denoised[] {
    let accepted = 0;
    while (accepted < this.#drafts.length && this.#drafts[accepted] === predictions.token[accepted]) accepted++;
    this.#adapt(accepted);
    this.#drafts = [];
    this.#canvas.committed += accepted + 1;

    const { blockLength } = this.#request.facts;
    const settled = Array.from({ length: accepted + 1 }, (_, i) => readToken(predictions, i, span.position + i + 1));
    const events: Denoised[] = [];
    for (let i = 0; i < settled.length; ) {
      const block = Math.floor(settled[i].position / blockLength);
      const here = settled.filter(({ position }) => Math.floor(position / blockLength) === block);
      this.#round = block === this.#block ? this.#round + 1 : 1;
      this.#block = block;
      events.push(fillBlock(this.#canvas, this.#request, here, this.#round, span.tokens.length));
      i += here.length;
    }
    return events;
  }

  /**
   * The next draft is a little longer than what was right in this one, or whole if all was. After a round that did not
   * pay come some single steps: 1, 2, 4, ... up to 32, until one pays again.
   */
  #adapt(accepted: number): void {
    const { subBlock } = this.#request.options;
    this.#width = accepted === this.#drafts.length ? subBlock : Math.min(accepted + hope, subBlock);
    if (accepted >= worthwhile(this.#drafted)) {
      this.#nextPause = 1;
    } else {
      this.#pause = this.#nextPause;
      this.#nextPause = Math.min(2 * this.#nextPause, longestPause);
    }
  }
}

/** Accepted drafts that pay for a draft pass: 8 rows cost about as much as 2 single rows, 32 as 4. */
function worthwhile(rows: number): number {
  return 1 + Math.ceil(rows / 8);
}

/** The leading drafts worth checking; at least one. */
function confidentDrafts({ token, probability }: Predictions): number[] {
  let product = probability[0];
  let count = 1;
  while (count < token.length) {
    product *= probability[count];
    if (!(product > draftBound)) break;
    count++;
  }
  return Array.from(token.subarray(0, count));
}
