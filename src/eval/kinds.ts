// Right answers by the kinds of questions within a task: where a task's mistakes come from.

import type { Question } from "./questions.js";
import { type Outcome, type Share, shareOf } from "./statistics.js";

export interface KindShare extends Share {
  task: string;
  kind: string;
}

/** Of every kind that the questions name, in the order in which kinds first appear. */
export function kindsOf(questions: readonly Question[], outcomes: readonly Outcome[]): KindShare[] {
  const byKind = new Map<string, { task: string; kind: string; outcomes: Outcome[] }>();
  for (const [i, { task, kind }] of questions.entries()) {
    if (kind === null) continue;
    const name = JSON.stringify([task, kind]);
    const own = byKind.get(name) ?? { task, kind, outcomes: [] };
    byKind.set(name, own);
    own.outcomes.push(outcomes[i]);
  }
  return [...byKind.values()].map(({ task, kind, outcomes }) => ({ task, kind, ...shareOf(outcomes, ({ ok }) => ok) }));
}

/** Places in a list of kinds, those with the most wrong answers first, among equals the smaller ones; none without any. */
export function worstKinds(kinds: readonly KindShare[], most: number): number[] {
  const wrong = ({ n, correct }: KindShare) => n - correct;
  return [...kinds.keys()]
    .filter((i) => wrong(kinds[i]) > 0)
    .sort((a, b) => wrong(kinds[b]) - wrong(kinds[a]) || kinds[a].n - kinds[b].n || a - b)
    .slice(0, most);
}
