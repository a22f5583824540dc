// Writes a model down as a program: the graph all supported architectures share, with the
// options in which they differ, and the list of weights it expects of the file.
//
// Tensor names and shapes are those of llama.cpp's GGUF files. Nothing here reads weights.

import type { Op, Program, WeightRole } from "../backend/program.js";
import { UnmaskError } from "../util/errors.js";
import { traits } from "./architectures.js";
import { ropeTable } from "./rope.js";
import type { HyperParameters } from "./types.js";

export { checkWeights, readRopeFreqs } from "./weights.js";

export interface ProgramOptions {
  /** Positions to make room for; at most, and by default, the model's context length. */
  contextLength?: number | undefined;
  /** Contents of `rope_freqs.weight`, [ropeDim / 2]. */
  ropeFreqs?: Float32Array | undefined;
}

/** @throws UnmaskError hyperparameter_invalid when the options do not suit the model */
export function buildProgram(
  hp: HyperParameters,
  options: ProgramOptions = {},
): { program: Program; roles: WeightRole[] } {
  const contextLength = options.contextLength ?? hp.contextLength;
  if (!Number.isInteger(contextLength) || contextLength < 1 || contextLength > hp.contextLength) {
    throw new UnmaskError(
      "hyperparameter_invalid",
      `A context of ${contextLength} positions is refused: the model was trained for ${hp.contextLength}. ` +
        `Ask for 1 to ${hp.contextLength}.`,
      { param: "context_length" },
    );
  }
  const recorder = new Recorder();
  recordDecoder(recorder, hp);
  const program: Program = {
    architecture: hp.architecture,
    ops: recorder.ops,
    widths: recorder.widths,
    layers: hp.layers,
    heads: hp.heads,
    kvHeads: hp.kvHeads,
    headDim: hp.headDim,
    vocabulary: hp.vocabulary,
    contextLength,
    blockLength: hp.diffusion.blockLength,
    attentionScale: 1 / Math.sqrt(hp.headDim),
    rope: ropeTable(contextLength, {
      dim: hp.ropeDim,
      pairing: traits[hp.architecture].pairing,
      base: hp.ropeBase,
      scale: hp.ropeScale,
      factors: checkedFactors(hp, options.ropeFreqs),
    }),
  };
  return { program, roles: recorder.roles };
}

/** Pre-norm transformer decoder with grouped-query attention and a gated feed-forward network. */
function recordDecoder(r: Recorder, hp: HyperParameters): void {
  const { hidden, ffn, heads, kvHeads, normEps: eps } = hp;
  const qWidth = heads * hp.headDim;
  const kvWidth = kvHeads * hp.headDim;

  r.embed("token_embd", "x", hidden, hp.vocabulary);
  for (let layer = 0; layer < hp.layers; layer++) {
    const blk = `blk.${layer}`;
    r.norm("x", `${blk}.attn_norm`, eps, "h");
    r.linear("h", `${blk}.attn_q`, "q", qWidth, hp.qkvBias);
    r.linear("h", `${blk}.attn_k`, "k", kvWidth, hp.qkvBias);
    r.linear("h", `${blk}.attn_v`, "v", kvWidth, hp.qkvBias);
    r.rope("q", heads);
    r.rope("k", kvHeads);
    r.attend(layer, "q", "k", "v", "a");
    if (hp.subNorms) r.norm("a", `${blk}.attn_sub_norm`, eps, "a");
    r.linear("a", `${blk}.attn_output`, "y", hidden);
    r.add("x", "y", "x");

    r.norm("x", `${blk}.ffn_norm`, eps, "h");
    r.linear("h", `${blk}.ffn_gate`, "g", ffn);
    r.linear("h", `${blk}.ffn_up`, "u", ffn);
    r.gate("g", "u", hp.activation, "u");
    if (hp.subNorms) r.norm("u", `${blk}.ffn_sub_norm`, eps, "u");
    r.linear("u", `${blk}.ffn_down`, "y", hidden);
    r.add("x", "y", "x");
  }
  r.norm("x", "output_norm", eps, "h");
  r.head("h", hp.tiedHead ? "token_embd" : "output", hp.vocabulary);
}

/** Collects ops, widths of activations and roles of weights. A tensor is named without its ".weight". */
class Recorder {
  readonly ops: Op[] = [];
  readonly widths: Record<string, number> = {};
  readonly #roles = new Map<string, WeightRole>();

  get roles(): WeightRole[] {
    return [...this.#roles.values()];
  }

  embed(tensor: string, out: string, width: number, vocabulary: number): void {
    this.ops.push({ op: "embed", weight: this.#matrix(tensor, width, vocabulary), out });
    this.widths[out] = width;
  }

  norm(input: string, tensor: string, eps: number, out: string): void {
    this.ops.push({ op: "norm", input, weight: this.#vector(`${tensor}.weight`, this.widths[input]), eps, out });
    this.widths[out] = this.widths[input];
  }

  linear(input: string, tensor: string, out: string, width: number, withBias = false): void {
    const weight = this.#matrix(tensor, this.widths[input], width);
    const bias = withBias ? this.#vector(`${tensor}.bias`, width) : null;
    this.ops.push({ op: "linear", input, weight, bias, out });
    this.widths[out] = width;
  }

  rope(input: string, heads: number): void {
    this.ops.push({ op: "rope", input, heads });
  }

  attend(layer: number, q: string, k: string, v: string, out: string): void {
    this.ops.push({ op: "attend", layer, q, k, v, out });
    this.widths[out] = this.widths[q];
  }

  gate(gate: string, up: string, activation: "silu" | "relu2", out: string): void {
    this.ops.push({ op: "gate", gate, up, activation, out });
    this.widths[out] = this.widths[up];
  }

  add(a: string, b: string, out: string): void {
    this.ops.push({ op: "add", a, b, out });
    this.widths[out] = this.widths[a];
  }

  head(input: string, tensor: string, vocabulary: number): void {
    this.ops.push({ op: "head", input, weight: this.#matrix(tensor, this.widths[input], vocabulary) });
  }

  #matrix(tensor: string, columns: number, rows: number): string {
    const name = `${tensor}.weight`;
    this.#roles.set(name, { name, shape: [columns, rows], kind: "matrix" });
    return name;
  }

  #vector(name: string, length: number): string {
    this.#roles.set(name, { name, shape: [length], kind: "vector" });
    return name;
  }
}

function checkedFactors(hp: HyperParameters, factors: Float32Array | undefined): Float32Array | undefined {
  if (factors === undefined) return undefined;
  if (factors.length !== hp.ropeDim / 2 || !factors.every((factor) => factor > 0 && Number.isFinite(factor))) {
    throw new UnmaskError(
      "hyperparameter_invalid",
      `Tensor 'rope_freqs.weight' must hold ${hp.ropeDim / 2} positive numbers, one for each rotated pair. ` +
        "Convert the model again.",
      { param: "rope_freqs.weight" },
    );
  }
  return factors;
}
