// Small programs, batches and comparisons for tests of the native trainer.

import { nativeAvailable } from "../../src/backend/native.js";
import type { Op, Program } from "../../src/backend/program.js";
import { buildProgram } from "../../src/model/program.js";
import type { HyperParameters } from "../../src/model/types.js";
import { createNativeTrainer, type NativeTrainer } from "../../src/train/native.js";
import { parametersOf } from "../../src/train/parameters.js";
import type { Batch, ParameterInfo, Trainer, UpdateOptions } from "../../src/train/types.js";
import { bareProgram, Random } from "../backend/weights.js";

const native = nativeAvailable();

/** Instruction sets of this CPU, best first; none where the addon is not built. */
export const instructionSets: string[] = native.ok ? native.isa : [];
/** Part of a suite's name where nothing can be tested. */
export const withoutNative = native.ok ? "" : ` (without the native trainer: ${native.reason})`;

export interface Subject {
  program: Program;
  parameters: ParameterInfo[];
}

/** A BitNet decoder with sizes that I2_S can store. */
export function bitnet(changes: Partial<HyperParameters> = {}): Subject {
  const hp: HyperParameters = {
    architecture: "bitnet",
    name: "small",
    layers: 2,
    hidden: 128,
    ffn: 256,
    heads: 4,
    kvHeads: 2,
    headDim: 32,
    vocabulary: 300,
    contextLength: 256,
    normEps: 1e-5,
    ropeBase: 10_000,
    ropeDim: 32,
    ropeScale: 1,
    activation: "silu",
    subNorms: true,
    qkvBias: false,
    tiedHead: true,
    diffusion: { attention: "context-causal", blockLength: 32, shift: true, maskToken: 0 },
    ...changes,
  };
  const { program, roles } = buildProgram(hp);
  return { program, parameters: parametersOf(program, roles, true) };
}

/** Feed-forward only, with every row-wise op, a bias and odd sizes: no f16 anywhere. */
export function feedForward(activation: "silu" | "relu2", width = 70, inner = 130): Subject {
  const vocabulary = 50;
  const ops: Op[] = [
    { op: "embed", weight: "embd", out: "x" },
    { op: "norm", input: "x", weight: "norm", eps: 1e-5, out: "h" },
    { op: "rope", input: "h", heads: width / 2 },
    { op: "linear", input: "h", weight: "gate", bias: null, out: "g" },
    { op: "linear", input: "h", weight: "up", bias: "up.bias", out: "u" },
    { op: "gate", gate: "g", up: "u", activation, out: "u" },
    { op: "norm", input: "u", weight: "sub", eps: 1e-5, out: "u" },
    { op: "linear", input: "u", weight: "down", bias: null, out: "y" },
    { op: "add", a: "x", b: "y", out: "x" },
    { op: "linear", input: "x", weight: "dense", bias: null, out: "y" },
    { op: "add", a: "y", b: "x", out: "x" },
    { op: "head", input: "x", weight: "embd" },
  ];
  const widths = { x: width, h: width, g: inner, u: inner, y: width };
  const matrix = (name: string, columns: number, rows: number, ternary: boolean): ParameterInfo => {
    return { name, shape: [columns, rows], kind: "matrix", ternary };
  };
  const vector = (name: string, length: number): ParameterInfo => ({
    name,
    shape: [length],
    kind: "vector",
    ternary: false,
  });
  const parameters: ParameterInfo[] = [
    { name: "embd", shape: [width, vocabulary], kind: "embedding", ternary: false },
    vector("norm", width),
    matrix("gate", width, inner, true),
    matrix("up", width, inner, true),
    vector("up.bias", inner),
    vector("sub", inner),
    matrix("down", inner, width, true),
    matrix("dense", width, width, false),
  ];
  return { program: bareProgram(ops, widths, vocabulary), parameters };
}

/** Attention over the embedding itself, so that with weights that f16 holds it is exact. */
export function attentionOnly(heads: number, headDim: number): Subject {
  const [width, vocabulary] = [heads * headDim, 40];
  const ops: Op[] = [
    { op: "embed", weight: "q", out: "q" },
    { op: "embed", weight: "k", out: "k" },
    { op: "embed", weight: "v", out: "v" },
    { op: "attend", layer: 0, q: "q", k: "k", v: "v", out: "a" },
    { op: "head", input: "a", weight: "head" },
  ];
  const kvWidth = 2 * headDim;
  const program: Program = {
    ...bareProgram(ops, { q: width, k: kvWidth, v: kvWidth, a: width }, vocabulary),
    heads,
    kvHeads: 2,
    headDim,
    attentionScale: 1 / Math.sqrt(headDim),
  };
  const table = (name: string, columns: number): ParameterInfo => {
    return { name, shape: [columns, vocabulary], kind: "embedding", ternary: false };
  };
  return { program, parameters: [table("q", width), table("k", kvWidth), table("v", kvWidth), table("head", width)] };
}

export async function nativeTrainer(
  { program, parameters }: Subject,
  options: { isa?: string; threads?: number; maxRows?: number } = {},
): Promise<NativeTrainer> {
  return createNativeTrainer(program, { parameters, maxRows: 4096, threads: 2, ...options });
}

/** Norms near 1, everything else around 0. */
export function setRandom(trainer: Trainer, seed: number, spread = 0.3): void {
  const random = new Random(seed);
  for (const { name, shape, kind } of trainer.parameters) {
    const size = shape.reduce((product, n) => product * n, 1);
    trainer.set(name, random.normals(size, spread, kind === "vector" ? 1 : 0));
  }
}

/** Sequences of random length with targets in two rows of three; every row sees the rows before it and itself. */
export function causalBatch(random: Random, vocabulary: number, lengths: readonly number[]): Batch {
  const sequences = Int32Array.from([0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b))]);
  const rows = sequences[lengths.length];
  const first = (row: number) => sequences[lengths.findIndex((_, s) => row < sequences[s + 1])];
  const each = <T>(value: (row: number) => T) => Array.from({ length: rows }, (_, row) => value(row));
  return {
    tokens: Int32Array.from(each(() => random.integer(0, vocabulary - 1))),
    positions: Int32Array.from(each((row) => row - first(row))),
    sequences,
    keys: Int32Array.from(each((row) => [first(row), row + 1, 0, 0]).flat()),
    targets: Int32Array.from(each(() => (random.integer(0, 2) === 0 ? -1 : random.integer(0, vocabulary - 1)))),
    weights: Float32Array.from(each(() => random.uniform() / rows)),
  };
}

/** The same with two random ranges for runs of rows, in either order, either of them possibly empty. */
export function rangedBatch(random: Random, vocabulary: number, lengths: readonly number[]): Batch {
  const batch = causalBatch(random, vocabulary, lengths);
  for (let s = 0; s < lengths.length; s++) {
    const start = batch.sequences[s];
    for (let row = start; row < batch.sequences[s + 1]; ) {
      const cuts = Array.from({ length: 4 }, () => start + random.integer(0, lengths[s])).sort((a, b) => a - b);
      if (cuts[0] === cuts[1] && cuts[2] === cuts[3]) continue;
      const keys = random.integer(0, 1) === 1 ? cuts : [...cuts.slice(2), ...cuts.slice(0, 2)];
      for (let n = random.integer(1, 9); n > 0 && row < batch.sequences[s + 1]; n--, row++)
        batch.keys.set(keys, 4 * row);
    }
  }
  return batch;
}

/** Distance of two vectors over the length of the second. */
export function relativeError(found: Float32Array, expected: Float32Array): number {
  let [error, length] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    error += (found[i] - expected[i]) ** 2;
    length += expected[i] ** 2;
  }
  return Math.sqrt(error) / (Math.sqrt(length) + 1e-12);
}

/** Whether the arrays hold the same bits, which says of large ones faster than toEqual does. */
export function sameBits(a: readonly Float32Array[], b: readonly Float32Array[]): boolean {
  const bytes = (x: Float32Array) => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
  return a.length === b.length && a.every((array, i) => bytes(array).equals(bytes(b[i])));
}

export const updateOptions: UpdateOptions = {
  matrixRate: 0.01,
  otherRate: 0.005,
  matrices: "adamw",
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  momentum: 0.95,
  weightDecay: 0.1,
  clip: 1,
};
