// Builds small Hugging Face checkpoints on disk, with weights that only depend on their names.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Dtype } from "../../src/format/safetensors.js";
import { writeSafetensors } from "../../src/format/safetensors.js";
import { packRows } from "../../src/format/tensors/packed-rows.js";
import { toBf16, toF16 } from "../../src/util/half.js";
import { hash } from "../../src/util/rng.js";

export interface HfTensor {
  dtype: Dtype;
  /** [rows, columns] or [length]. */
  shape: number[];
  bytes: Uint8Array;
}

export interface TokenizerJson {
  added_tokens: { id: number; content: string; special: boolean }[];
  normalizer: unknown;
  pre_tokenizer: unknown;
  post_processor?: unknown;
  model: Record<string, unknown>;
}

export interface Checkpoint {
  config: Record<string, unknown>;
  tensors: Record<string, HfTensor>;
  tokenizer: TokenizerJson | null;
  tokenizerConfig: Record<string, unknown>;
  /** Further files, as text. */
  files: Record<string, string>;
}

export const sizes = { hidden: 256, ffn: 512, layers: 2, heads: 4, kvHeads: 2, headDim: 64, vocabulary: 320 };

export function float(dtype: "F32" | "F16" | "BF16", shape: number[], values: Float32Array): HfTensor {
  const data = dtype === "F32" ? values : dtype === "F16" ? toF16(values) : toBf16(values);
  return { dtype, shape, bytes: new Uint8Array(data.slice().buffer) };
}

const made = new Map<string, Float32Array>();
const stored = new Map<string, HfTensor>();

/** Roughly normal values around 0, scaled. The same name gives the same values. */
export function weights(name: string, count: number, scale = 0.05): Float32Array {
  const key = `${name} ${count}`;
  const seed = [...name].reduce((sum, letter, i) => (sum + letter.charCodeAt(0) * (i + 1)) | 0, 0);
  const unit =
    made.get(key) ??
    Float32Array.from({ length: count }, (_, i) => {
      let sum = -2;
      for (let draw = 0; draw < 4; draw++) sum += hash(seed, i, draw) / 2 ** 32;
      return sum * 1.7;
    });
  made.set(key, unit);
  return unit.map((x) => x * scale);
}

/** The weights of this name as a tensor; made once. */
function matrix(dtype: "F32" | "F16" | "BF16", name: string, rows: number, columns: number): HfTensor {
  const key = `${dtype} ${name} ${rows} ${columns}`;
  const tensor = stored.get(key) ?? float(dtype, [rows, columns], weights(name, rows * columns));
  stored.set(key, tensor);
  return tensor;
}

/** Codes as a model trained ternary has them: about 42 % zeros. */
export function codes(name: string, count: number): Uint8Array {
  return Uint8Array.from(weights(name, count, 1), (x) => (Math.abs(x) < 0.55 ? 1 : x < 0 ? 0 : 2));
}

/** The packed U8 tensor and its weight_scale, as transformers' offline bitnet checkpoints hold them. */
export function packed(base: string, rows: number, columns: number, scale: number): Record<string, HfTensor> {
  const key = `packed ${base} ${rows} ${columns}`;
  const weight = stored.get(key) ?? {
    dtype: "U8",
    shape: [rows / 4, columns],
    bytes: packRows(codes(base, rows * columns)),
  };
  stored.set(key, weight);
  return { [`${base}.weight`]: weight, [`${base}.weight_scale`]: float("BF16", [1], Float32Array.of(scale)) };
}

export function linearShapes(layer: number): [base: string, rows: number, columns: number][] {
  const { hidden, ffn, heads, kvHeads, headDim } = sizes;
  const base = `model.layers.${layer}`;
  return [
    [`${base}.self_attn.q_proj`, heads * headDim, hidden],
    [`${base}.self_attn.k_proj`, kvHeads * headDim, hidden],
    [`${base}.self_attn.v_proj`, kvHeads * headDim, hidden],
    [`${base}.self_attn.o_proj`, hidden, heads * headDim],
    [`${base}.mlp.gate_proj`, ffn, hidden],
    [`${base}.mlp.up_proj`, ffn, hidden],
    [`${base}.mlp.down_proj`, hidden, ffn],
  ];
}

/** A llama; the other kinds are made from it by adding what they have beyond it. */
export function llama(dtype: "F32" | "F16" | "BF16" = "BF16"): Checkpoint {
  const { hidden, ffn, layers, heads, kvHeads, vocabulary } = sizes;
  const tensors: Record<string, HfTensor> = {};
  const vector = (name: string, length: number): void => {
    tensors[`${name}.weight`] = float(
      "F32",
      [length],
      weights(name, length, 0.1).map((x) => 1 + x),
    );
  };
  tensors["model.embed_tokens.weight"] = matrix(dtype, "embed", vocabulary, hidden);
  for (let layer = 0; layer < layers; layer++) {
    vector(`model.layers.${layer}.input_layernorm`, hidden);
    vector(`model.layers.${layer}.post_attention_layernorm`, hidden);
    for (const [base, rows, columns] of linearShapes(layer)) {
      tensors[`${base}.weight`] = matrix(dtype, base, rows, columns);
    }
  }
  vector("model.norm", hidden);
  return {
    config: {
      architectures: ["LlamaForCausalLM"],
      hidden_size: hidden,
      intermediate_size: ffn,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: kvHeads,
      vocab_size: vocabulary,
      hidden_act: "silu",
      rms_norm_eps: 1e-6,
      rope_theta: 500000,
      max_position_embeddings: 2048,
      tie_word_embeddings: true,
      bos_token_id: null,
      eos_token_id: 300,
    },
    tensors,
    tokenizer: tokenizer("qwen2"),
    tokenizerConfig: {},
    files: {},
  };
}

export function qwen2(): Checkpoint {
  const checkpoint = llama();
  checkpoint.config.architectures = ["Qwen2ForCausalLM"];
  for (let layer = 0; layer < sizes.layers; layer++) {
    for (const [base, rows] of linearShapes(layer).slice(0, 3)) {
      checkpoint.tensors[`${base}.bias`] = float("BF16", [rows], weights(`${base}.bias`, rows, 1));
    }
  }
  return checkpoint;
}

/** BitNet with bf16 masters, to be ternarised by absmean. */
export function bitnet(activation: "silu" | "relu2" = "relu2"): Checkpoint {
  const checkpoint = llama();
  const { hidden, ffn, layers, heads, headDim } = sizes;
  Object.assign(checkpoint.config, {
    architectures: ["BitNetForCausalLM"],
    hidden_act: activation,
    quantization_config: { quant_method: "bitnet", linear_class: "autobitlinear", quantization_mode: "online" },
  });
  const width = heads * headDim;
  for (let layer = 0; layer < layers; layer++) {
    const base = `model.layers.${layer}`;
    checkpoint.tensors[`${base}.self_attn.attn_sub_norm.weight`] = float(
      "F32",
      [width],
      new Float32Array(width).fill(1),
    );
    checkpoint.tensors[`${base}.mlp.ffn_sub_norm.weight`] = float("F32", [ffn], new Float32Array(ffn).fill(1));
  }
  checkpoint.tensors["model.norm.weight"] = float("BF16", [hidden], new Float32Array(hidden).fill(1.5));
  return checkpoint;
}

/** The same with packed U8 weights; every weight_scale is `scale`. */
export function packedBitnet(linearClass: "bitlinear" | "autobitlinear" | undefined, scale: number): Checkpoint {
  const checkpoint = bitnet();
  checkpoint.config.quantization_config = {
    quant_method: "bitnet",
    ...(linearClass && { linear_class: linearClass, quantization_mode: "offline" }),
  };
  for (let layer = 0; layer < sizes.layers; layer++) {
    for (const [base, rows, columns] of linearShapes(layer)) {
      Object.assign(checkpoint.tensors, packed(base, rows, columns, scale));
    }
  }
  return checkpoint;
}

/** Fast-dLLM v2: a Qwen 2 whose mask token config.json does not name. */
export function fastDllm(): Checkpoint {
  const checkpoint = qwen2();
  checkpoint.config.architectures = ["Fast_dLLM_QwenForCausalLM"];
  checkpoint.config.bd_size = 32;
  checkpoint.tokenizer!.added_tokens.push({ id: 305, content: "|<MASK>|", special: true });
  return checkpoint;
}

const qwen2Split = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const splitStep = (regex: string) => ({
  type: "Split",
  pattern: { Regex: regex },
  behavior: "Isolated",
  invert: false,
});
const byteLevel = (useRegex: boolean) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: false,
  use_regex: useRegex,
});

/** `normalizer`, `pre_tokenizer` and what belongs to them, as the families' tokenizer.json files have them. */
const families = {
  qwen2: {
    normalizer: { type: "NFC" },
    pre_tokenizer: { type: "Sequence", pretokenizers: [splitStep(qwen2Split("\\p{N}")), byteLevel(false)] },
    ignore_merges: false,
  },
  "llama-bpe": {
    normalizer: null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [splitStep(qwen2Split("\\p{N}{1,3}")), byteLevel(false)] },
    ignore_merges: true,
  },
  smollm: {
    normalizer: null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel(true)] },
    ignore_merges: false,
  },
  "gpt-2": { normalizer: null, pre_tokenizer: byteLevel(true), ignore_merges: false },
};
export type Family = keyof typeof families;

/** Byte-level BPE: 256 bytes (ids 0-255), two merges (256, 257), added tokens 300-303. */
export function tokenizer(family: Family): TokenizerJson {
  const { ignore_merges, ...steps } = structuredClone(families[family]);
  const vocab: Record<string, number> = {};
  for (const [id, letter] of byteAlphabet().entries()) vocab[letter] = id;
  vocab.th = 256;
  vocab.the = 257;
  return {
    added_tokens: [
      { id: 300, content: "<|im_end|>", special: true },
      { id: 301, content: "<|endoftext|>", special: true },
      { id: 302, content: "<tool>", special: false },
      { id: 303, content: "<s>", special: true },
    ],
    ...steps,
    model: { type: "BPE", vocab, merges: [["t", "h"], "th e"], ignore_merges },
  };
}

/** GPT-2's printable stand-ins for the 256 bytes. */
function byteAlphabet(): string[] {
  const printable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}

/** Writes the folder; `shards` > 1 spreads the tensors over that many files with an index. */
export async function save(folder: string, checkpoint: Checkpoint, shards = 1): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const json = (name: string, value: unknown) => writeFileSync(join(folder, name), JSON.stringify(value));
  json("config.json", checkpoint.config);
  json("tokenizer_config.json", checkpoint.tokenizerConfig);
  if (checkpoint.tokenizer !== null) json("tokenizer.json", checkpoint.tokenizer);
  for (const [name, text] of Object.entries(checkpoint.files)) writeFileSync(join(folder, name), text);
  const entries = Object.entries(checkpoint.tensors).map(([name, { bytes, ...rest }]) => ({
    name,
    ...rest,
    produce: () => [bytes],
  }));
  if (shards === 1) {
    await writeSafetensors(join(folder, "model.safetensors"), entries);
    return folder;
  }
  const weightMap: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const name = `model-0000${shard + 1}-of-0000${shards}.safetensors`;
    const part = entries.filter((_, i) => i % shards === shard);
    for (const entry of part) weightMap[entry.name] = name;
    await writeSafetensors(join(folder, name), part);
  }
  json("model.safetensors.index.json", { metadata: {}, weight_map: weightMap });
  return folder;
}
