// A model as data: a short list of operations over named activations.
//
// model/ records programs, backend/ executes them, the trainer differentiates them.
// A program holds no weights and knows no decode modes: the mask is a property of the
// span that is run, not of the architecture.
//
// Every activation is an f32 matrix [rows, width] that lives for one forward. Names are
// variables: an op may assign a name again, and `norm`, `gate` and `add` may write over
// their own input; `linear` and `attend` may not.

export type Op =
  /** out[r] = weight[token[r]], dequantised to f32 whatever its type; weight is [vocabulary, width]. */
  | { op: "embed"; weight: string; out: string }
  /** RMSNorm: out = input / sqrt(mean(input^2) + eps) * weight. */
  | { op: "norm"; input: string; weight: string; eps: number; out: string }
  /**
   * out = input * weight^T (+ bias). A ternary weight takes int8 activations, quantised per
   * row: m = max(max|x|, 1e-5), s = 127 / m, q = clamp(roundHalfEven(x * s), -128, 127),
   * out = sum(t * q) * (alpha / s), each step rounded to f32 (BitNet b1.58). Where the
   * weight's blocks (of 64 or 256 columns) differ in scale, sum = fma(alpha_b, sum_b(t * q), sum)
   * over the blocks in column order, and out = sum * (1 / s).
   * Any other weight type is multiplied in f32. The bias is added last.
   */
  | { op: "linear"; input: string; weight: string; bias: string | null; out: string }
  /** Rotary embedding in place over `heads` heads of headDim, tables in Program.rope. */
  | { op: "rope"; input: string; heads: number }
  /**
   * Writes k and v (as f16) to the pages at the rows' positions, for all spans of the forward, then
   * attends q to what the pages hold (f16 read back). Query head h reads K/V head
   * floor(h * kvHeads / heads).
   */
  | { op: "attend"; layer: number; q: string; k: string; v: string; out: string }
  /** out = activation(gate) * up; silu(x) = x / (1 + exp(-x)), relu2(x) = max(x, 0)^2. Stays f32. */
  | { op: "gate"; gate: string; up: string; activation: "silu" | "relu2"; out: string }
  | { op: "add"; a: string; b: string; out: string }
  /**
   * Vocabulary logits, input * weight^T in f32 (the weight dequantised whatever its type), of the
   * rows somebody asked about, reduced to predictions where they are made.
   */
  | { op: "head"; input: string; weight: string };

/** cos and sin of position * frequency, made in double precision and rounded once to f32. */
export interface RopeTable {
  /** Rotated dimensions of each head, even, <= headDim; the rest pass through. */
  dim: number;
  /** half: (i, i + dim/2) are a pair (NEOX); adjacent: (2i, 2i + 1) are (llama GGUF). */
  pairing: "half" | "adjacent";
  cos: Float32Array; // [contextLength, dim / 2]
  sin: Float32Array; // [contextLength, dim / 2]
}

export interface Program {
  architecture: string;
  ops: Op[];
  widths: Record<string, number>; // activation name -> width
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocabulary: number;
  contextLength: number;
  /** Block length of `visibility: "block"`; divides or is a multiple of the page size. */
  blockLength: number;
  attentionScale: number;
  rope: RopeTable;
}

/** What the program expects of the file: name and shape in ggml order, [columns, rows] or [length]. */
export interface WeightRole {
  name: string;
  shape: number[];
  /** "matrix" may be any supported type; "vector" (norms, biases) is read as f32. */
  kind: "matrix" | "vector";
}
