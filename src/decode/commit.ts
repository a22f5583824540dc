// Which masked positions a denoise step commits.
//
// At least one, unless another has been committed without being asked about, so every block and every window ends.

import type { DecodeOptions } from "./types.js";

/**
 * Indices to commit, ascending. `confidence` holds one entry for each masked position, in position order.
 *
 * - `iterative`: everything strictly above the threshold; when nothing is, the single best, the lowest position among
 *   equals (Fast-dLLM v2, arXiv 2509.26328).
 * - `adaptive`: from the left, as long as the product of the confidences stays above the threshold; the first one when
 *   not even that is. So the step as a whole is right about as often as the threshold says, and what depends on a
 *   position to its left never comes before it.
 * - `greedy`: everything.
 *
 * @param least whether at least one must be
 */
export function chooseCommits(
  { mode, threshold }: Pick<DecodeOptions, "mode" | "threshold">,
  confidence: ArrayLike<number>,
  least = true,
): number[] {
  if (mode === "adaptive") return leadingRun(confidence, threshold, least);
  return surest(confidence, mode === "greedy" ? Number.NEGATIVE_INFINITY : threshold, least);
}

function leadingRun(confidence: ArrayLike<number>, threshold: number, least: boolean): number[] {
  const run: number[] = [];
  for (let together = 1; run.length < confidence.length; ) {
    together *= confidence[run.length];
    if (!(together > threshold)) break;
    run.push(run.length);
  }
  return run.length > 0 || !least ? run : [0];
}

function surest(confidence: ArrayLike<number>, threshold: number, least: boolean): number[] {
  const chosen: number[] = [];
  let best = 0;
  for (let i = 0; i < confidence.length; i++) {
    if (confidence[i] > threshold) chosen.push(i);
    if (confidence[i] > confidence[best]) best = i;
  }
  return chosen.length > 0 || !least ? chosen : [best];
}
