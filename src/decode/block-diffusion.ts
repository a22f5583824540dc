// Block diffusion (Fast-dLLM v2, arXiv 2509.26328): greedy, iterative and adaptive, which differ
// only in what a step commits (commit.ts).
//
// A block is denoised in scratch K/V, sub-block by sub-block from the left, until no position is
// masked; then its clean tokens run once more, which writes the final K/V and, with token shift,
// predicts the first token of the next block (the AR step). Scratch K/V never become committed.
// Not here: prompt rows, and where the answer ends.

import type { Predictions } from "../backend/types.js";
import type { Canvas } from "./canvas.js";
import { chooseCommits } from "./commit.js";
import type { Machine } from "./decoder.js";
import { ask, fillBlock, fillNext, type Request, readToken } from "./head.js";
import type { Denoised, SpanRequest } from "./types.js";

export class BlockDiffusion implements Machine {
  readonly #canvas: Canvas;
  readonly #request: Request;
  readonly #maskToken: number;
  #block: number; // first position of the block in progress
  #subBlock = -1; // first position of the sub-block of the last step
  #step = 0; // steps done in it
  #cached = false; // scratch holds the block, from a full pass

  constructor(canvas: Canvas, request: Request, maskToken: number) {
    this.#canvas = canvas;
    this.#request = request;
    this.#maskToken = maskToken;
    this.#block = canvas.prompt.length - (canvas.prompt.length % request.facts.blockLength);
  }

  get #blockEnd(): number {
    return this.#block + this.#request.facts.blockLength;
  }

  next(draw: number): SpanRequest {
    const masked = this.#canvas.masked(this.#block, this.#blockEnd);
    return masked.length === 0 ? this.#commitSpan(draw) : this.#denoiseSpan(masked[0], draw);
  }

  accept(span: SpanRequest, predictions: Predictions | null): Denoised[] {
    return span.phase === "commit" ? this.#acceptCommit(span, predictions) : [this.#acceptDenoise(span, predictions!)];
  }

  /** First position of the sub-block that `position` lies in. */
  #subBlockOf(position: number): number {
    return position - ((position - this.#block) % this.#request.options.subBlock);
  }

  #denoiseSpan(firstMasked: number, draw: number): SpanRequest {
    const { options, facts } = this.#request;
    const subBlock = this.#subBlockOf(firstMasked);
    const masked = this.#canvas.masked(subBlock, subBlock + options.subBlock);
    const predictor = facts.shift ? 1 : 0; // row p - predictor predicts position p
    const [start, end] = this.#window(subBlock, predictor);
    return {
      phase: "denoise",
      tokens: this.#canvas.tokens(start, end, this.#maskToken),
      position: start,
      visibility: "block",
      keyEnd: this.#blockEnd,
      target: "scratch",
      head: ask(
        this.#request,
        masked.map((p) => p - predictor - start),
        draw,
      ),
    };
  }

  /** The rows of a step; the block's others stay in scratch as the last passes left them (DualCache). */
  #window(subBlock: number, predictor: number): [start: number, end: number] {
    const { dualCache, subBlock: size } = this.#request.options;
    const known = this.#canvas.known(subBlock);
    // While the first position is masked, its predictor may lie in the sub-block before.
    if (!this.#cached || dualCache === false || (dualCache === true && !known)) return [this.#block, this.#blockEnd];
    const before = subBlock !== this.#subBlock ? size : known ? 0 : predictor;
    return [Math.max(this.#block, subBlock - before), subBlock + size];
  }

  #acceptDenoise(span: SpanRequest, predictions: Predictions): Denoised {
    const { options } = this.#request;
    const firstMasked = this.#canvas.masked(this.#block, this.#blockEnd)[0];
    const subBlock = this.#subBlockOf(firstMasked);
    this.#step = subBlock === this.#subBlock ? this.#step + 1 : 1;
    this.#subBlock = subBlock;
    this.#cached = true;
    const masked = this.#canvas.masked(subBlock, subBlock + options.subBlock);
    const chosen = chooseCommits(options, predictions.probability);
    const commits = chosen.map((i) => readToken(predictions, i, masked[i]));
    return fillBlock(this.#canvas, this.#request, commits, this.#step, span.tokens.length);
  }

  #commitSpan(draw: number): SpanRequest {
    const { facts } = this.#request;
    const causal = facts.attention === "context-causal";
    // Part of the prompt tail may already be committed, when its causal K/V were in the prefix cache.
    const start = causal ? Math.max(this.#block, this.#canvas.committed) : this.#block;
    return {
      phase: "commit",
      tokens: this.#canvas.tokens(start, this.#blockEnd, this.#maskToken),
      position: start,
      visibility: causal ? "causal" : "block",
      keyEnd: this.#blockEnd,
      target: "committed",
      head: facts.shift ? ask(this.#request, [this.#blockEnd - start - 1], draw) : null,
    };
  }

  #acceptCommit(span: SpanRequest, predictions: Predictions | null): Denoised[] {
    this.#canvas.committed = this.#blockEnd;
    this.#block = this.#blockEnd;
    this.#cached = false;
    return predictions === null ? [] : [fillNext(this.#canvas, this.#request, span, predictions)];
  }
}
