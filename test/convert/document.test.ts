// docs/conversion.md: every message it quotes is one that conversion gives, in the situation it is quoted for.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ConvertOptions, convert } from "../../src/convert/convert.js";
import { UnmaskError } from "../../src/util/errors.js";
import { readDocument } from "../documents.js";
import { temporaryFolder } from "../format/files.js";
import {
  bitnet,
  type Checkpoint,
  fastDllm,
  float,
  type HfTensor,
  llama,
  packed,
  packedBitnet,
  save,
  sizes,
  type TokenizerJson,
  tokenizer,
} from "./tiny-checkpoint.js";

const folder = temporaryFolder();
const document = readDocument("docs/conversion.md");

/** The messages the document quotes, by the code before them; "warning" has no code. */
const quoted = [...document.matchAll(/^> `([a-z_]+)` (.+)$/gm)].map(([, code, message]) => ({ code, message }));

interface Trap {
  base?: Checkpoint;
  change?: (checkpoint: Checkpoint, directory: string) => void;
  options?: ConvertOptions;
  /** After the folder was written. */
  after?: (directory: string) => void;
  shards?: number;
}

const q = "model.layers.0.self_attn.q_proj";
const { hidden } = sizes;
const set = (config: Record<string, unknown>) => (checkpoint: Checkpoint) => {
  Object.assign(checkpoint.config, config);
};

const put = (name: string, tensor: HfTensor) => (checkpoint: Checkpoint) => {
  checkpoint.tensors[name] = tensor;
};
const tokenize = (fields: Partial<TokenizerJson>) => (checkpoint: Checkpoint) => {
  Object.assign(checkpoint.tokenizer!, fields);
};

const traps: Record<string, Trap> = {
  "no config.json": { after: (directory) => void mkdirSync(join(directory, "inner")), options: {} },
  "no tokenizer.json": { change: (checkpoint) => void Object.assign(checkpoint, { tokenizer: null }) },
  "a shard too few": {
    shards: 2,
    after: (directory) =>
      writeFileSync(
        join(directory, "model.safetensors.index.json"),
        JSON.stringify({ weight_map: { "lm_head.weight": "model-00001-of-00002.safetensors" } }),
      ),
  },
  architecture: { change: set({ architectures: ["GemmaForCausalLM"] }) },
  activation: { change: set({ hidden_act: "gelu" }) },
  "sliding window": { change: set({ use_sliding_window: true }) },
  rope: { change: set({ rope_scaling: { rope_type: "yarn", factor: 4 } }) },
  "missing tensor": { change: ({ tensors }) => void delete tensors[`${q}.weight`] },
  "wrong shape": {
    change: put(`${q}.weight`, float("BF16", [128, hidden], new Float32Array(128 * hidden))),
  },
  "left over": {
    change: put(`${q}.lora_A`, float("BF16", [1, hidden], new Float32Array(hidden))),
  },
  "not finite": {
    change: put("model.norm.weight", float("F32", [hidden], new Float32Array(hidden).fill(Number.NaN))),
  },
  "other quantisation": { change: set({ quantization_config: { quant_method: "gptq" } }) },
  "inner norm": {
    base: bitnet(),
    change: set({ quantization_config: { quant_method: "bitnet", use_rms_norm: true } }),
  },
  "not ternary": { options: { type: "i2_s" } },
  "packed without scale": {
    base: packedBitnet("bitlinear", 2),
    change: ({ tensors }) => void delete tensors[`${q}.weight_scale`],
  },
  "packed where nothing is": {
    change: ({ tensors }) => {
      tensors["model.embed_tokens.weight"] = {
        dtype: "I8",
        shape: [sizes.vocabulary, hidden],
        bytes: new Uint8Array(sizes.vocabulary * hidden),
      };
    },
  },
  "zero scale": {
    base: packedBitnet("bitlinear", 2),
    change: ({ tensors }) => void Object.assign(tensors, packed(q, sizes.heads * sizes.headDim, hidden, 0)),
  },
  "does not fit": { base: bitnet(), options: { type: "tq2_0" }, change: narrow },
  "beyond f16": {
    change: put(
      "model.embed_tokens.weight",
      float("F32", [sizes.vocabulary, hidden], new Float32Array(sizes.vocabulary * hidden).fill(100_000)),
    ),
  },
  attention: { change: set({ bd_size: 32 }) },
  "block length": { change: set({ diffusion_attention: "context-causal" }) },
  "mask token": { change: set({ diffusion_attention: "context-causal", bd_size: 32 }) },
  "unknown attention": { change: set({ diffusion_attention: "full" }) },
  "odd block": { base: fastDllm(), options: { blockLength: 24 } },
  "no such mask": { base: fastDllm(), options: { maskToken: "<mask>" } },
  "mask beyond": { base: fastDllm(), options: { maskToken: 400 } },
  "beside causal": { options: { attention: "causal", blockLength: 32 } },
  "pre-tokenizer": {
    change: tokenize({ pre_tokenizer: { type: "Whitespace" } }),
  },
  normalizer: { change: tokenize({ normalizer: { type: "Lowercase" } }) },
  "too many tokens": {
    change: (checkpoint) =>
      void checkpoint.tokenizer!.added_tokens.push({ id: sizes.vocabulary, content: "<extra>", special: true }),
  },
  "stop beyond": { change: set({ eos_token_id: 400 }) },
  "rounded by sign": {
    base: bitnet(),
    change: ({ tensors }) => {
      const values = Float32Array.from({ length: sizes.heads * sizes.headDim * hidden }, (_, i) => (i % 2 ? 1 : -1));
      tensors[`${q}.weight`] = float("BF16", [sizes.heads * sizes.headDim, hidden], values);
    },
  },
};

/** A BitNet with rows that are no multiple of 256. */
function narrow(checkpoint: Checkpoint): void {
  const width = 128;
  checkpoint.config.intermediate_size = width;
  for (const [name, tensor] of Object.entries(checkpoint.tensors)) {
    const shape = name.includes("mlp.down_proj")
      ? [hidden, width]
      : /gate_proj|up_proj/.test(name)
        ? [width, hidden]
        : null;
    if (shape !== null)
      checkpoint.tensors[name] = { ...tensor, shape, bytes: tensor.bytes.slice(0, 2 * shape[0] * shape[1]) };
    if (name.includes("ffn_sub_norm"))
      checkpoint.tensors[name] = float("F32", [width], new Float32Array(width).fill(1));
  }
}

async function messageOf(name: string, trap: Trap): Promise<{ code: string; message: string }> {
  const directory = join(folder, name.replaceAll(" ", "-"), "my-model");
  const checkpoint = trap.base ?? llama();
  trap.change?.(checkpoint, directory);
  await save(directory, checkpoint, trap.shards);
  trap.after?.(directory);
  const source = name === "no config.json" ? join(directory, "inner") : directory;
  try {
    const { warnings } = await convert(source, `${directory}.gguf`, trap.options);
    return { code: "warning", message: warnings[0] };
  } catch (error) {
    if (!(error instanceof UnmaskError)) throw error;
    return {
      code: error.code,
      message: error.message.replaceAll(source, "my-model").replaceAll(directory, "my-model"),
    };
  }
}

test.each(Object.entries(traps))("%s", async (name, trap) => {
  const { code, message } = await messageOf(name, trap);
  expect(quoted).toContainEqual({ code, message });
});

test("nothing else is quoted", () => {
  expect(quoted).toHaveLength(Object.keys(traps).length);
});

test.each(quoted.map(({ message }) => [message]))("the flags of a message are explained: %s", (message) => {
  const explained = document.replaceAll(/^> .*$/gm, "");
  for (const [flag] of message.matchAll(/--[a-z-]+/g)) expect(explained).toContain(flag);
});

test("tokenizers of every family convert", async () => {
  for (const family of ["qwen2", "llama-bpe", "smollm", "gpt-2"] as const) {
    const checkpoint = llama();
    checkpoint.tokenizer = tokenizer(family);
    const directory = await save(join(folder, family), checkpoint);
    await convert(directory, `${directory}.gguf`);
    expect(document).toContain(`\`${family}\``);
  }
});
