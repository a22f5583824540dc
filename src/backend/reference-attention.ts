// Paged K/V and attention over it: what `attend` means.
//
// K and V are stored as f16 and always read back from there, the rows of the running forward
// too, so that a cached page and a recomputed one give the same bits.

import { fromF16, toF16 } from "../util/half.js";
import type { Program } from "./program.js";
import { pageSize, type Span } from "./types.js";

type Shape = Pick<Program, "layers" | "heads" | "kvHeads" | "headDim" | "blockLength" | "attentionScale">;

export class PagedKV {
  readonly #k: Uint16Array[]; // layers x [pages, pageSize, kvHeads, headDim], f16
  readonly #v: Uint16Array[];
  readonly #width: number;

  constructor(shape: Shape, pages: number) {
    this.#width = shape.kvHeads * shape.headDim;
    const perLayer = () => new Uint16Array(pages * pageSize * this.#width);
    this.#k = Array.from({ length: shape.layers }, perLayer);
    this.#v = Array.from({ length: shape.layers }, perLayer);
  }

  /** Stores the span's rows; k and v are [rows, kvHeads, headDim]. */
  write(layer: number, span: Span, k: Float32Array, v: Float32Array): void {
    const width = this.#width;
    const [kBits, vBits] = [toF16(k), toF16(v)];
    for (let r = 0; r < span.tokens.length; r++) {
      const at = this.#offset(span, span.position + r);
      this.#k[layer].set(kBits.subarray(r * width, (r + 1) * width), at);
      this.#v[layer].set(vBits.subarray(r * width, (r + 1) * width), at);
    }
  }

  /** K and V of positions 0 .. keyEnd - 1, each [keyEnd, kvHeads, headDim]. */
  read(layer: number, span: Span): { k: Float32Array; v: Float32Array } {
    const width = this.#width;
    const k = new Uint16Array(span.keyEnd * width);
    const v = new Uint16Array(span.keyEnd * width);
    for (let p = 0; p < span.keyEnd; p++) {
      const at = this.#offset(span, p);
      k.set(this.#k[layer].subarray(at, at + width), p * width);
      v.set(this.#v[layer].subarray(at, at + width), p * width);
    }
    return { k: fromF16(k), v: fromF16(v) };
  }

  free(): void {
    this.#k.length = 0;
    this.#v.length = 0;
  }

  #offset(span: Span, position: number): number {
    const page = span.pages[Math.floor(position / pageSize)];
    return (page * pageSize + (position % pageSize)) * this.#width;
  }
}

/** One past the last position that position q of the span sees. */
export function visibleEnd(
  span: Pick<Span, "position" | "visibility" | "causalRows" | "keyEnd">,
  q: number,
  blockLength: number,
): number {
  if (span.visibility === "causal" || q - span.position < (span.causalRows ?? 0)) return q + 1;
  if (span.visibility === "all") return span.keyEnd;
  return Math.min((Math.floor(q / blockLength) + 1) * blockLength, span.keyEnd);
}

/**
 * out = softmax(q k^T * scale) v for one span, over the K/V of its pages.
 *
 * @param q [rows, heads, headDim]
 * @param out [rows, heads, headDim]
 */
export function attend(shape: Shape, kv: PagedKV, layer: number, span: Span, q: Float32Array, out: Float32Array): void {
  const { heads, kvHeads, headDim } = shape;
  const { k, v } = kv.read(layer, span);
  const weights = new Float64Array(span.keyEnd);
  for (let r = 0; r < span.tokens.length; r++) {
    const end = visibleEnd(span, span.position + r, shape.blockLength);
    for (let h = 0; h < heads; h++) {
      const query = (r * heads + h) * headDim;
      const kvHead = Math.floor((h * kvHeads) / heads) * headDim;
      const key = (p: number) => p * kvHeads * headDim + kvHead;

      let max = -Infinity;
      for (let p = 0; p < end; p++) {
        let dot = 0;
        for (let i = 0, at = key(p); i < headDim; i++) dot += q[query + i] * k[at + i];
        weights[p] = dot * shape.attentionScale;
        max = Math.max(max, weights[p]);
      }
      let total = 0;
      for (let p = 0; p < end; p++) {
        weights[p] = Math.exp(weights[p] - max);
        total += weights[p];
      }
      for (let i = 0; i < headDim; i++) {
        let sum = 0;
        for (let p = 0; p < end; p++) sum += weights[p] * v[key(p) + i];
        out[query + i] = sum / total;
      }
    }
  }
}
