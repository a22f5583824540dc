// The contract between the training loop and what computes gradients.
//
// A trainer holds f32 master parameters of one program, their gradients and the optimiser's
// state. It knows no objective: what a row attends to and predicts is data, so next-token
// training, masked diffusion and their mixtures are batches, not code paths. Reference
// (plain TypeScript in double precision, the definition) and native (C++) both satisfy it.

/** Rows of several sequences. A row may attend to rows of its own sequence only, in two ranges. */
export interface Batch {
  tokens: Int32Array; // [rows]
  positions: Int32Array; // [rows] for the rotary embedding
  /** sequences[i] to sequences[i + 1] are the rows of sequence i. */
  sequences: Int32Array; // [sequences + 1]
  /** Row r sees rows [keys[4r], keys[4r + 1]) and [keys[4r + 2], keys[4r + 3]); both inside its sequence, disjoint, not both empty. */
  keys: Int32Array; // [rows, 4]
  /** Token the row is to predict, -1 for none. */
  targets: Int32Array; // [rows]
  /** Weight of the row's cross-entropy; the loss is the weighted sum, so normalise here. */
  weights: Float32Array; // [rows]
}

export interface ParameterInfo {
  /** GGUF tensor name, such as blk.0.attn_q.weight. */
  name: string;
  /** ggml order: [columns, rows] or [length]. */
  shape: number[];
  kind: "embedding" | "matrix" | "vector";
  /** Ternarised by absmean with int8 activations in front (BitNet b1.58). */
  ternary: boolean;
}

export interface StepResult {
  /** Sum over rows of weight * cross-entropy, nats. */
  loss: number;
  /** Unweighted cross-entropy of every row, 0 where targets is -1. */
  losses: Float32Array; // [rows]
  /** Floating-point operations of the matrix products and their seconds, for the log. */
  gemmFlops: number;
  gemmSeconds: number;
}

export interface UpdateOptions {
  /** Learning rate of matrices and of everything else (embeddings, norms, biases). */
  matrixRate: number;
  otherRate: number;
  /** Optimiser of matrices; everything else is AdamW. */
  matrices: "adamw" | "muon";
  beta1: number;
  beta2: number;
  epsilon: number;
  momentum: number; // muon
  /** Decoupled weight decay, of matrices only. */
  weightDecay: number;
  /** Largest global gradient norm; Infinity for none. */
  clip: number;
}

export interface Trainer {
  readonly parameters: readonly ParameterInfo[];
  /** A copy of a parameter, of its gradient, and the way to set it. */
  get(name: string): Float32Array;
  set(name: string, values: Float32Array): void;
  gradient(name: string): Float32Array;
  /**
   * Forward and backward; gradients are added to what is there.
   * @param quantisation 0: f32 weights and activations; 1: ternary weights and int8 activations;
   *   between: w + quantisation * (ternary(w) - w), and likewise for activations. Gradients pass straight through.
   */
  accumulate(batch: Batch, quantisation: number): Promise<StepResult>;
  /** Forward only. With logits: [rows, vocabulary] as well. */
  evaluate(
    batch: Batch,
    quantisation: number,
    options?: { logits?: boolean },
  ): Promise<StepResult & { logits: Float32Array | null }>;
  /** Applies the gradients, zeroes them, and returns their global norm before clipping. A norm that is not finite changes nothing. */
  update(options: UpdateOptions): Promise<number>;
  /** Optimiser state for a bit-exact resume; the order and sizes are the trainer's own affair. */
  saveState(): Float32Array[];
  loadState(state: readonly Float32Array[]): void;
  dispose(): Promise<void>;
}
