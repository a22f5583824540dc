// A few questions as they come, with what the model said to them: nobody has chosen them.

import type { ChatMessage } from "../engine/types.js";
import { hash } from "../util/rng.js";
import type { Method } from "./methods.js";
import type { Question } from "./questions.js";
import type { MethodRun } from "./runner.js";

export interface Sample {
  task: string;
  messages: ChatMessage[];
  expected: string;
  answers: { method: string; text: string; ok: boolean }[];
}

const seed = 1;
const count = 10;

/** The first ten questions of a seeded shuffle, answered with these methods. */
export function samplesOf(
  questions: readonly Question[],
  runs: readonly MethodRun[],
  methods: readonly Method[],
): Sample[] {
  const own = runs.filter(({ method }) => methods.includes(method));
  const order = questions.map((_, i) => i).sort((a, b) => hash(seed, a, 0) - hash(seed, b, 0) || a - b);
  return order.slice(0, count).map((i) => ({
    task: questions[i].task,
    messages: questions[i].messages,
    expected: questions[i].answer,
    answers: own.map(({ method, outcomes }) => ({
      method: method.name,
      text: outcomes[i].text,
      ok: outcomes[i].ok,
    })),
  }));
}
