// Which tokens of a sequence its noisy rows show, ask for and hide: what decoding would find at some moment.
//
// Noise comes in windows: rows that see each other and the clean rows before them. They are blocks of
// noisy copies (Fast-dLLM v2, 2509.26328; NBDiff, 2512.06776), in which a block's first token is always
// shown, since decoding knows it before it denoises the block; or, behind causal clean rows, they are
// what decoding fills there, and begin anywhere. Which rows there are and what they predict is the
// objective's matter. All randomness is a hash of a seed and positions.

import { hash, uniform } from "../util/rng.js";

/** An example as tokens, at positions from 0. */
export interface Sequence {
  tokens: Int32Array;
  /** 1 where the token is to be learnt, 0 where it is given (a prompt). The first never counts: nothing predicts it. */
  learn: Uint8Array; // [tokens]
}

export interface NoiseOptions {
  blockLength: number;
  /** Share of sequences with every token masked, the state that decoding begins with. */
  fullMaskShare: number;
  /** Share of those whose blocks are filled up to some sub-block and masked after it, as decoding in sub-blocks goes. */
  subBlockShare: number;
  /** Positions of a sub-block, and rows of a window. */
  subBlock: number;
  /** Noisy copies of such a sequence, each with sub-blocks of its own. */
  subBlockCopies: number;
  /** Share of those sub-blocks that are masked whole, as decoding finds each of them. */
  wholeSubBlockShare: number;
  /** Share of sequences with windows of a sub-block in place of blocks. */
  windowShare: number;
  /** How often windows cover such a sequence, each time at other places. */
  windowCopies: number;
  /** Share of the windows that are masked whole, as decoding begins each of them. */
  wholeWindowShare: number;
  /** Positions after the end, up to the border of the block: masked and unpredicted, or this token, to be learnt. */
  padding: number | null;
}

/** What a random draw of a sequence is for. */
export const purpose = { objective: 0, style: 1, level: 2, token: 3, place: 4, whole: 5, copy: 6, length: 7 } as const;

/** What noisy rows do with a token: show it, mask and predict it, mask what decoding does not ask for yet, or what is no part of the answer. */
export const mark = { shown: 0, asked: 1, ahead: 2, beyond: 3 } as const;

/** A noisy copy: a mark for each position up to the border of the last block. */
export type Copy = Uint8Array;

/** Noisy rows that see each other, and the clean rows before them. */
export interface Window {
  rows: number;
  /** Position of its first row. */
  first: number;
  marks: Uint8Array; // of the positions from the first; one more than rows where the last row predicts, too
}

/** The noise of a sequence. The shares lie side by side: one changes nothing in the others. */
export function drawNoise(sequence: Sequence, options: NoiseOptions, seed: number): Window[] {
  if (uniform(seed, 0, purpose.style) >= 1 - options.windowShare) return drawWindows(sequence, options, seed);
  return blocksOf(drawCopies(sequence, options, seed), options.blockLength);
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
export function drawCopies(sequence: Sequence, options: NoiseOptions, seed: number): Copy[] {
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
function freePositions(sequence: Sequence, options: NoiseOptions): number[][] {
  const { blockLength } = options;
  return Array.from({ length: Math.ceil(sequence.tokens.length / blockLength) }, (_, block) =>
    Array.from({ length: blockLength - 1 }, (_, i) => block * blockLength + 1 + i).filter((p) =>
      isLearnt(sequence, options, p),
    ),
  );
}

function isLearnt({ tokens, learn }: Sequence, { padding }: NoiseOptions, p: number): boolean {
  return p < tokens.length ? learn[p] === 1 : padding !== null;
}

/**
 * Windows over the answers, `windowCopies` times. The first begins with the answer, the second after a number of tokens drawn
 * evenly, and each other where the one before it ends, so that all tokens are predicted about once at every distance.
 * A window ends with its answer: masks behind that predict nothing.
 */
export function drawWindows(sequence: Sequence, options: NoiseOptions, seed: number): Window[] {
  const answers = answersOf(sequence);
  return Array.from({ length: options.windowCopies }, (_, number) => hash(seed, number, purpose.copy)).flatMap((copy) =>
    answers.flatMap(([start, end]) => {
      const second = start + 1 + Math.floor(uniform(copy, start, purpose.length) * options.subBlock);
      const others = Array.from(
        { length: Math.max(0, Math.ceil((end - second) / options.subBlock)) },
        (_, i) => second + i * options.subBlock,
      );
      return [start, ...others].map((first) => windowAt(sequence, options, first, copy));
    }),
  );
}

/** [start, end) of each run of tokens that are to be learnt. */
function answersOf({ learn }: Sequence): [number, number][] {
  const starts = Array.from(learn.keys()).filter((p) => learn[p] === 1 && learn[p - 1] !== 1);
  return starts.map((start) => {
    const end = learn.indexOf(0, start);
    return [start, end < 0 ? learn.length : end];
  });
}

/** Masked whole, the first token too, which only the clean row before predicts; or that is known, and others masked by a level. */
function windowAt(sequence: Sequence, options: NoiseOptions, first: number, seed: number): Window {
  const rows = options.subBlock;
  const whole = uniform(seed, first, purpose.whole) < options.wholeWindowShare;
  const level = whole ? 1 : uniform(seed, first, purpose.level);
  const marks = new Uint8Array(rows + 1).fill(mark.beyond);
  if (!whole) marks[0] = mark.shown;
  for (let i = 1; i <= rows && isLearnt(sequence, options, first + i); i++) {
    marks[i] = isNoise(seed, first + i, level) ? mark.asked : mark.shown;
  }
  return { rows, first, marks };
}

function isNoise(seed: number, p: number, level: number): boolean {
  return uniform(seed, p, purpose.token) < 0.001 + 0.999 * level;
}

/** Marks as decoding in sub-blocks would find them, at some moment of each block. */
function leftToRight(free: readonly number[][], options: NoiseOptions, seed: number) {
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

/** The blocks of noisy copies, copy by copy. */
export function blocksOf(copies: readonly Copy[], blockLength: number): Window[] {
  return copies.flatMap((copy) =>
    Array.from({ length: copy.length / blockLength }, (_, block): Window => {
      const first = block * blockLength;
      return { rows: blockLength, first, marks: copy.subarray(first, first + blockLength) };
    }),
  );
}
