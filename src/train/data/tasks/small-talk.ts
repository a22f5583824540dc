// Small talk. What is held out is a way to say something, not what is said.

import { wordingKeys } from "../split.js";
import { taskOf, turn } from "../task.js";
import type { Task } from "../types.js";
import { smallTalk as paragraphs } from "../words/small-talk.js";

export interface Saying {
  answer: string;
  forms: readonly string[];
}

export function sayings(): Saying[] {
  return paragraphs
    .trim()
    .split("\n\n")
    .map((paragraph) => {
      const [answer, forms] = paragraph.split("\n");
      return { answer, forms: forms.split(" | ") };
    });
}

export function smallTalk(): Task {
  return taskOf(
    "small-talk",
    sayings().map(({ answer, forms }) => ({
      name: forms[0],
      weight: 1,
      draw: (random) => {
        const form = random.int(0, forms.length - 1);
        return turn(forms[form], answer, wordingKeys(`small talk ${answer}`, form));
      },
    })),
  );
}
