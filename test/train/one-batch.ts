// The fixture of scripts/oracles/train_fixture.py: a small ternary model, one batch, and what PyTorch
// made of it. Any trainer can be held against it.

import { readFileSync } from "node:fs";
import type { Program } from "../../src/backend/program.js";
import { buildProgram } from "../../src/model/program.js";
import type { HyperParameters } from "../../src/model/types.js";
import { parametersOf, sizeOf } from "../../src/train/parameters.js";
import type { Batch, ParameterInfo, Trainer, UpdateOptions } from "../../src/train/types.js";
import { hash } from "../../src/util/rng.js";

/** Norm, and dot product with `probe` of the same tensor. */
export type Fingerprint = [norm: number, dot: number];

interface Fixture {
  model: Pick<
    HyperParameters,
    | "hidden"
    | "ffn"
    | "layers"
    | "heads"
    | "kvHeads"
    | "headDim"
    | "vocabulary"
    | "normEps"
    | "ropeBase"
    | "contextLength"
  >;
  batch: Record<keyof Batch, number[]>;
  passes: { quantisation: number; loss: number; losses: number[]; gradients: Record<string, Fingerprint> }[];
  options: Omit<UpdateOptions, "matrices">;
  steps: number;
  updates: Record<"adamw" | "muon", { norms: number[]; parameters: Record<string, Fingerprint> }>;
}

export const fixture: Fixture = JSON.parse(
  readFileSync(new URL("../fixtures/train/one-batch.json", import.meta.url), "utf8"),
);

export const batch: Batch = {
  tokens: Int32Array.from(fixture.batch.tokens),
  positions: Int32Array.from(fixture.batch.positions),
  sequences: Int32Array.from(fixture.batch.sequences),
  keys: Int32Array.from(fixture.batch.keys),
  targets: Int32Array.from(fixture.batch.targets),
  weights: Float32Array.from(fixture.batch.weights),
};

export function fixtureModel(): { program: Program; parameters: ParameterInfo[] } {
  const hp: HyperParameters = {
    ...fixture.model,
    architecture: "bitnet",
    name: "one batch",
    ropeDim: fixture.model.headDim,
    ropeScale: 1,
    activation: "silu",
    subNorms: true,
    qkvBias: false,
    tiedHead: true,
    diffusion: { attention: "causal", blockLength: 32, shift: false, maskToken: null },
  };
  const { program, roles } = buildProgram(hp);
  return { program, parameters: parametersOf(program, roles, true) };
}

/** Hashes in (-1, 1), as the script draws them. */
function uniforms(stream: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => (hash(stream, i, 0) >>> 8) / 0x800000 - 1);
}

/** Gives the trainer the weights of the fixture. */
export function setInitial(trainer: Trainer): void {
  for (const [stream, parameter] of trainer.parameters.entries()) {
    const base = parameter.kind === "vector" ? 1 : 0;
    trainer.set(
      parameter.name,
      uniforms(stream, sizeOf(parameter)).map((u) => base + u / 4),
    );
  }
}

/** @param stream the tensor's place in the list of parameters */
export function fingerprint(values: Float32Array, stream: number): Fingerprint {
  const probe = uniforms(1000 + stream, values.length);
  let [squares, dot] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    squares += values[i] ** 2;
    dot += values[i] * probe[i];
  }
  return [Math.sqrt(squares), dot];
}
