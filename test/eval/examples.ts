// Small questions and outcomes to test with.

import type { Check, Question } from "../../src/eval/questions.js";
import type { Outcome } from "../../src/eval/statistics.js";

/** A question of one turn. */
export function asked(task: string, question: string, answer: string, more: Partial<Question> = {}): Question {
  return { task, kind: null, messages: [{ role: "user", content: question }], answer, check: {}, ...more };
}

export function generated(task: string, kind: string, answer: string, check: Check = {}): Question {
  return asked(task, `${task} ${kind} ${answer}?`, answer, { kind, check });
}

/** Ten tokens in four forwards, 20 ms of decoding, 25 in all. */
export function outcome(task: string, ok: boolean, more: Partial<Outcome> = {}): Outcome {
  return {
    task,
    ok,
    reason: ok ? null : "wrong",
    text: ok ? "right" : "wrong",
    ended: "stop",
    tokens: 10,
    forwards: 4,
    rows: 64,
    decodeMs: 20,
    wallMs: 25,
    ...more,
  };
}
