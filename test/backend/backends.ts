// The backends every suite in this folder runs over: the reference, and each instruction set
// the native addon offers here. Where it is not built, its suite says why instead.

import { createNative, nativeAvailable } from "../../src/backend/native.js";
import type { Program } from "../../src/backend/program.js";
import { createReference } from "../../src/backend/reference.js";
import type { Backend, BackendOptions, HeadRequest, Predictions, Span } from "../../src/backend/types.js";
import { pageSize } from "../../src/backend/types.js";
import type { ModelFile } from "../../src/format/types.js";

export interface Candidate {
  name: string;
  /** Allowed distance of logits in f32 paths. */
  tolerance: number;
  create(program: Program, file: ModelFile, options: BackendOptions): Promise<Backend>;
}

const native = nativeAvailable();

export const backends: Candidate[] = [
  { name: "reference", tolerance: 1e-4, create: createReference },
  ...(native.ok ? native.isa : []).map((isa) => ({
    name: `native ${isa}`,
    tolerance: 1e-3,
    create: (program: Program, file: ModelFile, options: BackendOptions) =>
      createNative(program, file, { threads: 2, ...options, isa }),
  })),
];

/** Part of a suite's name where only the reference can be tested. */
export const withoutNative = native.ok ? "" : ` (without the native backend: ${native.reason})`;

/** Greedy, with whole logits. */
export function ask(rows: readonly number[], options: Partial<HeadRequest> = {}): HeadRequest {
  return {
    rows,
    suppress: -1,
    temperature: 0,
    topP: 1,
    topK: 0,
    seed: 0,
    draw: 0,
    top: 0,
    logits: true,
    ...options,
  };
}

/** One span over fresh pages 0, 1, ... that asks about every row. */
export function wholeSpan(tokens: readonly number[], visibility: Span["visibility"] = "causal"): Span {
  const pages = Array.from({ length: Math.ceil(tokens.length / pageSize) }, (_, i) => i);
  return { tokens, position: 0, visibility, keyEnd: tokens.length, pages, head: ask([...tokens.keys()]) };
}

/** Logits of one span, [asked rows, vocabulary]. */
export async function logitsOf(backend: Backend, span: Span): Promise<Float32Array> {
  const [predictions] = await backend.forward([span]);
  return (predictions as Predictions).logits!;
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values beside ${b.length}`);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference; // NaN stays
  }
  return largest;
}
