// Which masked positions a denoise step commits.
//
// Everything whose confidence is strictly above the step's threshold; when nothing is, the single
// best, the lowest position among equals (Fast-dLLM v2, arXiv 2509.26328). So every step
// commits at least one position and every block ends.

import type { DecodeMode } from "./types.js";

/**
 * The threshold of one denoise step. `step` counts from 1 inside a sub-block. adaptive starts
 * lower, where a sub-block has most masks, and reaches `threshold` at its third step; greedy is
 * below every confidence.
 */
export function stepThreshold(mode: DecodeMode, threshold: number, step: number): number {
  if (mode === "greedy") return Number.NEGATIVE_INFINITY;
  if (mode === "adaptive" && step === 1) return Math.min(threshold, Math.max(0.5, threshold - 0.4));
  if (mode === "adaptive" && step === 2) return Math.min(threshold, Math.max(0.7, threshold - 0.2));
  return threshold;
}

/**
 * Indices to commit, ascending. `confidence` holds one entry for each masked position, in position order.
 * @param least whether at least one must be
 */
export function chooseCommits(confidence: ArrayLike<number>, threshold: number, least = true): number[] {
  const chosen: number[] = [];
  let best = 0;
  for (let i = 0; i < confidence.length; i++) {
    if (confidence[i] > threshold) chosen.push(i);
    if (confidence[i] > confidence[best]) best = i;
  }
  return chosen.length > 0 || !least ? chosen : [best];
}
