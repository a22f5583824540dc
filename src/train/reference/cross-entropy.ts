// The head and the loss: cross-entropy of the rows that have a target, and its gradient.

import { softmax } from "./attention.js";
import type { Tape, Value } from "./tape.js";

export interface Loss {
  /** Sum over rows of weight * cross-entropy, nats. */
  total: number;
  losses: Float64Array; // [rows], 0 where there is no target
  logits: Float64Array | null; // [rows, vocabulary]
}

/**
 * @param hidden [rows, columns]; @param weight [vocabulary, columns]
 * @param targets [rows], -1 for none; @param weights [rows]
 * @param all also give the logits of every row
 */
export function crossEntropy(
  tape: Tape,
  hidden: Value,
  weight: Value,
  targets: Int32Array,
  weights: Float32Array,
  all: boolean,
): Loss {
  const rows = targets.length;
  const columns = hidden.data.length / rows;
  const vocabulary = weight.data.length / columns;
  const losses = new Float64Array(rows);
  const logits = all ? new Float64Array(rows * vocabulary) : null;
  let total = 0;
  for (let r = 0; r < rows; r++) {
    if (targets[r] < 0 && logits === null) continue;
    const row = new Float64Array(vocabulary);
    for (let o = 0; o < vocabulary; o++) {
      for (let i = 0; i < columns; i++) row[o] += hidden.data[r * columns + i] * weight.data[o * columns + i];
    }
    logits?.set(row, r * vocabulary);
    if (targets[r] < 0) continue;
    const probabilities = softmax(row);
    losses[r] = logSumExp(row) - row[targets[r]];
    total += weights[r] * losses[r];
    tape.record(() => {
      for (let o = 0; o < vocabulary; o++) {
        const g = weights[r] * (probabilities[o] - (o === targets[r] ? 1 : 0));
        for (let i = 0; i < columns; i++) {
          hidden.gradient[r * columns + i] += g * weight.data[o * columns + i];
          weight.gradient[o * columns + i] += g * hidden.data[r * columns + i];
        }
      }
    });
  }
  return { total, losses, logits };
}

function logSumExp(scores: Float64Array): number {
  let max = -Infinity;
  for (const score of scores) max = Math.max(max, score);
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - max);
  return max + Math.log(sum);
}
