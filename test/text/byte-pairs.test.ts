// The heap against the definition of byte pair encoding.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BytePairs } from "../../src/text/byte-pairs.js";

type Merge = [left: number, right: number, merged: number];

/** The definition: of all adjacent pairs merge the one learnt first, the leftmost of equals, until none is left. */
function naive(tokens: readonly number[], merges: readonly Merge[]): number[] {
  const word = [...tokens];
  for (;;) {
    const found = merges.find(([left, right]) => word.some((token, i) => token === left && word[i + 1] === right));
    if (found === undefined) return word;
    const at = word.findIndex((token, i) => token === found[0] && word[i + 1] === found[1]);
    word.splice(at, 2, found[2]);
  }
}

/** Random merges over the tokens so far, each making a new one: more general than what training makes. */
const merges = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 25 }).map((pairs) => {
  const made: Merge[] = [];
  for (const [a, b] of pairs) {
    const tokens = 4 + made.length;
    if (!made.some(([left, right]) => left === a % tokens && right === b % tokens)) {
      made.push([a % tokens, b % tokens, tokens]);
    }
  }
  return made;
});

describe("byte pairs", () => {
  it("equals the definition", () => {
    fc.assert(
      fc.property(merges, fc.array(fc.nat({ max: 3 }), { maxLength: 60 }), (made, bytes) => {
        const byteTokens = new Int32Array(256).fill(-1);
        byteTokens.set([0, 1, 2, 3]);
        const pairs = new BytePairs(4 + made.length, byteTokens, Int32Array.from(made.flat()));
        const out: number[] = [];
        pairs.encode(Uint8Array.from(bytes), bytes.length, out);
        expect(out).toEqual(naive(bytes, made));
      }),
      { numRuns: 2000 },
    );
  });

  it("leaves out bytes that have no token and reads no further than the length", () => {
    const byteTokens = new Int32Array(256).fill(-1);
    byteTokens[65] = 0;
    byteTokens[66] = 1;
    const pairs = new BytePairs(3, byteTokens, Int32Array.of(0, 1, 2));
    const out = [7];
    pairs.encode(Uint8Array.of(65, 200, 66, 66, 65), 4, out);
    expect(out).toEqual([7, 2, 1]);
  });
});
