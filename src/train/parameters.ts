// The parameters of a program: which tensors there are, how they begin, and what ternarisation
// makes of a matrix.
//
// Names and shapes are those of the GGUF file, so a parameter means the same in the trainer, in a
// checkpoint and in the engine.

import type { Program, WeightRole } from "../backend/program.js";
import { hash } from "../util/rng.js";
import type { ParameterInfo } from "./types.js";

/**
 * @param roles the program's weights, as `buildProgram` lists them
 * @param ternary whether the linear layers are trained ternary; embedding, head and vectors never are
 */
export function parametersOf(program: Program, roles: readonly WeightRole[], ternary: boolean): ParameterInfo[] {
  const linears = new Set(program.ops.flatMap((op) => (op.op === "linear" ? [op.weight] : [])));
  return roles.map(({ name, shape, kind }) => {
    if (kind === "vector") return { name, shape, kind, ternary: false };
    const linear = linears.has(name);
    return { name, shape, kind: linear ? "matrix" : "embedding", ternary: linear && ternary };
  });
}

export function sizeOf({ shape }: ParameterInfo): number {
  return shape.reduce((product, n) => product * n, 1);
}

const deviation = 0.02; // GPT-2

/**
 * First values: norms 1, biases 0, matrices normal with deviation 0.02, those that write to the
 * residual stream smaller by sqrt(2 layers) (GPT-2). They depend on seed and name alone.
 */
export function initialValues(parameter: ParameterInfo, layers: number, seed: number): Float32Array {
  const { name, kind } = parameter;
  const values = new Float32Array(sizeOf(parameter));
  if (kind === "vector") return values.fill(name.endsWith(".bias") ? 0 : 1);
  const residual = /\.(attn_output|ffn_down)\.weight$/.test(name);
  const scale = residual ? deviation / Math.sqrt(2 * layers) : deviation;
  const stream = [...name].reduce((h, letter) => hash(h, letter.charCodeAt(0), 0), seed);
  for (let i = 0; i < values.length; i++) values[i] = scale * normal(stream, i);
  return values;
}

/** Box and Muller. */
function normal(seed: number, position: number): number {
  const u = (hash(seed, position, 0) + 1) / 0x100000000; // in (0, 1]
  const angle = (2 * Math.PI * hash(seed, position, 1)) / 0x100000000;
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(angle);
}

export interface Ternary {
  codes: Int8Array; // [n], -1, 0 or +1
  /** weight ~ code * scale */
  scale: number;
}

/**
 * Absmean ternarisation of a whole matrix (BitNet b1.58), each step rounded to f32 as the converter
 * rounds it: s = 1 / max(mean|w|, 1e-5), t = clamp(round(w * s), -1, 1), scale = 1 / s.
 */
export function ternarise(weights: ArrayLike<number>): Ternary {
  const { fround } = Math;
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += Math.abs(weights[i]);
  const inverse = fround(1 / Math.max(fround(sum / weights.length), fround(1e-5)));
  const codes = new Int8Array(weights.length);
  for (let i = 0; i < codes.length; i++) {
    const scaled = fround(weights[i] * inverse);
    codes[i] = scaled > 0.5 ? 1 : scaled < -0.5 ? -1 : 0; // half to even takes 0.5 itself to 0
  }
  return { codes, scale: fround(1 / inverse) };
}
