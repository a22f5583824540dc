// Random choices for one example. The numbers are hashes of (seed, example, draw), so an example
// depends on nothing but its seed and number: it can be made again alone, in any order.

import { uniform } from "../../util/rng.js";

export class Random {
  readonly #seed: number;
  readonly #position: number;
  #draw = 0;

  constructor(seed: number, position: number) {
    this.#seed = seed;
    this.#position = position;
  }

  /** In [0, 1). */
  number(): number {
    return uniform(this.#seed, this.#position, this.#draw++);
  }

  /** A whole number, both ends included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.number() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.number() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.number() * list.length)];
  }

  /** One of the list, in proportion to its weight. */
  weighted<T extends { weight: number }>(list: readonly T[]): T {
    let at = this.number() * list.reduce((sum, { weight }) => sum + weight, 0);
    for (const each of list) {
      at -= each.weight;
      if (at < 0) return each;
    }
    return list[list.length - 1];
  }

  /** `count` different elements in random order. */
  sample<T>(list: readonly T[], count: number): T[] {
    const chosen = new Set<number>();
    while (chosen.size < Math.min(count, list.length)) chosen.add(Math.floor(this.number() * list.length));
    return [...chosen].map((i) => list[i]);
  }
}
