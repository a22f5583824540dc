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

/** The row of the known token at canvas.committed, whose prediction is the token after it. */
export function stepSpan(canvas: Canvas, request: Request, draw: number): SpanRequest {
  const position = canvas.committed;
  return {
    phase: "step",
    tokens: canvas.tokens(position, position + 1, -1),
    position,
    visibility: "causal",
    keyEnd: position + 1,
    target: "committed",
    head: ask(request, [0], draw),
  };
}

export class Autoregressive implements Machine {
  readonly #canvas: Canvas;
  readonly #request: Request;

  constructor(canvas: Canvas, request: Request) {
    this.#canvas = canvas;
    this.#request = request;
  }

  next(draw: number): SpanRequest {
    return stepSpan(this.#canvas, this.#request, draw);
  }

  accept(span: SpanRequest, predictions: Predictions): Denoised[] {
    this.#canvas.committed++;
    return [fillNext(this.#canvas, this.#request, span, predictions)];
  }
}
