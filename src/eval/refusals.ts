// Whether a model says that it does not know something, when it should and when it should not.

import type { Question } from "./questions.js";
import { type Outcome, type Share, shareOf } from "./statistics.js";

export interface Refusals {
  /** Of the questions whose right answer is the refusal. */
  right: Share;
  /** Of all others. */
  wrong: Share;
}

/**
 * @param refusal the one answer by which a model refuses
 * @returns null when no question is to be refused
 */
export function refusalsOf(
  questions: readonly Question[],
  outcomes: readonly Outcome[],
  refusal: string,
): Refusals | null {
  const refused = ({ text }: Outcome) => text === refusal;
  const outside = questions.map(({ answer }) => answer === refusal);
  if (!outside.includes(true)) return null;
  return {
    right: shareOf(
      outcomes.filter((_, i) => outside[i]),
      refused,
    ),
    wrong: shareOf(
      outcomes.filter((_, i) => !outside[i]),
      refused,
    ),
  };
}
