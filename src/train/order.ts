// In which order examples are learnt: every epoch all of them, each time in another order.
//
// The order is a function of seed and position, so a resumed run needs the position alone. A step
// takes examples until its budget of tokens is full.

import { hash } from "../util/rng.js";
import type { Examples } from "./examples.js";
import type { Sequence } from "./objective.js";

export class ExampleOrder {
  readonly #examples: Examples;
  readonly #seed: number;
  /** Examples taken so far, over all epochs. */
  #cursor: number;
  #epoch = -1;
  #order = new Uint32Array(0);

  constructor(examples: Examples, seed: number, cursor = 0) {
    this.#examples = examples;
    this.#seed = seed;
    this.#cursor = cursor;
  }

  get cursor(): number {
    return this.#cursor;
  }

  get epochs(): number {
    return this.#cursor / this.#examples.count;
  }

  /**
   * The next examples that together have at most `budget` tokens; at least one.
   * @param length examples are cut to this many tokens
   * @param all learn prompts too
   */
  take(budget: number, length: number, all: boolean): Sequence[] {
    const taken: Sequence[] = [];
    let room = budget;
    for (;;) {
      const next = this.#examples.get(this.#at(this.#cursor), length, all);
      if (next.tokens.length > room && taken.length > 0) return taken;
      this.#cursor++;
      room -= next.tokens.length;
      taken.push(next);
    }
  }

  #at(cursor: number): number {
    const { count } = this.#examples;
    const epoch = Math.floor(cursor / count);
    if (epoch !== this.#epoch) {
      const keys = Uint32Array.from({ length: count }, (_, i) => hash(this.#seed, i, epoch));
      this.#order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => keys[a] - keys[b] || a - b);
      this.#epoch = epoch;
    }
    return this.#order[cursor % count];
  }
}
