// Counts to shares, intervals and ratios. Pure arithmetic.

import type { Answer } from "./answer.js";
import type { Verdict } from "./questions.js";

/** 97.5 % quantile of the normal distribution: a 95 % interval has it on both sides. */
const z = 1.959963984540054;

export interface Share {
  correct: number;
  n: number;
  /** correct / n; 0 when n is 0. */
  share: number;
  /** Wilson's 95 % interval. */
  low: number;
  high: number;
}

/**
 * A share with Wilson's score interval, which holds for small n and near 0 and 1, where the
 * usual "plus or minus" does not (Wilson 1927, J. Am. Stat. Assoc. 22:209).
 */
export function wilson(correct: number, n: number): Share {
  if (n === 0) return { correct, n, share: 0, low: 0, high: 1 };
  const share = correct / n;
  const middle = (share + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const low = correct === 0 ? 0 : middle - half; // exact at the ends, where rounding would leave 1e-17
  const high = correct === n ? 1 : middle + half;
  return { correct, n, share, low, high };
}

/** What one answer was, cost and is worth. */
export interface Outcome extends Answer, Verdict {
  task: string;
}

/** How many outcomes are so. */
export function shareOf(outcomes: readonly Outcome[], holds: (outcome: Outcome, index: number) => boolean): Share {
  return wilson(outcomes.filter(holds).length, outcomes.length);
}

export interface TaskShare extends Share {
  task: string;
}

/** Of right answers, in the order in which tasks first appear. */
export function tasksOf(outcomes: readonly Outcome[]): TaskShare[] {
  const byTask = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const own = byTask.get(outcome.task);
    if (own === undefined) byTask.set(outcome.task, [outcome]);
    else own.push(outcome);
  }
  return [...byTask].map(([task, own]) => ({ task, ...shareOf(own, ({ ok }) => ok) }));
}

/** Ratios are of sums, so long answers weigh more; null when there is nothing to divide by. */
export interface Cost {
  n: number;
  tokens: number;
  forwards: number;
  rows: number;
  /** Wall clock; null when it cannot be told. */
  seconds: number | null;
  tokensPerForward: number | null;
  rowsPerToken: number | null;
  tokensPerSecond: number | null;
}

export function costOf(outcomes: readonly Answer[], seconds: number | null): Cost {
  const sum = (of: (outcome: Answer) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const tokens = sum((outcome) => outcome.tokens);
  const forwards = sum((outcome) => outcome.forwards);
  const rows = sum((outcome) => outcome.rows);
  return {
    n: outcomes.length,
    tokens,
    forwards,
    rows,
    seconds,
    tokensPerForward: ratio(tokens, forwards),
    rowsPerToken: ratio(rows, tokens),
    tokensPerSecond: ratio(tokens, seconds),
  };
}

export function ratio(a: number | null, b: number | null): number | null {
  return a !== null && b !== null && b > 0 ? a / b : null;
}
