// Measuring things that are to be compared: each is warmed up, then all take turns, round after
// round, so that whatever else the machine does meets all of them alike.

import { UnmaskError } from "../util/errors.js";

export interface Candidate<T> {
  name: string;
  run(): Promise<T>;
}

export interface RoundOptions {
  rounds: number;
  /** Runs of each candidate that do not count. (default: 1) */
  warmUp?: number;
  signal?: AbortSignal;
  /** Told what is about to run, and how many of how many runs are done. */
  onRun?: (name: string, done: number, total: number) => void;
}

/**
 * @returns the results of each candidate, [candidates][rounds]
 * @throws aborted, and what a candidate throws
 */
export async function inTurns<T>(candidates: readonly Candidate<T>[], options: RoundOptions): Promise<T[][]> {
  const { rounds, warmUp = 1, signal, onRun } = options;
  const results: T[][] = candidates.map(() => []);
  const total = candidates.length * (warmUp + rounds);
  for (let round = -warmUp; round < rounds; round++) {
    for (const [i, { name, run }] of candidates.entries()) {
      throwIfAborted(signal);
      onRun?.(name, (round + warmUp) * candidates.length + i, total);
      const result = await run();
      if (round >= 0) results[i].push(result);
    }
  }
  return results;
}

export function throwIfAborted(signal?: AbortSignal): void {
  if (signal?.aborted) throw new UnmaskError("aborted", "The measurement was interrupted.");
}
