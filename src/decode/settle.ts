// When tokens become final for the reader, and when the answer ends.
//
// Positions fill in any order; what settles is the contiguous known prefix of the answer. It
// only grows, ends at the first stop token (which is part of it) or at exactly maxTokens, and
// nothing behind that end is ever reported.

import type { Canvas } from "./canvas.js";
import type { DecodeEvent, DecodeOptions, SettledToken } from "./types.js";

export class Settler {
  readonly #canvas: Canvas;
  readonly #maxTokens: number;
  readonly #stopTokens: ReadonlySet<number>;
  #count = 0;
  #finished = false;

  constructor(canvas: Canvas, options: Pick<DecodeOptions, "maxTokens" | "stopTokens">) {
    this.#canvas = canvas;
    this.#maxTokens = options.maxTokens;
    this.#stopTokens = new Set(options.stopTokens);
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Events for what has settled since the last call. */
  settle(): DecodeEvent[] {
    const tokens: SettledToken[] = [];
    let reason: "stop" | "length" | null = null;
    while (reason === null) {
      const token = this.#canvas.answer(this.#canvas.prompt.length + this.#count);
      if (token === undefined) break;
      tokens.push(token);
      this.#count++;
      if (this.#stopTokens.has(token.token)) reason = "stop";
      else if (this.#count === this.#maxTokens) reason = "length";
    }
    const events: DecodeEvent[] = [];
    if (tokens.length > 0) events.push({ type: "settled", tokens });
    if (reason !== null) {
      this.#finished = true;
      events.push({ type: "finish", reason });
    }
    return events;
  }
}
