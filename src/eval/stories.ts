// What can be said of stories without reading them: whether they are sound, and whether they repeat
// themselves or one another.

import { type Outcome, type Share, shareOf } from "./statistics.js";

export interface Repetition {
  /** Different pairs of neighbouring words over all pairs, of all texts together (distinct-2, Li et al. 2016, 1510.03055). */
  distinctPairs: number;
  /** Words of the longest span that a text has twice: the mean over the texts, and the longest. */
  repeated: { mean: number; most: number };
}

export interface StorySummary extends Repetition {
  parses: Share;
  consistent: Share;
  complete: Share;
}

/** @returns null when no outcome is of a story */
export function storiesOf(outcomes: readonly Outcome[]): StorySummary | null {
  const stories = outcomes.filter(({ story }) => story !== undefined);
  if (stories.length === 0) return null;
  return {
    parses: shareOf(stories, ({ story }) => story!.parses),
    consistent: shareOf(stories, ({ story }) => story!.consistent),
    complete: shareOf(stories, ({ story }) => story!.complete),
    ...repetitionOf(stories.map(({ text }) => text)),
  };
}

/** @param texts at least one */
export function repetitionOf(texts: readonly string[]): Repetition {
  const words = texts.map(wordsOf);
  const pairs = words.flatMap((list) => list.slice(1).map((word, i) => `${list[i]} ${word}`));
  const repeated = words.map(longestRepeat);
  return {
    distinctPairs: pairs.length === 0 ? 0 : new Set(pairs).size / pairs.length,
    repeated: {
      mean: repeated.reduce((sum, length) => sum + length, 0) / texts.length,
      most: Math.max(...repeated),
    },
  };
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** Words of the longest span that begins at two places of the list; the two may overlap. */
export function longestRepeat(words: readonly string[]): number {
  let longest = 0;
  let above = new Uint32Array(words.length + 1); // [words + 1] common words that end before i - 1 and before j
  for (let i = 1; i <= words.length; i++) {
    const row = new Uint32Array(words.length + 1);
    for (let j = i + 1; j <= words.length; j++) {
      if (words[i - 1] !== words[j - 1]) continue;
      row[j] = above[j - 1] + 1;
      longest = Math.max(longest, row[j]);
    }
    above = row;
  }
  return longest;
}
