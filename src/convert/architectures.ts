// Which GGUF tensors an architecture has and which checkpoint tensors they come from.
//
// Names on the left are Hugging Face's, on the right llama.cpp's. The list is the whole
// truth: a checkpoint tensor that it does not use is refused, since answers without it
// would be wrong.

import { traits } from "../model/architectures.js";
import type { Architecture } from "../model/types.js";
import { UnmaskError } from "../util/errors.js";
import type { CheckpointConfig } from "./config.js";

export interface PlannedTensor {
  /** Possible names in the checkpoint, without ".weight" or ".bias". */
  from: readonly string[];
  suffix: "weight" | "bias";
  /** Name in the GGUF file. */
  to: string;
  /** linear: of the chosen type. embedding: 16 or 32 bit. vector: f32. */
  kind: "linear" | "embedding" | "vector";
  /** Row-major: [rows, columns] or [length]. */
  shape: readonly number[];
  /** Rows are whole heads to be permuted from half-split to adjacent pairs. */
  permute: boolean;
}

/** The GGUF architecture of a checkpoint. Throws `architecture_unknown`. */
export function architectureOf(config: CheckpointConfig): Architecture {
  const name = config.architectures[0];
  switch (name) {
    case "LlamaForCausalLM":
      requireActivation(config, "silu");
      return "llama";
    case "Qwen2ForCausalLM":
    case "Fast_dLLM_QwenForCausalLM":
      requireActivation(config, "silu");
      return "qwen2";
    case "BitNetForCausalLM":
    case "BitnetForCausalLM":
      requireActivation(config, "silu", "relu2");
      return config.hidden_act === "relu2" ? "bitnet-b1.58" : "bitnet";
    default:
      throw new UnmaskError(
        "architecture_unknown",
        `config.json says the model is a ${name}. BitNetForCausalLM, LlamaForCausalLM, Qwen2ForCausalLM and Fast_dLLM_QwenForCausalLM can be converted.`,
        { param: "architectures" },
      );
  }
}

function requireActivation(config: CheckpointConfig, ...allowed: string[]): void {
  if (allowed.includes(config.hidden_act)) return;
  throw new UnmaskError(
    "architecture_unknown",
    `config.json gives ${config.architectures[0]} the activation "${config.hidden_act}"; ${allowed.join(" or ")} is supported.`,
    { param: "hidden_act" },
  );
}

/** Width of an attention head. */
export function headDimOf(config: CheckpointConfig): number {
  return config.head_dim ?? config.hidden_size / config.num_attention_heads;
}

/** Every tensor of the GGUF file, in the order of the file. `tied`: the head is the embedding matrix. */
export function planTensors(architecture: Architecture, config: CheckpointConfig, tied: boolean): PlannedTensor[] {
  const { hidden_size: hidden, intermediate_size: ffn, num_attention_heads: heads, vocab_size: vocabulary } = config;
  const { pairing, subNorms, qkvBias } = traits[architecture];
  const headDim = headDimOf(config);
  const kvHeads = config.num_key_value_heads ?? heads;

  const plan: PlannedTensor[] = [];
  const add = (kind: PlannedTensor["kind"], from: readonly string[], to: string, shape: number[], permute = false) =>
    plan.push({ from, suffix: "weight", to: `${to}.weight`, kind, shape, permute });
  const addBias = (from: string, to: string, length: number) =>
    plan.push({ from: [from], suffix: "bias", to: `${to}.bias`, kind: "vector", shape: [length], permute: false });

  add("embedding", ["model.embed_tokens"], "token_embd", [vocabulary, hidden]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const hf = `model.layers.${layer}`;
    const blk = `blk.${layer}`;
    add("vector", [`${hf}.input_layernorm`], `${blk}.attn_norm`, [hidden]);
    for (const [letter, count] of [
      ["q", heads],
      ["k", kvHeads],
      ["v", kvHeads],
    ] as const) {
      const permute = pairing === "adjacent" && letter !== "v";
      const rows = count * headDim;
      add("linear", [`${hf}.self_attn.${letter}_proj`], `${blk}.attn_${letter}`, [rows, hidden], permute);
      if (qkvBias) addBias(`${hf}.self_attn.${letter}_proj`, `${blk}.attn_${letter}`, rows);
    }
    if (subNorms) {
      add("vector", [`${hf}.self_attn.attn_sub_norm`, `${hf}.self_attn.inner_attn_ln`], `${blk}.attn_sub_norm`, [
        heads * headDim,
      ]);
    }
    add("linear", [`${hf}.self_attn.o_proj`], `${blk}.attn_output`, [hidden, heads * headDim]);
    add("vector", [`${hf}.post_attention_layernorm`], `${blk}.ffn_norm`, [hidden]);
    add("linear", [`${hf}.mlp.gate_proj`], `${blk}.ffn_gate`, [ffn, hidden]);
    add("linear", [`${hf}.mlp.up_proj`], `${blk}.ffn_up`, [ffn, hidden]);
    if (subNorms) add("vector", [`${hf}.mlp.ffn_sub_norm`, `${hf}.mlp.ffn_layernorm`], `${blk}.ffn_sub_norm`, [ffn]);
    add("linear", [`${hf}.mlp.down_proj`], `${blk}.ffn_down`, [hidden, ffn]);
  }
  add("vector", ["model.norm"], "output_norm", [hidden]);
  if (!tied) add("embedding", ["lm_head"], "output", [vocabulary, hidden]);
  return plan;
}

/** Checkpoint tensors that carry nothing: recomputed tables, and the copy of a tied head. */
export function isRedundant(name: string, tied: boolean): boolean {
  return name.endsWith(".rotary_emb.inv_freq") || (tied && name === "lm_head.weight");
}
