// The fields of config.json and generation_config.json that conversion reads.
//
// Unknown fields are let through: a config.json has many. Fields that would change the
// computation are here, so that they can be honoured or refused.

import { z } from "zod";

const count = z.int().positive();
const token = z.int().nonnegative();
const tokens = z.union([token, z.array(token)]);

/** As transformers 4 writes it under `rope_scaling` and transformers 5 under `rope_parameters`. */
const ropeSchema = z.looseObject({
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  rope_theta: z.number().positive().nullish(),
  factor: z.number().positive().nullish(),
  low_freq_factor: z.number().positive().nullish(),
  high_freq_factor: z.number().positive().nullish(),
  original_max_position_embeddings: count.nullish(),
  partial_rotary_factor: z.number().nullish(),
});
export type RopeConfig = z.infer<typeof ropeSchema>;

const quantizationSchema = z.looseObject({
  quant_method: z.string(),
  linear_class: z.enum(["bitlinear", "autobitlinear"]).nullish(),
  quantization_mode: z.enum(["online", "offline"]).nullish(),
  modules_to_not_convert: z.array(z.string()).nullish(),
  use_rms_norm: z.boolean().nullish(),
});

export const configSchema = z.looseObject({
  architectures: z.array(z.string()).min(1),
  _name_or_path: z.string().nullish(),
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  vocab_size: count,
  hidden_act: z.string(),
  rms_norm_eps: z.number().positive(),
  max_position_embeddings: count,
  rope_theta: z.number().positive().nullish(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  partial_rotary_factor: z.number().nullish(),
  tie_word_embeddings: z.boolean().nullish(),
  use_sliding_window: z.boolean().nullish(),
  bos_token_id: token.nullish(),
  eos_token_id: tokens.nullish(),
  pad_token_id: z.int().nullish(),
  quantization_config: quantizationSchema.nullish(),
  /** unmask's own marker: trained with absmean ternary weights and int8 activations. */
  ternary: z.boolean().nullish(),
  bd_size: count.nullish(),
  diffusion_attention: z.string().nullish(),
  mask_token_id: token.nullish(),
});
export type CheckpointConfig = z.infer<typeof configSchema>;

export const generationConfigSchema = z.looseObject({
  bos_token_id: token.nullish(),
  eos_token_id: tokens.nullish(),
  pad_token_id: z.int().nullish(),
});
export type GenerationConfig = z.infer<typeof generationConfigSchema>;
