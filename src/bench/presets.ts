// Shapes of well-known models, for files of random weights that cost what the real ones cost.

import { traits } from "../model/architectures.js";
import type { Architecture, HyperParameters } from "../model/types.js";

export interface Preset {
  architecture: Architecture;
  hidden: number;
  ffn: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocabulary: number;
  contextLength: number;
  ropeBase: number;
  normEps: number;
  tiedHead: boolean;
  /** `tokenizer.ggml.pre` of the family. */
  pre: string;
}

export const presetNames = ["bitnet-2b", "smollm2-135m", "qwen2.5-32b", "llama-8b"] as const;
export type PresetName = (typeof presetNames)[number];

/** How the linear layers can be stored. */
export const synthTypes = ["tq2_0", "i2_s", "q2_0", "f16"] as const;
export type SynthType = (typeof synthTypes)[number];

export const presets: Readonly<Record<PresetName, Preset>> = {
  // BitNet-b1.58-2B-4T, under the architecture name that llama.cpp loads (SiLU for squared ReLU).
  "bitnet-2b": {
    architecture: "bitnet",
    hidden: 2560,
    ffn: 6912,
    layers: 30,
    heads: 20,
    kvHeads: 5,
    headDim: 128,
    vocabulary: 128256,
    contextLength: 4096,
    ropeBase: 500_000,
    normEps: 1e-5,
    tiedHead: true,
    pre: "llama-bpe",
  },
  "smollm2-135m": {
    architecture: "llama",
    hidden: 576,
    ffn: 1536,
    layers: 30,
    heads: 9,
    kvHeads: 3,
    headDim: 64,
    vocabulary: 49152,
    contextLength: 8192,
    ropeBase: 100_000,
    normEps: 1e-5,
    tiedHead: true,
    pre: "smollm",
  },
  // 64 layers in truth; two have the same cost per layer and fit any machine.
  "qwen2.5-32b": {
    architecture: "qwen2",
    hidden: 5120,
    ffn: 27648,
    layers: 2,
    heads: 40,
    kvHeads: 8,
    headDim: 128,
    vocabulary: 152064,
    contextLength: 32768,
    ropeBase: 1_000_000,
    normEps: 1e-6,
    tiedHead: false,
    pre: "qwen2",
  },
  "llama-8b": {
    architecture: "llama",
    hidden: 4096,
    ffn: 14336,
    layers: 32,
    heads: 32,
    kvHeads: 8,
    headDim: 128,
    vocabulary: 128256,
    contextLength: 8192,
    ropeBase: 500_000,
    normEps: 1e-5,
    tiedHead: false,
    pre: "llama-bpe",
  },
};

/** Positions decoded together, as in the models people train for block diffusion. */
const blockLength = 32;

/** The facts of a model of this shape. Context-causal, so that every decode mode runs. */
export function hyperParametersOf(name: string, preset: Preset, maskToken: number): HyperParameters {
  const { activation, subNorms, qkvBias } = traits[preset.architecture];
  const { pre: _, ...shape } = preset;
  return {
    ...shape,
    name,
    ropeDim: preset.headDim,
    ropeScale: 1,
    activation,
    subNorms,
    qkvBias,
    diffusion: { attention: "context-causal", blockLength, shift: true, maskToken },
  };
}
