// A forward as two typed arrays, and its answers taken out of one.
//
// The layout is that of native/request.h. The buffers of the request are kept and grown; the
// answers of each forward are views of one fresh buffer, so callers may hold on to them.

import { type Predictions, type Span, visibilities } from "./types.js";

const headerInts = 5;
const spanInts = 7;
const headInts = 7;

export class RequestPacker {
  ints = new Int32Array(1024);
  reals = new Float64Array(32);
  /** How many asked rows, top entries and rows of logits the last request has. */
  asked = 0;
  topEntries = 0;
  logitsRows = 0;

  /** Packs spans that checkSpans has passed. */
  pack(spans: readonly Span[]): void {
    let rows = 0;
    let pages = 0;
    let heads = 0;
    this.asked = this.topEntries = this.logitsRows = 0;
    for (const { tokens, pages: table, head } of spans) {
      rows += tokens.length;
      pages += table.length;
      if (head === null) continue;
      heads++;
      this.asked += head.rows.length;
      this.topEntries += head.rows.length * head.top;
      if (head.logits) this.logitsRows += head.rows.length;
    }
    const spansAt = headerInts;
    const tokensAt = spansAt + spanInts * spans.length;
    const pagesAt = tokensAt + rows;
    const headsAt = pagesAt + pages;
    const askedAt = headsAt + headInts * heads;
    const length = askedAt + this.asked;
    if (this.ints.length < length) this.ints = new Int32Array(2 * length);
    if (this.reals.length < 2 * heads) this.reals = new Float64Array(4 * heads);
    const { ints, reals } = this;

    ints.set([spans.length, rows, pages, heads, this.asked]);
    let [span, token, page, head, asked, nextHead] = [spansAt, tokensAt, pagesAt, headsAt, askedAt, 0];
    for (const s of spans) {
      ints[span] = s.tokens.length;
      ints[span + 1] = s.position;
      ints[span + 2] = visibilities.indexOf(s.visibility);
      ints[span + 3] = s.keyEnd;
      ints[span + 4] = s.pages.length;
      ints[span + 5] = s.head === null ? -1 : nextHead;
      ints[span + 6] = s.causalRows ?? 0;
      ints.set(s.tokens, token);
      ints.set(s.pages, page);
      span += spanInts;
      token += s.tokens.length;
      page += s.pages.length;
      if (s.head === null) continue;
      ints[head] = s.head.rows.length;
      ints[head + 1] = s.head.suppress;
      ints[head + 2] = Math.min(s.head.topK, 0x7fffffff);
      ints[head + 3] = s.head.seed; // modulo 2^32, as util/rng takes it
      ints[head + 4] = s.head.draw;
      ints[head + 5] = s.head.top;
      ints[head + 6] = s.head.logits ? 1 : 0;
      ints.set(s.head.rows, asked);
      reals[2 * nextHead] = s.head.temperature;
      reals[2 * nextHead + 1] = s.head.topP;
      head += headInts;
      asked += s.head.rows.length;
      nextHead++;
    }
  }
}

/** Where the addon writes: token, probability, logprob, entropy [rows], topToken, topLogprob [entries]. */
export class Answers {
  readonly words: Int32Array;
  readonly logits: Float32Array | null; // [logits rows, vocabulary]
  readonly #rows: number;
  readonly #entries: number;

  constructor({ asked, topEntries, logitsRows }: RequestPacker, vocabulary: number) {
    this.#rows = asked;
    this.#entries = topEntries;
    this.words = new Int32Array(4 * asked + 2 * topEntries);
    this.logits = logitsRows === 0 ? null : new Float32Array(logitsRows * vocabulary);
  }

  /** Predictions in span order. */
  read(spans: readonly Span[], vocabulary: number): (Predictions | null)[] {
    const rows = this.#rows;
    const floats = new Float32Array(this.words.buffer);
    const tops = 4 * rows;
    let [row, entry, logitsRow] = [0, 0, 0];
    return spans.map(({ head }) => {
      if (head === null) return null;
      const [from, to] = [row, row + head.rows.length];
      const [topFrom, topTo] = [tops + entry, tops + entry + head.rows.length * head.top];
      const logitsFrom = logitsRow * vocabulary;
      row = to;
      entry += topTo - topFrom;
      if (head.logits) logitsRow += head.rows.length;
      return {
        token: this.words.subarray(from, to),
        probability: floats.subarray(rows + from, rows + to),
        logprob: floats.subarray(2 * rows + from, 2 * rows + to),
        entropy: floats.subarray(3 * rows + from, 3 * rows + to),
        topToken: this.words.subarray(topFrom, topTo),
        topLogprob: floats.subarray(this.#entries + topFrom, this.#entries + topTo),
        logits: head.logits ? this.logits!.subarray(logitsFrom, logitsRow * vocabulary) : null,
      };
    });
  }
}
