// The page pool against a plain model of it: no page is ever lost, held twice or evicted while read.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type KeptVisibility, pageSize } from "../../src/backend/types.js";
import { type Node, PagePool, pagesFor } from "../../src/engine/pages.js";

/** Tokens whose pages are named by letters: "ab" is 32 times a, then 32 times b. */
const spell = (letters: string) => [...letters].flatMap((letter) => Array(pageSize).fill(letter.charCodeAt(0)));

interface Holder {
  tokens: number[];
  mask: KeptVisibility;
  path: Node[];
  own: number[];
}

function hold(pool: PagePool, letters: string, mask: KeptVisibility = "causal"): Holder | null {
  const tokens = spell(letters);
  const path = pool.match(mask, tokens, tokens.length);
  const own = pool.take(pagesFor(tokens.length) - path.length);
  if (own === null) {
    pool.release(path);
    return null;
  }
  return { tokens, mask, path, own };
}

function freezeAll(pool: PagePool, holder: Holder): void {
  while (holder.own.length > 0) pool.freeze(holder.mask, holder.path, holder.tokens, holder.own.shift()!);
}

function drop(pool: PagePool, holder: Holder): void {
  pool.release(holder.path);
  pool.give(holder.own);
}

describe("PagePool", () => {
  it("finds the longest prefix of whole pages, and only under the same mask", () => {
    const pool = new PagePool(8);
    const first = hold(pool, "abc")!;
    freezeAll(pool, first);
    const match = (letters: string, mask: KeptVisibility, limit = 1000) => {
      const tokens = spell(letters);
      const path = pool.match(mask, tokens, Math.min(limit, tokens.length));
      pool.release(path);
      return path.map((node) => node.page);
    };
    const pages = first.path.map((node) => node.page);
    expect(match("abc", "causal")).toEqual(pages);
    expect(match("abd", "causal")).toEqual(pages.slice(0, 2));
    expect(match("abcd", "causal", 2 * pageSize + 31)).toEqual(pages.slice(0, 2));
    expect(match("bc", "causal")).toEqual([]);
    expect(match("abc", "block")).toEqual([]);
  });

  it("takes a page for another when the rest of its grain differs", () => {
    const pool = new PagePool(8);
    const held = ["ab", "ac"].map((letters) => {
      const tokens = spell(letters);
      const path: Node[] = [];
      for (const page of pool.take(2)!) pool.freeze("block", path, tokens, page, 2 * pageSize);
      return { tokens, path };
    });
    expect(new Set(held.flatMap(({ path }) => path.map(({ page }) => page))).size).toBe(4);
    for (const { tokens, path } of held) expect(pool.match("block", tokens, tokens.length, 2 * pageSize)).toEqual(path);
  });

  it("gives a sequence the cached page when another froze the same tokens first", () => {
    const pool = new PagePool(4);
    const one = hold(pool, "ab")!;
    const two = hold(pool, "ab")!;
    freezeAll(pool, one);
    freezeAll(pool, two);
    expect(two.path).toEqual(one.path);
    expect(pool.free).toBe(2);
  });

  it("evicts least recently used prefixes, leaves first, and never what is held", () => {
    const pool = new PagePool(4);
    for (const letters of ["ab", "cd"]) {
      const holder = hold(pool, letters)!;
      freezeAll(pool, holder);
      drop(pool, holder);
    }
    const reader = hold(pool, "ab")!; // now "cd" is the older, and "ab" is held
    expect(reader.path).toHaveLength(2);
    expect(pool.available).toBe(2);
    expect(pool.take(3)).toBeNull();
    const [taken] = pool.take(1)!;
    expect(pool.match("causal", spell("cd"), 64)).toHaveLength(1); // its leaf went, its root stayed
    pool.give([taken]);
  });

  it("loses and duplicates no page under random work", () => {
    const words = fc.stringMatching(/^[ab]{1,4}$/);
    const action = fc.record({
      kind: fc.constantFrom("hold", "freeze", "drop"),
      words,
      pick: fc.nat(),
      mask: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(action, { maxLength: 60 }), (total, actions) => {
        const pool = new PagePool(total);
        const holders: Holder[] = [];
        for (const { kind, words, pick, mask } of actions) {
          const holder = holders[pick % Math.max(1, holders.length)];
          if (kind === "hold") {
            const made = hold(pool, words, mask ? "causal" : "block");
            if (made === null) expect(pagesFor(spell(words).length)).toBeGreaterThan(pool.available);
            else holders.push(made);
          } else if (holder !== undefined && kind === "freeze") freezeAll(pool, holder);
          else if (holder !== undefined) {
            drop(pool, holder);
            holders.splice(holders.indexOf(holder), 1);
          }
          const held = holders.flatMap((each) => each.own);
          const shared = new Set(holders.flatMap((each) => each.path.map((node) => node.page)));
          expect(new Set([...held, ...shared]).size).toBe(held.length + shared.size);
          expect(pool.free + pool.cached + held.length).toBe(total);
          expect(pool.available).toBe(total - held.length - shared.size);
        }
        for (const holder of holders) drop(pool, holder);
        expect(pool.available).toBe(total);
        const all = pool.take(total)!;
        expect(new Set(all).size).toBe(total);
      }),
    );
  });
});
