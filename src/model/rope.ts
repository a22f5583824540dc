// Tables of the rotary position embedding (Su et al. 2021), in double precision, rounded once.

import type { RopeTable } from "../backend/program.js";

export interface RopeOptions {
  dim: number;
  pairing: RopeTable["pairing"];
  base: number;
  /** Linear scaling: positions are divided by it. */
  scale: number;
  /** Llama 3 scaling: pair i turns factors[i] times slower; [dim / 2]. */
  factors?: Float32Array | undefined;
}

/** Pair i at position p turns by p / scale * base^(-2i / dim) / factors[i]. */
export function ropeTable(positions: number, { dim, pairing, base, scale, factors }: RopeOptions): RopeTable {
  const pairs = dim / 2;
  const cos = new Float32Array(positions * pairs); // [positions, pairs]
  const sin = new Float32Array(positions * pairs); // [positions, pairs]
  for (let i = 0; i < pairs; i++) {
    const frequency = base ** ((-2 * i) / dim) / (factors?.[i] ?? 1) / scale;
    for (let p = 0; p < positions; p++) {
      cos[p * pairs + i] = Math.cos(p * frequency);
      sin[p * pairs + i] = Math.sin(p * frequency);
    }
  }
  return { dim, pairing, cos, sin };
}
