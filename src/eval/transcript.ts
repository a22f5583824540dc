// Every answer of an evaluation, as objects for JSON lines: one for each question and method.

import type { ChatMessage } from "../engine/types.js";
import type { Question } from "./questions.js";
import type { MethodRun } from "./runner.js";
import type { Outcome } from "./statistics.js";

export interface TranscriptLine extends Omit<Outcome, "text"> {
  /** Number of the question among those that were asked. */
  question: number;
  kind: string | null;
  messages: ChatMessage[];
  expected: string;
  method: string;
  answer: string;
}

export function transcriptOf(questions: readonly Question[], runs: readonly MethodRun[]): TranscriptLine[] {
  return questions.flatMap(({ kind, messages, answer: expected }, question) =>
    runs.map(({ method, outcomes }) => {
      const { task, text, ...rest } = outcomes[question];
      return { question, task, kind, messages, expected, method: method.name, answer: text, ...rest };
    }),
  );
}
