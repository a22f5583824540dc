// Autoregressive decoding: one causal row a step, which predicts the token after it.
//
// The row of a token runs when the token after it is wanted, so the last token's row never runs.
// On a model trained block-causally this mask is off its training: allowed, and its K/V are not
// those of the block-causal mask.

import type { Predictions } from "../backend/types.js";
import type { Canvas } from "./canvas.js";
import type { Machine } from "./decoder.js";
import { ask, fillNext, type Request } from "./head.js";
import type { Denoised, SpanRequest } from "./types.js";

/**
 * The draw of every causal prediction. One token is sampled at a position, from one prediction, so the seed and the
 * position name its random number; then `verified` can draw it again.
 */
export const everyDraw = 0;

/** The row of the known token at canvas.committed, whose prediction is the token after it. */
export function stepSpan(canvas: Canvas, request: Request): SpanRequest {
  const position = canvas.committed;
  return {
    phase: "step",
    tokens: canvas.tokens(position, position + 1, -1),
    position,
    visibility: "causal",
    keyEnd: position + 1,
    target: "committed",
    head: ask(request, [0], everyDraw),
  };
}

export class Autoregressive implements Machine {
  readonly #canvas: Canvas;
  readonly #request: Request;

  constructor(canvas: Canvas, request: Request) {
    this.#canvas = canvas;
    this.#request = request;
  }

  next(): SpanRequest {
    return stepSpan(this.#canvas, this.#request);
  }

  accept(span: SpanRequest, predictions: Predictions): Denoised[] {
    this.#canvas.committed++;
    return [fillNext(this.#canvas, this.#request, span, predictions)];
  }
}
