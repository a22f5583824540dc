// Examples to test with, and small readers of their texts.

import { Random } from "../../../src/train/data/random.js";
import { allTasks } from "../../../src/train/data/tasks/index.js";
import type { ChatExample, Split, Task } from "../../../src/train/data/types.js";
import { thingWords } from "../../../src/train/data/words/nouns.js";

const things = new Set(thingWords());

const tasks = new Map(allTasks().map((task) => [task.name, task]));

export function task(name: string): Task {
  const found = tasks.get(name);
  if (found === undefined) throw new Error(`there is no task ${name}`);
  return found;
}

export function generate(name: string, count: number, split: Split = "train", seed = 11): ChatExample[] {
  return Array.from({ length: count }, (_, i) => task(name).generate(new Random(seed, i), split));
}

/** The last question and its answer. */
export function lastTurn({ messages }: ChatExample): { question: string; answer: string } {
  return { question: messages[messages.length - 2].content, answer: messages[messages.length - 1].content };
}

export function integers(text: string): number[] {
  return (text.match(/-?\d+/g) ?? []).map(Number);
}

/** Numbers without a sign: in "5-3" the minus is no sign. */
export function naturals(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}

/** The words and numbers of the list in a question, however they are written. */
export function itemsIn(question: string): string[] {
  const words = question.toLowerCase().match(/[a-z]+|\d+/g) ?? [];
  return words.filter((word) => things.has(word) || /\d/.test(word));
}

export function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}

/** `expect(actual).toEqual(wanted)` for plain values, fast enough for every example of thousands. */
export function same(actual: unknown, wanted: unknown, about: string): void {
  const [has, wants] = [JSON.stringify(actual), JSON.stringify(wanted)];
  if (has !== wants) throw new Error(`${about}\nis     ${has}\nwanted ${wants}`);
}
