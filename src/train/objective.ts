// What is learnt from a sequence of tokens: its rows, what each sees, and what each predicts.
//
// next token: the sequence under the causal mask, row i - 1 predicts token i.
// diffusion: [noisy A; noisy B; clean] (Fast-dLLM v2, 2509.26328; NBDiff, 2512.06776). Two copies with
// complementary masks; a noisy row sees its own block in its own copy and the clean rows of the blocks
// before it, a clean row sees clean rows only. Row i - 1 predicts token i here too, but a block's
// first token is predicted by the clean row before the block, as it is when decoding: there it is
// known before the block is denoised, so it is never masked here.
//
// A share of the sequences has drafts in place of noisy blocks, as `verified` makes them: windows that begin
// with a known token anywhere, masks behind it, and see themselves and all clean rows before them.
//
// Windows with nothing to predict get no noisy rows, and rows that nobody sees and that predict
// nothing are left out: neither changes the loss. All randomness is a hash of seed, step, sequence
// and position.

import { hash, uniform } from "../util/rng.js";
import type { Batch } from "./types.js";

/** An example as tokens, at positions from 0. */
export interface Sequence {
  tokens: Int32Array;
  /** 1 where the token is to be learnt, 0 where it is given (a prompt). The first never counts: nothing predicts it. */
  learn: Uint8Array; // [tokens]
}

export interface ObjectiveOptions {
  /** Share of sequences that are learnt by next token; the others by diffusion. */
  nextTokenShare: number;
  attention: "block-causal" | "context-causal";
  blockLength: number;
  maskToken: number;
  /** Share of diffusion sequences with every token masked, the state that decoding begins with. */
  fullMaskShare: number;
  /** Share of those whose blocks are filled up to some sub-block and masked after it, as decoding in sub-blocks goes. */
  subBlockShare: number;
  /** Positions of a sub-block. */
  subBlock: number;
  /** Noisy copies of such a sequence, each with sub-blocks of its own. */
  subBlockCopies: number;
  /** Share of those sub-blocks that are masked whole, as decoding finds each of them. */
  wholeSubBlockShare: number;
  /** Weight of what lies after the sub-block; 0: it is masked and not predicted, since decoding does not ask for it yet. */
  aheadWeight: number;
  /** Share of diffusion sequences with drafts of a sub-block. */
  draftShare: number;
  /** Weight of clean rows that predict a token inside a block (context-causal only). */
  cleanWeight: number;
  /** Positions after the end, up to the border of the block: masked and unpredicted, or this token, to be learnt. */
  padding: number | null;
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

const purpose = { objective: 0, style: 1, level: 2, token: 3, place: 4, whole: 5, copy: 6, draft: 7 } as const;

/** What noisy rows do with a token: show it, mask and predict it, mask what decoding does not ask for yet, or what is no part of the answer. */
export const mark = { shown: 0, asked: 1, ahead: 2, beyond: 3 } as const;

/** A noisy copy: a mark for each position up to the border of the last block. */
export type Copy = Uint8Array;

/** Noisy rows that see each other, and the clean rows before them. */
interface Window {
  rows: number;
  /** Position of its first row. */
  first: number;
  marks: Uint8Array; // of the positions from the first; one more than rows where the last row predicts, too
}

/** The rows of a sequence under the objective. Empty when there is nothing to learn. */
export function rowsOf(sequence: Sequence, options: ObjectiveOptions, draw: Draw): Rows {
  const seed = hash(draw.seed, draw.step, draw.sequence);
  if (uniform(seed, 0, purpose.objective) < options.nextTokenShare) return nextTokenRows(sequence);
  if (uniform(seed, 0, purpose.style) >= 1 - options.draftShare) {
    return draftRows(sequence, options, seed);
  }
  return diffusionRows(sequence, options, drawCopies(sequence, options, seed));
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

/**
 * The noisy copies of a sequence. Copy A masks tokens at random: per block a level t ~ U(0, 1), then each
 * token by itself with probability 0.001 + 0.999 t. Copy B masks the others that may be masked.
 *
 * Two shares of the sequences have states that decoding visits instead, without a complement: all tokens
 * masked, once; or, in `subBlockCopies` copies, each block by itself, those before a sub-block known, those
 * after it masked, and those in it masked by the level or, for a share, all of them. The sub-block is
 * that of a token drawn evenly.
 */
export function drawCopies(sequence: Sequence, options: ObjectiveOptions, seed: number): Copy[] {
  const { fullMaskShare, subBlockShare, subBlockCopies } = options;
  const style = uniform(seed, 0, purpose.style);
  const free = freePositions(sequence, options);
  const size = free.length * options.blockLength;
  const copyOf = (markOf: (p: number, block: number) => number): Copy => {
    const copy = new Uint8Array(size);
    for (const [block, positions] of free.entries()) for (const p of positions) copy[p] = markOf(p, block);
    return copy;
  };
  if (style < fullMaskShare) return [copyOf(() => mark.asked)];
  if (style < fullMaskShare + subBlockShare) {
    return Array.from({ length: subBlockCopies }, (_, number) => {
      return copyOf(leftToRight(free, options, hash(seed, number, purpose.copy)));
    });
  }
  const a = copyOf((p, block) => (isNoise(seed, p, uniform(seed, block, purpose.level)) ? mark.asked : mark.shown));
  return [a, copyOf((p) => (a[p] === mark.asked ? mark.shown : mark.asked))];
}

/** Block by block the positions that may be masked: not the first of a block, which is known before the block is denoised. */
function freePositions(sequence: Sequence, options: ObjectiveOptions): number[][] {
  const { blockLength } = options;
  return Array.from({ length: Math.ceil(sequence.tokens.length / blockLength) }, (_, block) =>
    Array.from({ length: blockLength - 1 }, (_, i) => block * blockLength + 1 + i).filter((p) =>
      isLearnt(sequence, options, p),
    ),
  );
}

function isLearnt({ tokens, learn }: Sequence, { padding }: ObjectiveOptions, p: number): boolean {
  return p < tokens.length ? learn[p] === 1 : padding !== null;
}

/**
 * Drafts of a sub-block from tokens of the answers: from the first, and from every `subBlock`-th after one drawn evenly, so
 * that each token is predicted about once, at every distance. A draft ends with the answer; masks behind it predict nothing.
 */
function drawDrafts(sequence: Sequence, options: ObjectiveOptions, seed: number): Window[] {
  const { blockLength, subBlock } = options;
  const { tokens, learn } = sequence;
  const end = Math.ceil(tokens.length / blockLength) * blockLength;
  const learnt = Array.from(tokens.keys()).filter((p) => learn[p] === 1);
  const place = 1 + Math.floor(uniform(seed, 0, purpose.draft) * subBlock);
  const firsts = learnt.filter((_, i) => i === 0 || i % subBlock === place % subBlock);
  return firsts.map((first): Window => {
    const rows = Math.min(subBlock, end - first);
    const marks = new Uint8Array(rows + 1).fill(mark.beyond);
    marks[0] = mark.shown;
    for (let i = 1; i <= rows && first + i < end && isLearnt(sequence, options, first + i); i++) marks[i] = mark.asked;
    return { rows, first, marks };
  });
}

function isNoise(seed: number, p: number, level: number): boolean {
  return uniform(seed, p, purpose.token) < 0.001 + 0.999 * level;
}

/** Marks as decoding in sub-blocks would find them, at some moment of each block. */
function leftToRight(free: readonly number[][], options: ObjectiveOptions, seed: number) {
  const { subBlock, wholeSubBlockShare } = options;
  const moments = free.map((positions, block) => {
    const chosen = positions[Math.floor(uniform(seed, block, purpose.place) * positions.length)];
    const whole = uniform(seed, block, purpose.whole) < wholeSubBlockShare;
    return { start: chosen - (chosen % subBlock), level: whole ? 1 : uniform(seed, block, purpose.level) };
  });
  return (p: number, block: number) => {
    const { start, level } = moments[block];
    if (p >= start + subBlock) return mark.ahead;
    return p >= start && isNoise(seed, p, level) ? mark.asked : mark.shown;
  };
}

/** @param copies as `drawCopies` draws them */
export function diffusionRows(sequence: Sequence, options: ObjectiveOptions, copies: readonly Copy[]): Rows {
  const rows = options.blockLength;
  const blocks = copies.flatMap((copy) =>
    Array.from({ length: copy.length / rows }, (_, block): Window => {
      const first = block * rows;
      return { rows, first, marks: copy.subarray(first, first + rows) };
    }),
  );
  return noisyRows(sequence, options, blocks);
}

/** [drafts; clean] */
export function draftRows(sequence: Sequence, options: ObjectiveOptions, seed: number): Rows {
  return noisyRows(sequence, options, drawDrafts(sequence, options, seed));
}

function noisyRows({ tokens, learn }: Sequence, options: ObjectiveOptions, windows: readonly Window[]): Rows {
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
