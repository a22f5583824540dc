// What is learnt from a sequence of tokens: its rows, what each sees, and what each predicts.
//
// next token: the sequence under the causal mask, row i - 1 predicts token i.
// diffusion: [noisy windows; clean] (Fast-dLLM v2, 2509.26328; NBDiff, 2512.06776). A noisy row sees its own
// window and the clean rows before that, a clean row sees clean rows only. Row i - 1 predicts token i
// here too; the first token of a window is predicted by the clean row before it.
//
// Windows with nothing to predict get no noisy rows, and rows that nobody sees and that predict
// nothing are left out: neither changes the loss. All randomness is a hash of seed, step, sequence
// and position.

import { hash, uniform } from "../util/rng.js";
import { drawNoise, mark, type NoiseOptions, purpose, type Sequence, type Window } from "./noise.js";
import type { Batch } from "./types.js";

export interface ObjectiveOptions extends NoiseOptions {
  /** Share of sequences that are learnt by next token; the others by diffusion. */
  nextTokenShare: number;
  attention: "block-causal" | "context-causal";
  maskToken: number;
  /** Weight of what lies after a block's sub-block; 0: it is masked and not predicted, since decoding does not ask for it yet. */
  aheadWeight: number;
  /** Weight of clean rows that predict a token inside a block (context-causal only). */
  cleanWeight: number;
}

/** Names the random draws of one sequence. */
export interface Draw {
  seed: number;
  step: number;
  /** Number of the sequence within the step. */
  sequence: number;
}

export type RowKind = "noisy" | "clean" | "causal";

/** Rows of one sequence; keys count from its first row. */
export interface Rows {
  tokens: number[];
  positions: number[];
  keys: number[]; // [rows, 4]
  targets: number[];
  weights: number[]; // not yet divided by the number of targets
  kinds: RowKind[];
}

/** The rows of a sequence under the objective. Empty when there is nothing to learn. */
export function rowsOf(sequence: Sequence, options: ObjectiveOptions, draw: Draw): Rows {
  const seed = hash(draw.seed, draw.step, draw.sequence);
  if (uniform(seed, 0, purpose.objective) < options.nextTokenShare) return nextTokenRows(sequence);
  return diffusionRows(sequence, options, drawNoise(sequence, options, seed));
}

export function nextTokenRows({ tokens, learn }: Sequence): Rows {
  const rows = new RowList();
  const count = learn.lastIndexOf(1); // later rows predict nothing
  for (let p = 0; p < count; p++) {
    rows.push("causal", tokens[p], p, [0, p + 1, p + 1, p + 1]);
    if (learn[p + 1] === 1) rows.predict(p, tokens[p + 1], 1);
  }
  return rows;
}

/** [noisy windows; clean]. @param windows as `drawNoise` draws them */
export function diffusionRows(
  { tokens, learn }: Sequence,
  options: ObjectiveOptions,
  windows: readonly Window[],
): Rows {
  const { attention, blockLength, maskToken, padding } = options;
  const rows = new RowList();
  const weights = [0, 1, options.aheadWeight, 0]; // of marks
  const noisy = windows.filter(({ marks }) => marks.some((each) => weights[each] > 0));
  const firstClean = noisy.reduce((sum, window) => sum + window.rows, 0);

  for (const window of noisy) {
    const start = rows.tokens.length;
    const keys = [firstClean, firstClean + window.first, start, start + window.rows];
    for (const [i, each] of window.marks.entries()) {
      const p = window.first + i;
      const known = p < tokens.length ? tokens[p] : (padding ?? maskToken);
      if (i < window.rows) rows.push("noisy", each === mark.shown ? known : maskToken, p, keys);
      if (weights[each] > 0) rows.predict(start + i - 1, known, weights[each]);
    }
  }

  // Clean rows: as many as some row predicts with or some noisy row sees.
  const weightOf = (p: number): number => {
    if (p === 0 || learn[p] === 0) return 0;
    if (p % blockLength === 0) return 1;
    return attention === "context-causal" ? options.cleanWeight : 0;
  };
  let count = noisy.reduce((most, { first }) => Math.max(most, first), 0);
  for (let p = 1; p < tokens.length; p++) if (weightOf(p) > 0) count = Math.max(count, p);
  for (let p = 0; p < count; p++) {
    const end = attention === "context-causal" ? p + 1 : (Math.floor(p / blockLength) + 1) * blockLength;
    rows.push("clean", tokens[p], p, [firstClean, firstClean + end, firstClean + end, firstClean + end]);
    if (p + 1 < tokens.length && weightOf(p + 1) > 0) rows.predict(firstClean + p, tokens[p + 1], weightOf(p + 1));
  }
  return rows;
}

class RowList implements Rows {
  readonly tokens: number[] = [];
  readonly positions: number[] = [];
  readonly keys: number[] = [];
  readonly targets: number[] = [];
  readonly weights: number[] = [];
  readonly kinds: RowKind[] = [];

  push(kind: RowKind, token: number, position: number, keys: readonly number[]): void {
    this.tokens.push(token);
    this.positions.push(position);
    this.keys.push(...keys);
    this.targets.push(-1);
    this.weights.push(0);
    this.kinds.push(kind);
  }

  predict(row: number, target: number, weight: number): void {
    this.targets[row] = target;
    this.weights[row] = weight;
  }
}

/**
 * What the loss is divided by: the weights of causal and noisy rows, and of clean rows at the border of a
 * block. With complementary masks that is one for each token to be learnt; what clean rows predict
 * inside a block comes on top, as cleanWeight says.
 */
export function targetCount(rows: Rows, blockLength: number): number {
  return rows.weights.reduce((sum, weight, r) => {
    const border = (rows.positions[r] + 1) % blockLength === 0;
    return rows.kinds[r] !== "clean" || border ? sum + weight : sum;
  }, 0);
}

/** Sequences after one another. @param divisor of all weights, such as the targets of the whole step */
export function batchOf(sequences: readonly Rows[], divisor: number): Batch {
  const rows = sequences.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const batch: Batch = {
    tokens: new Int32Array(rows),
    positions: new Int32Array(rows),
    sequences: new Int32Array(sequences.length + 1),
    keys: new Int32Array(4 * rows),
    targets: new Int32Array(rows),
    weights: new Float32Array(rows),
  };
  let start = 0;
  for (const [i, sequence] of sequences.entries()) {
    batch.tokens.set(sequence.tokens, start);
    batch.positions.set(sequence.positions, start);
    batch.targets.set(sequence.targets, start);
    for (const [k, key] of sequence.keys.entries()) batch.keys[4 * start + k] = start + key;
    for (const [r, weight] of sequence.weights.entries()) batch.weights[start + r] = weight / divisor;
    start += sequence.tokens.length;
    batch.sequences[i + 1] = start;
  }
  return batch;
}
