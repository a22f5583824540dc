// A model for decoder tests: a hash with the data flow of a two-layer transformer, and the K/V
// memory a backend would have.
//
// K/V of a row are a hash of its state; its next state is a hash of its state and the sum of the
// K/V it sees. So a wrong mask, a stale, missing or rejected row, a wrong token or predictor row
// changes everything after it, and reading K/V that nobody wrote throws.
// scripts/oracles/decode_traces.py repeats the arithmetic of the states.

import type { HeadRequest, Predictions } from "../../src/backend/types.js";
import type { SpanRequest } from "../../src/decode/types.js";
import { uniform } from "../../src/util/rng.js";

const layers = 2;

function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export function pair(a: number, b: number): number {
  return mix(Math.imul(a, 0x85ebca77) ^ Math.imul(b + 0x9e3779b9, 0xc2b2ae3d));
}

export interface HashModelOptions {
  vocabulary: number;
  blockLength: number;
  seed: number;
  /** Overrides what rows of windows predict for a position: drafts of any quality. */
  draft?: (position: number) => { token: number; probability: number };
}

type Rows = Map<number, number[]>; // position -> K/V of each layer

export class HashModel {
  readonly options: HashModelOptions;
  readonly committed: Rows = new Map();
  /** The scratch rows of one block. */
  scratch: Rows = new Map();
  #scratchBlock = -1;

  constructor(options: HashModelOptions) {
    this.options = options;
  }

  /** Forgets committed rows from `position` on: nobody may see them before they are written again. */
  truncate(position: number): void {
    for (const p of [...this.committed.keys()]) if (p >= position) this.committed.delete(p);
  }

  forward(span: SpanRequest): Predictions | null {
    const { blockLength } = this.options;
    const { tokens, position, keyEnd, target } = span;
    const own = this.#target(span);
    const blockStart = Math.floor(position / blockLength) * blockLength;
    if (position + tokens.length > keyEnd) throw new Error(`Rows at ${position} lie beyond keyEnd ${keyEnd}.`);

    let states = tokens.map((token, i) => pair(token, position + i));
    const written = states.map((): number[] => []);
    written.forEach((kv, i) => void own.set(position + i, kv));
    for (let layer = 0; layer < layers; layer++) {
      states.forEach((state, i) => void written[i].push(pair(state, layer + 1)));
      const sums = [0];
      for (let k = 0; k < keyEnd; k++) {
        const store = target === "scratch" && k >= blockStart ? own : this.committed;
        const kv = store.get(k)?.[layer];
        // Unwritten rows are fine where nobody looks.
        sums.push(kv === undefined || Number.isNaN(sums[k]) ? Number.NaN : (sums[k] + kv) >>> 0);
      }
      states = states.map((state, i) => {
        const q = position + i;
        const end = (Math.floor(q / blockLength) + 1) * blockLength;
        const visibility = i < (span.causalRows ?? 0) ? "causal" : span.visibility;
        const bound = { causal: q + 1, block: Math.min(end, keyEnd), all: keyEnd }[visibility];
        if (Number.isNaN(sums[bound])) throw new Error(`Row ${q} sees K/V that are not written (keys below ${bound}).`);
        return pair(state, sums[bound]);
      });
    }
    return span.head === null ? null : this.#predict(span, span.head, states);
  }

  #target({ target, position, tokens }: SpanRequest): Rows {
    if (target === "committed") return this.committed;
    const { blockLength } = this.options;
    const block = Math.floor(position / blockLength);
    if (Math.floor((position + tokens.length - 1) / blockLength) !== block)
      throw new Error("Scratch spans two blocks.");
    if (block !== this.#scratchBlock) this.scratch = new Map();
    this.#scratchBlock = block;
    return this.scratch;
  }

  #predict({ position, visibility, causalRows = 0 }: SpanRequest, head: HeadRequest, states: number[]): Predictions {
    const { vocabulary, seed, draft } = this.options;
    const predictions: Predictions = {
      token: new Int32Array(head.rows.length),
      probability: new Float32Array(head.rows.length),
      logprob: new Float32Array(head.rows.length),
      entropy: new Float32Array(head.rows.length),
      topToken: new Int32Array(head.rows.length * head.top).fill(-1),
      topLogprob: new Float32Array(head.rows.length * head.top),
      logits: null,
    };
    head.rows.forEach((row, i) => {
      if (!Number.isInteger(row) || states[row] === undefined) throw new Error(`The span has no row ${row}.`);
      const out = pair(states[row], seed);
      let token = ((out >>> 3) & 0x1fff) % vocabulary;
      if (head.temperature > 0) {
        token = (token + Math.floor(vocabulary * uniform(head.seed, position + row, head.draw))) % vocabulary;
      }
      if (token === head.suppress) token = (token + 1) % vocabulary;
      const q = out >>> 16;
      let probability = (((65535 - ((q * q) >>> 16)) >>> 12) + 1) / 16; // sixteenths: exact in f32, ties are common
      if (draft !== undefined && visibility !== "causal" && row >= causalRows)
        ({ token, probability } = draft(position + row + 1));
      predictions.token[i] = token;
      predictions.probability[i] = probability;
      predictions.logprob[i] = Math.log(probability);
      // As many candidates as the vocabulary has, at most `top`.
      for (let t = 0; t < Math.min(head.top, vocabulary); t++) {
        predictions.topToken[i * head.top + t] = (token + t) % vocabulary;
        predictions.topLogprob[i * head.top + t] = Math.log(probability) - t;
      }
    });
    return predictions;
  }
}
