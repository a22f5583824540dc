// Middle and spread of measured values. Pure arithmetic.
//
// Medians and quartiles, not means: on a machine that others use too, a few samples are far too
// slow and none is too fast.

export interface Spread {
  median: number;
  /** First and third quartile: half of the samples lie between. */
  low: number;
  high: number;
  n: number;
}

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = ascending(values);
  return {
    median: median(values),
    low: percentile(sorted, 0.25),
    high: percentile(sorted, 0.75),
    n: values.length,
  };
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The value below which `share` of the sorted values lie (nearest rank). */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Values turned round, as seconds into rates: the quartiles change places. */
export function inverse({ median, low, high, n }: Spread, of: number): Spread {
  return { median: of / median, low: of / high, high: of / low, n };
}

function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}
