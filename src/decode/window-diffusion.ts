// Diffusion behind causal K/V, for context-causal models with token shift: greedy, iterative and adaptive, which
// differ only in what a pass commits (commit.ts).
//
// A pass runs the known text as far as it goes without a gap, those rows of it that have not run, causally: that writes
// their final K/V, and the last of them predicts the first masked position. No other row could do that better, since
// it sees nothing that is masked, so its prediction is taken at once. From that position on runs a window of `subBlock`
// rows, which see each other and everything before them, and each predicts the position behind it. So the window slides
// on with every pass, and by one position at least; the first one follows the prompt. It is written in place: its K/V
// lie beyond `committed` and are overwritten. Blocks play no part.
// Not here: how a long prompt is cut, and where the answer ends.

import type { Predictions } from "../backend/types.js";
import type { Canvas } from "./canvas.js";
import { chooseCommits } from "./commit.js";
import type { Machine } from "./decoder.js";
import { ask, fillBlocks, type Request, Rounds, readToken } from "./head.js";
import type { Denoised, SpanRequest } from "./types.js";

export class WindowDiffusion implements Machine {
  readonly #canvas: Canvas;
  readonly #request: Request;
  readonly #maskToken: number;
  readonly #contextLength: number;
  readonly #rounds = new Rounds();

  constructor(canvas: Canvas, request: Request, maskToken: number, contextLength: number) {
    this.#canvas = canvas;
    this.#request = request;
    this.#maskToken = maskToken;
    this.#contextLength = contextLength;
  }

  get ahead(): number {
    return this.#request.options.subBlock;
  }

  next(draw: number): SpanRequest {
    const start = this.#canvas.committed;
    const [first, end] = this.#window();
    return {
      phase: "denoise",
      tokens: this.#canvas.tokens(start, end, this.#maskToken),
      position: start,
      visibility: "all",
      causalRows: first - start,
      keyEnd: end,
      target: "committed",
      head: ask(
        this.#request,
        this.#canvas.masked(first, end + 1).map((p) => p - 1 - start),
        draw,
      ),
    };
  }

  accept(span: SpanRequest, predictions: Predictions): Denoised[] {
    const { options } = this.#request;
    const [first, end] = this.#window();
    const masked = this.#canvas.masked(first, end + 1);
    const chosen = chooseCommits(options, predictions.probability.subarray(1), false).map((i) => i + 1);
    const commits = [0, ...chosen].map((i) => readToken(predictions, i, masked[i]));
    this.#canvas.committed = first;
    return fillBlocks(this.#canvas, this.#request, commits, this.#rounds, span.tokens.length);
  }

  /** Positions of the window's rows. The last position of the context has none: nothing follows it. */
  #window(): [first: number, end: number] {
    const first = this.#canvas.firstMasked(this.#canvas.committed);
    return [first, Math.min(first + this.#request.options.subBlock, this.#contextLength - 1)];
  }
}
