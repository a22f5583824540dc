// The tokens of one request: every position from the start of the prompt, known or masked.
//
// A position is masked because nothing has filled it, never because of the token it holds, so
// a user may type the mask token. A filled position never changes. The canvas decides nothing:
// machines fill it and move `committed`, settle.ts reads it.

import type { SettledToken } from "./types.js";

export class Canvas {
  readonly prompt: readonly number[];
  /** Positions [0, committed) have final K/V in committed pages. */
  committed: number;
  /** Filled positions of the answer, by position. */
  readonly #answer = new Map<number, SettledToken>();

  constructor(prompt: readonly number[], committed: number) {
    this.prompt = prompt;
    this.committed = committed;
  }

  known(position: number): boolean {
    return position < this.prompt.length || this.#answer.has(position);
  }

  /** The answer's token at a position, if it is filled. */
  answer(position: number): SettledToken | undefined {
    return this.#answer.get(position);
  }

  fill(token: SettledToken): void {
    if (this.known(token.position)) throw new Error(`Position ${token.position} is already known.`);
    this.#answer.set(token.position, token);
  }

  /** The first masked position from `start` on. */
  firstMasked(start: number): number {
    let position = start;
    while (this.known(position)) position++;
    return position;
  }

  /** Masked positions of [start, end), ascending. */
  masked(start: number, end: number): number[] {
    const positions = [];
    for (let p = start; p < end; p++) if (!this.known(p)) positions.push(p);
    return positions;
  }

  /** Token ids of [start, end), the mask token where a position is masked. */
  tokens(start: number, end: number, maskToken: number): number[] {
    const tokens = this.prompt.slice(start, end);
    for (let p = Math.max(start, this.prompt.length); p < end; p++) {
      tokens.push(this.#answer.get(p)?.token ?? maskToken);
    }
    return tokens;
  }
}
