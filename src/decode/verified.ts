// Verified decoding for context-causal models: drafts by diffusion, checks under the causal mask,
// and so returns exactly what greedy autoregressive decoding returns.
//
// One token is always pending: sure, but its row has not run. A round drafts the rest of its block
// in one bidirectional pass (scratch), then runs the pending token and the drafts as causal rows,
// whose predictions say which drafts were right; the first prediction that no draft matches is a
// bonus, and the next pending token. K/V of rejected drafts lie beyond `committed` and are
// overwritten. A draft decides only how much is gained, never what the answer is.

import type { Predictions } from "../backend/types.js";
import { stepSpan } from "./autoregressive.js";
import type { Canvas } from "./canvas.js";
import type { Machine } from "./decoder.js";
import { ask, fillBlock, fillNext, type Request, readToken } from "./head.js";
import type { Denoised, SettledToken, SpanRequest } from "./types.js";

/** Drafts are checked as far as the product of their confidences stays above this. */
const draftBound = 0.3;

export class Verified implements Machine {
  readonly #canvas: Canvas;
  readonly #request: Request;
  readonly #maskToken: number;
  /** Accepted drafts that pay for a draft pass: 32 rows cost about as much as 3.5 single rows. */
  readonly #worthwhile: number;
  #drafts: number[] = []; // to be checked by the next span
  #block = -1; // index of the block of the last round
  #round = 0; // rounds in it
  #pause = 0; // single steps before the next draft
  #nextPause = 1;

  constructor(canvas: Canvas, request: Request, maskToken: number) {
    this.#canvas = canvas;
    this.#request = request;
    this.#maskToken = maskToken;
    this.#worthwhile = Math.ceil(request.facts.blockLength / 8);
  }

  next(draw: number): SpanRequest {
    if (this.#drafts.length > 0) return this.#verifySpan(draw);
    const draftable = this.#draftable();
    if (this.#pause > 0 || draftable < this.#worthwhile) return stepSpan(this.#canvas, this.#request, draw);
    return this.#draftSpan(draftable, draw);
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

  /** Positions after the pending token that a draft could fill: to the end of its block, and to the token before the last. */
  #draftable(): number {
    const { options, facts } = this.#request;
    const pending = this.#canvas.committed;
    const blockEnd = pending - (pending % facts.blockLength) + facts.blockLength;
    const lastPosition = this.#canvas.prompt.length + options.maxTokens - 1;
    return Math.min(blockEnd - 1, lastPosition - 1) - pending;
  }

  /** The block of the pending token: known tokens, then masks. */
  #draftSpan(draftable: number, draw: number): SpanRequest {
    const { facts } = this.#request;
    const pending = this.#canvas.committed;
    const start = pending - (pending % facts.blockLength);
    const end = start + facts.blockLength;
    const rows = Array.from({ length: draftable }, (_, i) => pending - start + i);
    return {
      phase: "denoise",
      tokens: this.#canvas.tokens(start, end, this.#maskToken),
      position: start,
      visibility: "block",
      keyEnd: end,
      target: "scratch",
      head: { ...ask(this.#request, rows, draw), top: 0 },
    };
  }

  #verifySpan(draw: number): SpanRequest {
    const pending = this.#canvas.committed;
    const tokens = [...this.#canvas.tokens(pending, pending + 1, this.#maskToken), ...this.#drafts];
    return {
      phase: "verify",
      tokens,
      position: pending,
      visibility: "causal",
      keyEnd: pending + tokens.length,
      target: "committed",
      head: ask(this.#request, [...tokens.keys()], draw),
    };
  }

  #verified(span: SpanRequest, predictions: Predictions): Denoised[] {
    const { blockLength } = this.#request.facts;
    let accepted = 0;
    while (accepted < this.#drafts.length && this.#drafts[accepted] === predictions.token[accepted]) accepted++;
    this.#drafts = [];
    this.#adapt(accepted);

    const block = Math.floor(span.position / blockLength);
    this.#round = block === this.#block ? this.#round + 1 : 1;
    this.#block = block;
    this.#canvas.committed += accepted + 1;
    const here: SettledToken[] = [];
    const next: SettledToken[] = []; // a bonus that begins the next block is its AR step
    for (let i = 0; i <= accepted; i++) {
      const token = readToken(predictions, i, span.position + i + 1);
      (token.position < (block + 1) * blockLength ? here : next).push(token);
    }
    const rows = span.tokens.length;
    const events = [fillBlock(this.#canvas, this.#request, here, this.#round, rows)];
    if (next.length > 0) events.push(fillBlock(this.#canvas, this.#request, next, 0, rows));
    return events;
  }

  /** After a round that did not pay, some single steps: 1, 2, 4, ... up to a block, until one pays again. */
  #adapt(accepted: number): void {
    if (accepted >= this.#worthwhile) {
      this.#nextPause = 1;
    } else {
      this.#pause = this.#nextPause;
      this.#nextPause = Math.min(2 * this.#nextPause, this.#request.facts.blockLength);
    }
  }
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
