// Makes a task of its kinds: picks one, draws until the content belongs to the split, and lets
// people write as people do.

import { UnmaskError } from "../../util/errors.js";
import { casual } from "./casual.js";
import type { Random } from "./random.js";
import { splitOf } from "./split.js";
import type { ChatExample, Draft, Kind, Message, Task, Verdict } from "./types.js";

/** After so many draws a kind counts as too small to have content in the split, and another is taken. */
const patience = 400;

export function taskOf(name: string, kinds: readonly Kind[], check: Task["check"] = exactCheck): Task {
  const practised = kinds.map((kind) => ({ ...kind, weight: kind.weight * (kind.practice ?? 1) }));
  return {
    name,
    kinds,
    check,
    generate(random, split) {
      for (;;) {
        const kind = random.weighted(split === "train" ? practised : kinds);
        for (let attempt = 0; attempt < patience; attempt++) {
          const draft = kind.draw(random);
          if (splitOf(draft.keys) === split) return exampleOf(name, kind.name, draft, random);
        }
      }
    },
  };
}

/**
 * The task with some of its kinds drawn more or less often in training.
 * @param factors of kinds by their names
 * @throws UnmaskError config_invalid for a kind that the task does not have, or when none is left to draw
 */
export function practised({ name, kinds, check }: Task, factors: Readonly<Record<string, number>>): Task {
  for (const wanted of Object.keys(factors)) {
    if (kinds.some((kind) => kind.name === wanted)) continue;
    const names = kinds.map((kind) => kind.name).join("; ");
    throw new UnmaskError("config_invalid", `practice: ${name} has no kind "${wanted}". It has: ${names}.`);
  }
  const changed = kinds.map((kind) => ({ ...kind, practice: (kind.practice ?? 1) * (factors[kind.name] ?? 1) }));
  if (changed.some(({ practice }) => practice > 0)) return taskOf(name, changed, check);
  throw new UnmaskError("config_invalid", `practice: no kind of ${name} is left; give the task a weight of 0 instead.`);
}

/** A conversation of one turn. */
export function turn(question: string, answer: string, keys: string[], more: Partial<Draft> = {}): Draft {
  return { turns: [[question, answer]], keys, ...more };
}

function exampleOf(task: string, kind: string, draft: Draft, random: Random): ChatExample {
  const messages: Message[] = draft.system === undefined ? [] : [{ role: "system", content: draft.system }];
  for (const [question, answer] of draft.turns) {
    messages.push({ role: "user", content: casual(question, random) }, { role: "assistant", content: answer });
  }
  return { task, kind, messages, ...(draft.check === undefined ? {} : { check: draft.check }) };
}

/** The last message: what the answer should be. */
export function expectedAnswer(example: ChatExample): string {
  return example.messages[example.messages.length - 1].content;
}

/** Right when the text is the expected one. */
export function exactCheck(example: ChatExample, answer: string): Verdict {
  const expected = expectedAnswer(example);
  const exact = answer === expected;
  return { ok: exact, exact, reason: exact ? null : `expected ${JSON.stringify(expected)}` };
}

/** Puts values into the {slots} of a template. */
export function fill(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (_, slot: string) => String(values[slot]));
}
