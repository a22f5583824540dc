// The model keys of the GGUF file, under llama.cpp's names and types.

import { bool, f32, type GgufValue, string, u32 } from "../format/gguf-values.js";
import type { Architecture, DiffusionFacts } from "../model/types.js";
import { UnmaskError } from "../util/errors.js";
import { headDimOf } from "./architectures.js";
import type { CheckpointConfig } from "./config.js";
import type { RopeSettings } from "./rope.js";
import type { OutputType } from "./ternary-policy.js";

/** `general.file_type`: llama.cpp's numbers, and bitnet.cpp's for I2_S. */
const fileType: Readonly<Record<OutputType, number>> = {
  f32: 0,
  f16: 1,
  bf16: 32,
  tq1_0: 36,
  tq2_0: 37,
  i2_s: 40,
  q2_0: 41,
};

export function modelMetadata(
  name: string,
  architecture: Architecture,
  config: CheckpointConfig,
  type: OutputType,
  rope: RopeSettings,
): Map<string, GgufValue> {
  if (config.use_sliding_window) {
    throw new UnmaskError(
      "hyperparameter_invalid",
      "config.json asks for sliding-window attention, which is not supported.",
      {
        param: "use_sliding_window",
      },
    );
  }
  const own = (key: string): string => `${architecture}.${key}`;
  const heads = config.num_attention_heads;
  const headDim = headDimOf(config);
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", string(architecture)],
    ["general.type", string("model")],
    ["general.name", string(name)],
    ["general.file_type", u32(fileType[type])],
    ["general.quantization_version", u32(2)],
    [own("vocab_size"), u32(config.vocab_size)],
    [own("context_length"), u32(config.max_position_embeddings)],
    [own("embedding_length"), u32(config.hidden_size)],
    [own("block_count"), u32(config.num_hidden_layers)],
    [own("feed_forward_length"), u32(config.intermediate_size)],
    [own("attention.head_count"), u32(heads)],
    [own("attention.head_count_kv"), u32(config.num_key_value_heads ?? heads)],
    [own("attention.layer_norm_rms_epsilon"), f32(config.rms_norm_eps)],
    [own("rope.dimension_count"), u32(headDim)],
    [own("rope.freq_base"), f32(rope.base)],
  ]);
  if (headDim * heads !== config.hidden_size) {
    metadata.set(own("attention.key_length"), u32(headDim));
    metadata.set(own("attention.value_length"), u32(headDim));
  }
  if (rope.linearFactor !== null) {
    metadata.set(own("rope.scaling.type"), string("linear"));
    metadata.set(own("rope.scaling.factor"), f32(rope.linearFactor));
  }
  return metadata;
}

/** Absent for an ordinary causal model. */
export function diffusionMetadata(facts: DiffusionFacts | null): [string, GgufValue][] {
  if (facts === null) return [];
  return [
    ["diffusion.block_length", u32(facts.blockLength)],
    ["diffusion.attention", string(facts.attention)],
    ["diffusion.shift_logits", bool(facts.shift)],
    ["tokenizer.ggml.mask_token_id", u32(facts.maskToken!)],
  ];
}
