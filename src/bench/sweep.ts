// How many threads are best: the same forwards with 1, 2, ... threads.

import type { Backend } from "../backend/types.js";
import { type ForwardCase, forwardCandidate } from "./forwards.js";
import { inTurns, type RoundOptions } from "./rounds.js";
import { median } from "./statistics.js";

export interface SweepResult {
  threads: number;
  /** Rows a second of each case: medians. */
  rowsPerSecond: Record<string, number>;
}

/** Every count up to eight, then doubling, and all there are. */
export function threadCounts(cores: number): number[] {
  const counts = Array.from({ length: Math.min(8, cores) }, (_, i) => i + 1);
  for (let threads = 16; threads < cores; threads *= 2) counts.push(threads);
  if (cores > 8) counts.push(cores);
  return counts;
}

export async function sweepOne(
  backend: Backend,
  cases: readonly ForwardCase[],
  options: RoundOptions,
): Promise<SweepResult> {
  const samples = await inTurns(
    cases.map((test) => forwardCandidate(backend, test)),
    options,
  );
  const rates = cases.map(({ name, rows }, i) => [name, rows / (median(samples[i]) / 1000)]);
  return { threads: backend.info.threads, rowsPerSecond: Object.fromEntries(rates) };
}

/** The count with the most denoised rows a second; the lower one of counts within 2 %. */
export function bestThreads(results: readonly SweepResult[], name: string): number {
  const most = Math.max(...results.map(({ rowsPerSecond }) => rowsPerSecond[name]));
  return results.find(({ rowsPerSecond }) => rowsPerSecond[name] >= 0.98 * most)!.threads;
}
