// Learning merges, against a plain definition: count all pairs again for every merge.

import { describe, expect, test } from "vitest";
import { byteAlphabet } from "../../../src/text/byte-alphabet.js";
import { learnMerges } from "../../../src/train/tokenizer/merges.js";
import { hash } from "../../../src/util/rng.js";

/** The definition. */
function plainMerges(pieces: ReadonlyMap<string, number>, size: number): string[] {
  const alphabet = byteAlphabet();
  const tokens = byteAlphabet().sort();
  const words = [...pieces].map(([piece, count]) => ({
    symbols: [...new TextEncoder().encode(piece)].map((byte) => alphabet[byte]),
    count,
  }));
  const merges: string[] = [];
  while (tokens.length < size) {
    const counts = new Map<string, number>();
    for (const { symbols, count } of words) {
      for (let i = 1; i < symbols.length; i++) {
        const pair = `${symbols[i - 1]} ${symbols[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + count);
      }
    }
    const ids = (pair: string) => pair.split(" ").map((symbol) => tokens.indexOf(symbol));
    const [best] = [...counts].sort(([a, m], [b, n]) => n - m || ids(a)[0] - ids(b)[0] || ids(a)[1] - ids(b)[1]);
    if (best === undefined || best[1] < 2) break;
    const [left, right] = best[0].split(" ");
    merges.push(best[0]);
    if (!tokens.includes(left + right)) tokens.push(left + right);
    for (const word of words) {
      const joined: string[] = [];
      for (let i = 0; i < word.symbols.length; i++) {
        const fits = word.symbols[i] === left && word.symbols[i + 1] === right;
        joined.push(fits ? left + right : word.symbols[i]);
        if (fits) i++;
      }
      word.symbols = joined;
    }
  }
  return merges;
}

function fastMerges(pieces: ReadonlyMap<string, number>, size: number): string[] {
  const { tokens, pairs } = learnMerges(pieces, size);
  return pairs.map(([left, right]) => `${tokens[left]} ${tokens[right]}`);
}

describe("the merges", () => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    "of random pieces are those of the definition (%i)",
    (seed) => {
      const letters = ["abc", "aab", "abcdefgh", "aé東"][seed % 4];
      const pieces = new Map<string, number>();
      for (let i = 0; i < 25; i++) {
        const length = 1 + (hash(seed, i, 0) % 9);
        const piece = Array.from({ length }, (_, j) => [...letters][hash(seed, i, j + 2) % [...letters].length]).join(
          "",
        );
        pieces.set(piece, (pieces.get(piece) ?? 0) + 1 + (hash(seed, i, 1) % 4));
      }
      const size = 256 + 5 + (seed % 60);
      expect(fastMerges(pieces, size)).toEqual(plainMerges(pieces, size));
    },
  );

  test("of runs of one letter do not overlap", () => {
    const pieces = new Map([
      ["aaaaa", 3],
      ["aaa", 2],
    ]);
    expect(fastMerges(pieces, 270)).toEqual(plainMerges(pieces, 270));
  });

  test("with the same count are taken in the order of ids", () => {
    expect(
      fastMerges(
        new Map([
          ["xy", 5],
          ["ab", 5],
          ["ba", 5],
        ]),
        259,
      ),
    ).toEqual(["a b", "b a", "x y"]);
  });

  test("end when no pair occurs twice", () => {
    const { tokens, pairs } = learnMerges(
      new Map([
        ["abcd", 1],
        ["ef", 2],
      ]),
      1000,
    );
    expect([tokens.length, pairs.length]).toEqual([257, 1]);
  });
});
