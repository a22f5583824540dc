// Facts of a model that its file states: shape, attention kind, diffusion settings.

export const architectures = ["llama", "qwen2", "bitnet", "bitnet-25", "bitnet-b1.58"] as const;
export type Architecture = (typeof architectures)[number];

/**
 * How the model was trained to attend.
 * causal: an ordinary autoregressive model. block-causal: bidirectional inside every block
 * (Fast-dLLM v2). context-causal: committed tokens causal, only the block in progress is
 * bidirectional (NBDiff, TiDAR).
 */
export type AttentionKind = "causal" | "block-causal" | "context-causal";

export interface DiffusionFacts {
  attention: AttentionKind;
  /** Positions decoded together; 32 when the model is causal. */
  blockLength: number;
  /** True: row i-1 predicts token i (and a block's first token comes from the row before the block). */
  shift: boolean;
  maskToken: number | null;
}

export interface HyperParameters {
  architecture: Architecture;
  name: string;
  layers: number;
  hidden: number;
  ffn: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocabulary: number;
  contextLength: number;
  normEps: number;
  ropeBase: number;
  ropeDim: number;
  /** Linear scaling: positions are divided by it. 1 = none. */
  ropeScale: number;
  activation: "silu" | "relu2";
  /** Sub-norms before the output and down projections (bitnet). */
  subNorms: boolean;
  /** Bias on q, k and v (qwen2). */
  qkvBias: boolean;
  /** The head is the embedding matrix. */
  tiedHead: boolean;
  diffusion: DiffusionFacts;
}
