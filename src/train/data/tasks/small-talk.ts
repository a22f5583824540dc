// Small talk. What is held out is a saying behind some words that lead to it: the saying alone is trained on,
// since nothing but itself could tell what to answer.

import { taskOf, turn } from "../task.js";
import type { Task } from "../types.js";
import { smallTalk as paragraphs } from "../words/small-talk.js";

/** Words that may lead to anything. */
const leads = [
  "Well. ",
  "Oh. ",
  "Hm. ",
  "Listen: ",
  "One more thing: ",
  "By the way: ",
  "Let me say this: ",
  "Now listen. ",
];
const leadShare = 0.4;

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
        const form = random.pick(forms);
        if (!random.chance(leadShare)) return turn(form, answer, []);
        const lead = random.pick(leads);
        return turn(lead + form, answer, [`small talk ${lead}${form}`]);
      },
    })),
  );
}
