// Counts to shares, intervals and ratios. Pure arithmetic.

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

/** What one answer was and cost. */
export interface Outcome {
  task: string;
  correct: boolean;
  /** Generated tokens, forwards and rows of decoding (the prompt's apart). */
  tokens: number;
  forwards: number;
  rows: number;
  decodeMs: number;
}

export interface Summary {
  /** In the order in which tasks first appear. */
  tasks: (Share & { task: string })[];
  all: Share;
  tokens: number;
  forwards: number;
  rows: number;
  /** Null when there is nothing to divide by. */
  tokensPerForward: number | null;
  rowsPerToken: number | null;
  tokensPerSecond: number | null;
}

/**
 * @param seconds time that the tokens took: of decoding alone when answers came one after the
 *   other, of everything when they overlapped
 */
export function summarise(outcomes: readonly Outcome[], seconds: number): Summary {
  const counts = new Map<string, { correct: number; n: number }>();
  for (const { task, correct } of outcomes) {
    const count = counts.get(task) ?? { correct: 0, n: 0 };
    counts.set(task, { correct: count.correct + (correct ? 1 : 0), n: count.n + 1 });
  }
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const tokens = sum((outcome) => outcome.tokens);
  const forwards = sum((outcome) => outcome.forwards);
  const rows = sum((outcome) => outcome.rows);
  return {
    tasks: [...counts].map(([task, { correct, n }]) => ({ task, ...wilson(correct, n) })),
    all: wilson(
      sum((outcome) => (outcome.correct ? 1 : 0)),
      outcomes.length,
    ),
    tokens,
    forwards,
    rows,
    tokensPerForward: ratio(tokens, forwards),
    rowsPerToken: ratio(rows, tokens),
    tokensPerSecond: ratio(tokens, seconds),
  };
}

function ratio(a: number, b: number): number | null {
  return b > 0 ? a / b : null;
}
