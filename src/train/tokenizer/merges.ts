// Learns the merges of byte-level BPE: again and again, the most frequent pair of neighbours becomes a
// token (Sennrich et al. 2016, arXiv 1508.07909). Counts are kept up to date merge by merge: only the
// pieces that hold the merged pair are touched.
//
// The result depends on the counts alone: ties go to the lower pair of ids, and ids are the byte
// alphabet in the order of its characters, then merges in the order they were learnt. That is what
// the trainer of Hugging Face tokenizers does.

import { byteAlphabet } from "../../text/byte-alphabet.js";

export interface Merges {
  /** In the byte alphabet; index = id. */
  tokens: string[];
  /** [left, right] ids, in the order learnt. */
  pairs: [number, number][];
}

/** A pair must occur so often to be worth a token. */
const leastCount = 2;
/** A pair as one number: left * pairBase + right. Above any vocabulary. */
const pairBase = 2 ** 21;

/**
 * @param pieces what the pre-tokenizer makes of the corpus: piece, how often
 * @param size tokens wanted, the 256 of the alphabet included; fewer when no pair occurs twice any more
 */
export function learnMerges(pieces: ReadonlyMap<string, number>, size: number): Merges {
  const learner = new Learner(pieces);
  while (learner.tokens.length < size && learner.mergeNext());
  return { tokens: learner.tokens, pairs: learner.pairs };
}

class Learner {
  readonly tokens = byteAlphabet().sort();
  readonly pairs: [number, number][] = [];
  readonly #ids = new Map(this.tokens.map((token, id) => [token, id]));
  readonly #words: number[][] = []; // each piece as ids
  readonly #frequencies: number[] = [];
  readonly #counts = new Map<number, number>(); // pair -> occurrences in the corpus
  readonly #places = new Map<number, Set<number>>(); // pair -> pieces that held it at some time
  readonly #heap = new PairHeap();

  constructor(pieces: ReadonlyMap<string, number>) {
    const alphabet = byteAlphabet().map((character) => this.#ids.get(character) as number);
    const utf8 = new TextEncoder();
    for (const [piece, frequency] of pieces) {
      const word = Array.from(utf8.encode(piece), (byte) => alphabet[byte]);
      this.#words.push(word);
      this.#frequencies.push(frequency);
      for (let i = 1; i < word.length; i++) this.#change(word[i - 1], word[i], frequency, this.#words.length - 1);
    }
    for (const [pair, count] of this.#counts) this.#heap.push(count, pair);
  }

  /** Makes the next token. False when no pair is frequent enough. */
  mergeNext(): boolean {
    for (;;) {
      const top = this.#heap.pop();
      if (top === null) return false;
      const count = this.#counts.get(top.pair) ?? 0;
      if (count < leastCount) continue;
      if (count === top.count) {
        this.#merge(Math.floor(top.pair / pairBase), top.pair % pairBase);
        return true;
      }
      this.#heap.push(count, top.pair); // it has become rarer since
    }
  }

  #merge(left: number, right: number): void {
    const text = this.tokens[left] + this.tokens[right];
    let merged = this.#ids.get(text);
    if (merged === undefined) {
      merged = this.tokens.push(text) - 1;
      this.#ids.set(text, merged);
    }
    this.pairs.push([left, right]);
    const changed = new Set<number>();
    const pair = left * pairBase + right;
    for (const at of this.#places.get(pair) ?? []) this.#mergeIn(at, left, right, merged, changed);
    this.#counts.delete(pair);
    this.#places.delete(pair);
    for (const each of changed) {
      const count = this.#counts.get(each) ?? 0;
      if (count >= leastCount) this.#heap.push(count, each);
    }
  }

  /** Replaces the pair in one piece. @param changed receives the pairs that became more frequent */
  #mergeIn(at: number, left: number, right: number, merged: number, changed: Set<number>): void {
    const word = this.#words[at];
    const frequency = this.#frequencies[at];
    const next: number[] = [];
    for (let i = 0; i < word.length; i++) {
      if (word[i] !== left || word[i + 1] !== right) {
        next.push(word[i]);
        continue;
      }
      next.push(merged);
      i++;
    }
    if (next.length === word.length) return; // an earlier merge took the pair apart
    for (let i = 1; i < word.length; i++) this.#change(word[i - 1], word[i], -frequency, at);
    for (let i = 1; i < next.length; i++) {
      this.#change(next[i - 1], next[i], frequency, at);
      if (next[i - 1] === merged || next[i] === merged) changed.add(next[i - 1] * pairBase + next[i]);
    }
    this.#words[at] = next;
  }

  #change(left: number, right: number, by: number, at: number): void {
    const pair = left * pairBase + right;
    this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + by);
    if (by < 0) return;
    const places = this.#places.get(pair);
    if (places === undefined) this.#places.set(pair, new Set([at]));
    else places.add(at);
  }
}

/** Pairs by falling count, then by rising pair. Entries may be out of date; the owner checks. */
class PairHeap {
  readonly #counts: number[] = [];
  readonly #pairs: number[] = [];

  push(count: number, pair: number): void {
    let i = this.#counts.length;
    this.#counts.push(count);
    this.#pairs.push(pair);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#before(i, parent)) break;
      this.#swap(i, parent);
      i = parent;
    }
  }

  pop(): { count: number; pair: number } | null {
    if (this.#counts.length === 0) return null;
    this.#swap(0, this.#counts.length - 1);
    const top = { count: this.#counts.pop() as number, pair: this.#pairs.pop() as number };
    for (let i = 0; ; ) {
      let first = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < this.#counts.length && this.#before(child, first)) first = child;
      }
      if (first === i) return top;
      this.#swap(i, first);
      i = first;
    }
  }

  #before(i: number, j: number): boolean {
    return (
      this.#counts[i] > this.#counts[j] || (this.#counts[i] === this.#counts[j] && this.#pairs[i] < this.#pairs[j])
    );
  }

  #swap(i: number, j: number): void {
    [this.#counts[i], this.#counts[j]] = [this.#counts[j], this.#counts[i]];
    [this.#pairs[i], this.#pairs[j]] = [this.#pairs[j], this.#pairs[i]];
  }
}
