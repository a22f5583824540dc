// Scripted predictions: what a head would answer, as a function of the predicted position.

import type { Predictions } from "../../src/backend/types.js";
import type { SpanRequest } from "../../src/decode/types.js";

/** Token and confidence of a position; `forward` counts answered spans with a head, from 0. */
export type Script = (position: number, forward: number) => [token: number, probability: number];

/** Positions that a span's asked rows predict. */
export function predictedPositions(span: SpanRequest, shift = true): number[] {
  const offset = shift || span.phase !== "denoise" ? 1 : 0;
  return (span.head?.rows ?? []).map((row) => span.position + row + offset);
}

export function answer(span: SpanRequest, script: Script, { shift = true, forward = 0 } = {}): Predictions | null {
  if (span.head === null) return null;
  const answers = predictedPositions(span, shift).map((position) => script(position, forward));
  return {
    token: Int32Array.from(answers, ([token]) => token),
    probability: Float32Array.from(answers, ([, probability]) => probability),
    logprob: Float32Array.from(answers, ([, probability]) => Math.log(probability)),
    entropy: new Float32Array(answers.length),
    topToken: new Int32Array(0),
    topLogprob: new Float32Array(0),
    logits: null,
  };
}
