// Examples of every part of a recipe in turns, as many of each, and no question twice: what a model is
// measured with. Weights do not matter here, except that what has none is left out.

import type { Part } from "./mixture.js";
import { Random } from "./random.js";
import { textHash } from "./split.js";
import type { Example } from "./types.js";

/** After so many draws in a row that gave nothing new, a part counts as exhausted. */
const patience = 1000;

export interface EvenOptions {
  seed: number;
  /** Examples of each part, if it has so many. */
  each: number;
  /** Told of parts that have fewer. */
  onExhausted?: (name: string, found: number) => void;
}

/** What fewer of each would give is where more of each begins. */
export function* evenly(parts: readonly Part[], { seed, each, onExhausted }: EvenOptions): Generator<Example> {
  const seen = new Set<number>();
  let open = parts.map((part) => ({ part, next: 0 }));
  for (let round = 0; round < each && open.length > 0; round++) {
    const going: typeof open = [];
    for (const { part, next } of open) {
      const found = unseen(part, seed, next, seen);
      if (found === null) {
        onExhausted?.(part.name, round);
        continue;
      }
      going.push({ part, next: found.next });
      yield found.example;
    }
    open = going;
  }
}

/** The first example from number `next` on whose question is new, which it is no more. */
function unseen(part: Part, seed: number, next: number, seen: Set<number>): { example: Example; next: number } | null {
  for (let i = next; i < next + patience; i++) {
    const example = part.draw(new Random(seed, i));
    const question = textHash(questionOf(example));
    if (seen.has(question)) continue;
    seen.add(question);
    return { example, next: i + 1 };
  }
  return null;
}

function questionOf(example: Example): string {
  if ("text" in example) return example.text;
  return JSON.stringify(example.messages.slice(0, -1).map(({ role, content }) => [role, content]));
}
