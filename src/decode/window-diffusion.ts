// Diffusion behind causal K/V, for context-causal models with token shift: greedy, iterative and adaptive, which
// differ only in what a step commits (commit.ts).
//
// A window of `subBlock` rows begins wherever the known text ends. Its rows see each other and everything before
// them, and each predicts the position behind it. Its first pass takes with it, as causal rows, the tokens of the
// window before: that writes their final K/V, and the last of them predicts the window's first token. That
// prediction cannot become surer, since its row sees nothing of the window, so it is taken at once. All is written
// in place: the window's K/V lie beyond `committed` and are overwritten. Blocks play no part.
// Not here: prompt rows, and where the answer ends.

import type { Predictions } from "../backend/types.js";
import type { Canvas } from "./canvas.js";
import { chooseCommits } from "./commit.js";
import type { Machine } from "./decoder.js";
import { ask, fillBlocks, type Request, readToken } from "./head.js";
import type { Denoised, SpanRequest } from "./types.js";

export class WindowDiffusion implements Machine {
  readonly #canvas: Canvas;
  readonly #request: Request;
  readonly #maskToken: number;
  readonly #contextLength: number;
  #first: number; // first position of the window
  #step = 0; // steps done in it

  constructor(canvas: Canvas, request: Request, maskToken: number, contextLength: number) {
    this.#canvas = canvas;
    this.#request = request;
    this.#maskToken = maskToken;
    this.#contextLength = contextLength;
    this.#first = canvas.prompt.length;
  }

  /** Rows of the window. The last position of the context has none: nothing follows it. */
  get #rows(): number {
    return Math.min(this.#request.options.subBlock, this.#contextLength - 1 - this.#first);
  }

  next(draw: number): SpanRequest {
    const [start, end] = [this.#canvas.committed, this.#first + this.#rows];
    const causalRows = this.#first - start;
    return {
      phase: "denoise",
      tokens: this.#canvas.tokens(start, end, this.#maskToken),
      position: start,
      visibility: "all",
      causalRows,
      keyEnd: end,
      target: "committed",
      head: ask(
        this.#request,
        this.#masked().map((p) => p - 1 - start),
        draw,
      ),
    };
  }

  accept(span: SpanRequest, predictions: Predictions): Denoised[] {
    const { options } = this.#request;
    const masked = this.#masked();
    const step = ++this.#step;
    const taken = masked[0] === this.#first ? [0] : []; // what a causal row predicts
    const others = predictions.probability.subarray(taken.length);
    const chosen = chooseCommits(options, others, taken.length === 0).map((i) => i + taken.length);
    const commits = [...taken, ...chosen].map((i) => readToken(predictions, i, masked[i]));
    this.#canvas.committed = this.#first;
    const events = fillBlocks(this.#canvas, this.#request, commits, () => step, span.tokens.length);
    if (this.#masked().length === 0) {
      this.#first += this.#rows + 1;
      this.#step = 0;
    }
    return events;
  }

  /** Masked positions that the window and the row before it predict. */
  #masked(): number[] {
    return this.#canvas.masked(this.#first, this.#first + this.#rows + 1);
  }
}
