// Byte pair encoding of one piece of text: start from bytes, join the adjacent pair whose merge
// was learnt first, again and again. (Sennrich et al. 2016, arXiv 1508.07909.)
//
// Works on token ids, not strings. The pairs of a piece wait in a heap ordered by (rank,
// position), so a piece of n bytes costs n log n however long it is.

export class BytePairs {
  readonly #size: number;
  readonly #byteTokens: Int32Array; // [256] the token of each single byte, -1 for none
  readonly #ranks = new Map<number, number>(); // left * size + right -> rank
  readonly #merged: Int32Array; // [merges] the token that a merge makes

  // The piece being encoded, kept between calls for their memory only: a list of tokens linked
  // both ways, and the pairs that could be merged, as rank * length + position.
  #tokens = new Int32Array(64); // -1 once merged into the left neighbour
  #next = new Int32Array(64);
  #previous = new Int32Array(64);
  readonly #heap: number[] = [];

  /**
   * @param size tokens in the vocabulary
   * @param merges [merges, 3] left, right and merged token of each merge, in the order they were learnt
   */
  constructor(size: number, byteTokens: Int32Array, merges: Int32Array) {
    this.#size = size;
    this.#byteTokens = byteTokens;
    this.#merged = new Int32Array(merges.length / 3);
    for (let rank = 0; rank < this.#merged.length; rank++) {
      const pair = merges[3 * rank] * size + merges[3 * rank + 1];
      if (!this.#ranks.has(pair)) this.#ranks.set(pair, rank);
      this.#merged[rank] = merges[3 * rank + 2];
    }
  }

  /** Appends the tokens of bytes [0, length) to `out`. Bytes without a token are left out. */
  encode(bytes: Uint8Array, length: number, out: number[]): void {
    this.#reserve(length);
    const [tokens, next, previous] = [this.#tokens, this.#next, this.#previous];
    let n = 0;
    for (let i = 0; i < length; i++) {
      const token = this.#byteTokens[bytes[i]];
      if (token < 0) continue;
      tokens[n] = token;
      next[n] = n + 1;
      previous[n] = n - 1;
      n++;
    }
    for (let i = 0; i < n - 1; i++) this.#propose(i, n);
    while (this.#heap.length > 0) {
      const key = pop(this.#heap);
      const rank = Math.floor(key / n);
      const left = key - rank * n;
      if (tokens[left] < 0 || this.#rankAt(left, n) !== rank) continue; // a neighbour has changed since
      const right = next[left];
      tokens[left] = this.#merged[rank];
      tokens[right] = -1;
      next[left] = next[right];
      if (next[left] < n) previous[next[left]] = left;
      if (previous[left] >= 0) this.#propose(previous[left], n);
      this.#propose(left, n);
    }
    for (let i = 0; i < n; i = next[i]) out.push(tokens[i]);
  }

  #propose(left: number, n: number): void {
    const rank = this.#rankAt(left, n);
    if (rank >= 0) push(this.#heap, rank * n + left);
  }

  /** Rank of the merge of the token at `left` with the one after it, or -1. */
  #rankAt(left: number, n: number): number {
    const right = this.#next[left];
    if (right >= n) return -1;
    return this.#ranks.get(this.#tokens[left] * this.#size + this.#tokens[right]) ?? -1;
  }

  #reserve(length: number): void {
    if (length <= this.#tokens.length) return;
    this.#tokens = new Int32Array(length);
    this.#next = new Int32Array(length);
    this.#previous = new Int32Array(length);
  }
}

function push(heap: number[], key: number): void {
  let i = heap.length;
  heap.push(key);
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (heap[parent] <= key) break;
    heap[i] = heap[parent];
    i = parent;
  }
  heap[i] = key;
}

/** Removes and returns the smallest key of a heap that is not empty. */
function pop(heap: number[]): number {
  const top = heap[0];
  const key = heap.pop()!;
  const n = heap.length;
  if (n === 0) return top;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= n) break;
    if (child + 1 < n && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= key) break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = key;
  return top;
}
