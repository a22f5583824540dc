// model.logits() as a state machine: every row of a text, all logits, no sampling.
//
// It is a decoder like any other, so the scheduler runs it among the requests. Rows come in
// chunks of one block; nothing is cached or shared.

import type { HeadRequest, Predictions } from "../backend/types.js";
import type { DecodeEvent, Decoder, SpanRequest } from "../decode/types.js";
import type { AttentionKind } from "../model/types.js";

export class LogitsDecoder implements Decoder {
  readonly phase = "decode";
  readonly committed = 0;
  finished = false;
  readonly rows: Float32Array[] = []; // each [rows of a chunk, vocabulary]
  readonly #tokens: readonly number[];
  readonly #attention: AttentionKind;
  readonly #blockLength: number;
  #position = 0;

  constructor(tokens: readonly number[], attention: AttentionKind, blockLength: number) {
    this.#tokens = tokens;
    this.#attention = attention;
    this.#blockLength = blockLength;
  }

  committedTokens(): readonly number[] {
    return [];
  }

  next(): SpanRequest {
    const position = this.#position;
    const tokens = this.#tokens.slice(position, position + this.#blockLength);
    const keyEnd = position + tokens.length;
    const inProgress = keyEnd === this.#tokens.length;
    const bidirectional = this.#attention === "block-causal" || (this.#attention === "context-causal" && inProgress);
    return {
      phase: "step",
      tokens,
      position,
      visibility: bidirectional ? "block" : "causal",
      keyEnd,
      target: "committed",
      head: { ...everyLogit, rows: tokens.map((_, row) => row) },
    };
  }

  accept(predictions: Predictions | null): DecodeEvent[] {
    this.rows.push(predictions!.logits!);
    this.#position += this.#blockLength;
    this.finished = this.#position >= this.#tokens.length;
    return this.finished ? [{ type: "finish", reason: "length" }] : [];
  }
}

const everyLogit: Omit<HeadRequest, "rows"> = {
  suppress: -1,
  temperature: 0,
  topP: 1,
  topK: 0,
  seed: 0,
  draw: 0,
  top: 0,
  logits: true,
};
