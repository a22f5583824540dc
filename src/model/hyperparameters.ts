// Reads the facts of a model from the metadata of its file, under llama.cpp's GGUF keys.
//
// Every value is checked here, once: a HyperParameters that exists describes a model that
// can be built, and nothing above or below asks again. Shapes of single tensors are not this
// file's business (model/weights).

import { pageSize } from "../backend/types.js";
import type { Metadata, TensorInfo } from "../format/types.js";
import { UnmaskError } from "../util/errors.js";
import { traits } from "./architectures.js";
import {
  type Architecture,
  type AttentionKind,
  architectures,
  type DiffusionFacts,
  type HyperParameters,
} from "./types.js";

const attentionKinds: readonly AttentionKind[] = ["causal", "block-causal", "context-causal"];

// Larger than any model this could run; they keep a damaged file from asking for the whole memory.
const limits = { layers: 1024, width: 1 << 20, heads: 1024, headDim: 1024, context: 1 << 20, block: 4096 };

/**
 * @param tensors the file's directory: the vocabulary is the number of embedding rows, and the
 *   head is tied when there is no `output.weight`.
 * @throws UnmaskError architecture_unknown, hyperparameter_invalid, vocabulary_mismatch, tensor_missing,
 *   tensor_shape_mismatch
 */
export function readHyperParameters(metadata: Metadata, tensors: ReadonlyMap<string, TensorInfo>): HyperParameters {
  const keys = new Keys(metadata);
  const architecture = readArchitecture(keys);
  const own = (key: string) => `${architecture}.${key}`;
  if (keys.integer(own("expert_count"), 0, 1 << 16, 0) > 0) {
    throw invalid(own("expert_count"), "mixture-of-experts models are not supported; use a dense model");
  }

  const hidden = keys.integer(own("embedding_length"), 1, limits.width);
  const heads = keys.integer(own("attention.head_count"), 1, limits.heads);
  const kvHeads = keys.integer(own("attention.head_count_kv"), 1, limits.heads, heads);
  if (heads % kvHeads !== 0) {
    throw invalid(own("attention.head_count_kv"), `${heads} heads cannot share ${kvHeads} K/V heads evenly`);
  }
  const headDim = readHeadDim(keys, own, hidden, heads);
  const ropeDim = keys.integer(own("rope.dimension_count"), 2, headDim, headDim);
  if (ropeDim % 2 !== 0) throw invalid(own("rope.dimension_count"), `${ropeDim} is odd, but dimensions turn in pairs`);
  const vocabulary = readVocabulary(keys, own("vocab_size"), tensors);
  const { activation, subNorms, qkvBias } = traits[architecture];

  return {
    architecture,
    name: keys.string("general.name", architecture),
    layers: keys.integer(own("block_count"), 1, limits.layers),
    hidden,
    ffn: keys.integer(own("feed_forward_length"), 1, limits.width),
    heads,
    kvHeads,
    headDim,
    vocabulary,
    contextLength: keys.integer(own("context_length"), 1, limits.context),
    normEps: keys.number(own("attention.layer_norm_rms_epsilon"), Number.MIN_VALUE, 0.1),
    ropeBase: keys.number(own("rope.freq_base"), 1, 1e12, 10_000),
    ropeDim,
    ropeScale: readRopeScale(keys, own, tensors),
    activation,
    subNorms,
    qkvBias,
    tiedHead: !tensors.has("output.weight"),
    diffusion: readDiffusion(keys, own("attention.causal"), vocabulary),
  };
}

function readArchitecture(keys: Keys): Architecture {
  const name = keys.string("general.architecture");
  const known = architectures.find((architecture) => architecture === name);
  if (known === undefined) {
    throw new UnmaskError(
      "architecture_unknown",
      `The model's architecture is '${name}'. Supported are ${architectures.join(", ")}; ` +
        "convert or download one of these.",
      { param: "general.architecture" },
    );
  }
  return known;
}

function readHeadDim(keys: Keys, own: (key: string) => string, hidden: number, heads: number): number {
  const key = own("attention.key_length");
  if (!keys.has(key) && hidden % heads !== 0) {
    throw invalid(own("attention.head_count"), `${heads} heads do not divide ${hidden} columns and ${key} is absent`);
  }
  const headDim = keys.integer(key, 2, limits.headDim, hidden / heads);
  const valueKey = own("attention.value_length");
  const valueDim = keys.integer(valueKey, 1, limits.headDim, headDim);
  if (valueDim !== headDim) {
    throw invalid(valueKey, `values of ${valueDim} beside keys of ${headDim} are not supported; they must be equal`);
  }
  return headDim;
}

/** Embedding rows. The tokenizer may be smaller (padded rows), never larger. */
function readVocabulary(keys: Keys, sizeKey: string, tensors: ReadonlyMap<string, TensorInfo>): number {
  const embedding = tensors.get("token_embd.weight");
  if (embedding === undefined) {
    throw new UnmaskError(
      "tensor_missing",
      "The file has no tensor 'token_embd.weight'. Convert or download the model again.",
    );
  }
  const rows = embedding.shape[1] ?? 0;
  if (embedding.shape.length !== 2 || rows < 1) {
    throw new UnmaskError(
      "tensor_shape_mismatch",
      `Tensor 'token_embd.weight' has shape [${embedding.shape.join(", ")}] where [columns, tokens] was expected. ` +
        "Convert the model again.",
    );
  }
  const sizes = {
    [sizeKey]: keys.integer(sizeKey, 1, 2 ** 31 - 1, rows),
    "tokenizer.ggml.tokens": keys.length("tokenizer.ggml.tokens"),
  };
  for (const [key, size] of Object.entries(sizes)) {
    if (size > rows) {
      throw new UnmaskError(
        "vocabulary_mismatch",
        `${key} says ${size} tokens, but the embedding 'token_embd.weight' has ${rows} rows. ` +
          "Convert the model again with the tokenizer it was trained with.",
        { param: key },
      );
    }
  }
  return rows;
}

/** As llama.cpp: a factor without a type is linear; Llama 3 scaling is a tensor, not a key. */
function readRopeScale(keys: Keys, own: (key: string) => string, tensors: ReadonlyMap<string, TensorInfo>): number {
  const factor = keys.number(own("rope.scaling.factor"), 1e-3, 1e6, 1);
  const key = own("rope.scaling.type");
  const type = keys.string(key, factor === 1 ? "none" : "linear");
  if (type === "none") return 1;
  if (type === "linear") return factor;
  if (type === "llama3" && tensors.has("rope_freqs.weight")) return 1;
  const why = type === "llama3" ? "needs the tensor 'rope_freqs.weight'" : "is not supported";
  throw invalid(key, `RoPE scaling '${type}' ${why}; supported are none, linear and llama3 with that tensor`);
}

function readDiffusion(keys: Keys, causalKey: string, vocabulary: number): DiffusionFacts {
  const maskToken = keys.has("tokenizer.ggml.mask_token_id")
    ? keys.integer("tokenizer.ggml.mask_token_id", 0, vocabulary - 1)
    : null;
  const named = keys.string("diffusion.attention", "causal");
  const attention = attentionKinds.find((kind) => kind === named);
  if (attention === undefined)
    throw invalid("diffusion.attention", `'${named}' is none of ${attentionKinds.join(", ")}`);

  if (attention === "causal") {
    const bidirectional = !keys.boolean(causalKey, true);
    if (bidirectional || keys.has("diffusion.block_length")) {
      throw invalid(
        "diffusion.attention",
        `${bidirectional ? `${causalKey} is false` : "diffusion.block_length is given"}, but how the blocks attend is ` +
          "not; convert the model again with --attention block-causal or context-causal",
      );
    }
    return { attention, blockLength: pageSize, shift: false, maskToken };
  }
  if (!keys.has("diffusion.block_length")) {
    throw invalid("diffusion.block_length", "it is missing; convert the model again with --block-length");
  }
  const blockLength = keys.integer("diffusion.block_length", 1, limits.block);
  if (blockLength % pageSize !== 0 && pageSize % blockLength !== 0) {
    throw invalid("diffusion.block_length", `${blockLength} neither divides ${pageSize} nor is a multiple of it`);
  }
  return { attention, blockLength, shift: keys.boolean("diffusion.shift_logits", true), maskToken };
}

/** Typed access to metadata; every complaint names key, value and what was expected. */
class Keys {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  has(key: string): boolean {
    return this.#metadata.has(key);
  }

  /** Length of an array, 0 when absent. */
  length(key: string): number {
    const value = this.#metadata.get(key);
    return Array.isArray(value) ? value.length : 0;
  }

  string(key: string, absent?: string): string {
    const value = this.#value(key, absent);
    if (typeof value !== "string" || value === "") throw invalid(key, `${show(value)} is not a name`);
    return value;
  }

  boolean(key: string, absent?: boolean): boolean {
    const value = this.#value(key, absent);
    if (typeof value !== "boolean") throw invalid(key, `${show(value)} is not true or false`);
    return value;
  }

  number(key: string, least: number, most: number, absent?: number): number {
    const value = this.#value(key, absent);
    if (typeof value !== "number" || !(value >= least && value <= most)) {
      throw invalid(key, `${show(value)} is not a number from ${least} to ${most}`);
    }
    return value;
  }

  integer(key: string, least: number, most: number, absent?: number): number {
    const value = this.#value(key, absent);
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
      throw invalid(key, `${show(value)} is not a whole number from ${least} to ${most}`);
    }
    return value;
  }

  #value(key: string, absent?: unknown): unknown {
    const value = this.#metadata.get(key) ?? absent;
    if (value === undefined) throw invalid(key, "it is missing; convert or download the model again");
    return value;
  }
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "string" ? `'${value}'` : String(value);
}

function invalid(key: string, problem: string): UnmaskError {
  return new UnmaskError("hyperparameter_invalid", `Metadata key ${key}: ${problem}.`, { param: key });
}
