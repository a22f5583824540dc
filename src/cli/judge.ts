// How answers are judged: as the tasks of the training data judge theirs. Here, because measuring
// knows nothing of training.

import type { Judge } from "../eval/questions.js";
import { exactly } from "../eval/questions.js";
import type { Check } from "../train/data/types.js";

export interface Judgement {
  judge: Judge;
  /** The one answer by which the model says that it does not know something. */
  refusal: string;
}

/** Single questions are right to the letter; conversations as their task says. */
export async function judgement(): Promise<Judgement> {
  const { answerChecker } = await import("../train/data/check.js");
  const { unknown } = await import("../train/data/tasks/outside.js");
  const check = answerChecker();
  const judge: Judge = (question, text) => {
    const { task, kind, messages, answer } = question;
    if (kind === null) return exactly(question, text);
    const example = {
      task,
      kind,
      messages: [...messages, { role: "assistant", content: answer }] as Parameters<typeof check>[0]["messages"],
      check: question.check as Check,
    };
    const { ok, reason, story } = check(example, text);
    return { ok, reason, ...(story === undefined ? {} : { story }) };
  };
  return { judge, refusal: unknown };
}
