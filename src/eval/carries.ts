// Calculations, and of them sums and differences by their longest run of carrying (borrowing) columns: where decoding several
// digits at a time goes wrong first, since a digit is only known when all carries below it are.

import type { Question } from "./questions.js";
import { type Outcome, type Share, shareOf } from "./statistics.js";

export interface CarryShare extends Share {
  operator: "+" | "-";
  /** 0: no column carries. */
  chain: number;
}

/** Share of right answers to sums and differences of up to three digits, products of a table and of two digits by one. */
export function calculationsOf(questions: readonly Question[], outcomes: readonly Outcome[]): Share {
  const own = outcomes.filter((_, i) => /^[+-] |^table \*$|^2 x 1 digit$/.test(questions[i].kind ?? ""));
  return shareOf(own, ({ ok }) => ok);
}

/** Shares of right answers; only of calculations that were drawn by their chain, "+ 3,3 digits, carry 2". */
export function carriesOf(questions: readonly Question[], outcomes: readonly Outcome[]): CarryShare[] {
  return (["+", "-"] as const).flatMap((operator) => {
    const drawn = questions.map(({ kind, check }) => (kind?.startsWith(`${operator} `) ? check.carries : undefined));
    const chains = [...new Set(drawn)].filter((chain) => chain !== undefined).sort((a, b) => a - b);
    return chains.map((chain) => {
      const own = outcomes.filter((_, i) => drawn[i] === chain);
      return { operator, chain, ...shareOf(own, ({ ok }) => ok) };
    });
  });
}
