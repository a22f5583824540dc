// Where the supported architectures differ. Everything else is one decoder graph
// (model/program), so adding an architecture that fits it is one entry here and its name in
// model/types.
//
// The pairing is that of GGUF files: converters permute the q and k rows of llama and of
// nothing else.

import type { RopeTable } from "../backend/program.js";
import type { Architecture } from "./types.js";

export interface Traits {
  pairing: RopeTable["pairing"];
  activation: "silu" | "relu2";
  /** RMSNorm before the output and down projections. */
  subNorms: boolean;
  /** Bias on the q, k and v projections. */
  qkvBias: boolean;
}

const bitnet: Traits = { pairing: "half", activation: "relu2", subNorms: true, qkvBias: false };

export const traits: Record<Architecture, Traits> = {
  llama: { pairing: "adjacent", activation: "silu", subNorms: false, qkvBias: false },
  qwen2: { pairing: "half", activation: "silu", subNorms: false, qkvBias: true },
  bitnet: { ...bitnet, activation: "silu" },
  // Two names of one graph: uploads of BitNet-b1.58-2B-4T differ in nothing else.
  "bitnet-25": bitnet,
  "bitnet-b1.58": bitnet,
};
