// What each architecture's file looks like: names, permutation, biases, metadata, RoPE.

import { describe, expect, it } from "vitest";
import type { CheckpointConfig } from "../../src/convert/config.js";
import { llama3ScalingOf, ropeSettings } from "../../src/convert/rope.js";
import { fromBf16, toBf16 } from "../../src/util/half.js";
import { expectSame, unmaskError } from "../format/files.js";
import { converter } from "./converted.js";
import { bitnet, fastDllm, float, linearShapes, llama, qwen2, sizes, weights } from "./tiny-checkpoint.js";

const converted = converter();

const stored = (name: string, count: number): Float32Array => fromBf16(toBf16(weights(name, count)));

/** llama.cpp's permutation as numpy would do it: reshape(heads, 2, half, columns), swap axes 1 and 2, reshape back. */
function permuted(values: Float32Array, heads: number, columns: number): Float32Array {
  const half = values.length / columns / heads / 2;
  const out = new Float32Array(values.length);
  let at = 0;
  for (let head = 0; head < heads; head++) {
    for (let pair = 0; pair < half; pair++) {
      for (let side = 0; side < 2; side++) {
        const row = (head * 2 + side) * half + pair;
        out.set(values.subarray(row * columns, (row + 1) * columns), at);
        at += columns;
      }
    }
  }
  return out;
}

describe("llama", () => {
  it("has the metadata llama.cpp asks for, in its types", async () => {
    const { key, report, file } = await converted(llama());
    expect(report).toMatchObject({ architecture: "llama", type: "f16", tensors: 2 * 9 + 2, warnings: [], ternary: [] });
    expect(report.sourceSha256).toMatch(/^[0-9a-f]{64}$/);
    const expected = {
      "general.architecture": "llama",
      "general.file_type": 1,
      "llama.context_length": 2048,
      "llama.embedding_length": 256,
      "llama.block_count": 2,
      "llama.feed_forward_length": 512,
      "llama.attention.head_count": 4,
      "llama.attention.head_count_kv": 2,
      "llama.attention.layer_norm_rms_epsilon": Math.fround(1e-6),
      "llama.rope.dimension_count": 64,
      "llama.rope.freq_base": 500000,
      "llama.vocab_size": 320,
      "unmask.source_sha256": report.sourceSha256,
      "unmask.options": "--type f16",
    };
    for (const [name, value] of Object.entries(expected)) expect([name, key(name)]).toEqual([name, value]);
    for (const name of file.metadata.keys()) expect(name).not.toMatch(/^diffusion|mask_token|key_length|rope\.scaling/);
    expect(file.tensors.has("output.weight")).toBe(false);
  });

  it("permutes the rows of q and k to adjacent pairs, and nothing else", async () => {
    const { floats } = await converted(llama(), { type: "bf16" });
    const { heads, kvHeads, hidden, ffn } = sizes;
    for (const layer of [0, 1]) {
      const q = stored(`model.layers.${layer}.self_attn.q_proj`, hidden * hidden);
      const k = stored(`model.layers.${layer}.self_attn.k_proj`, (hidden / 2) * hidden);
      const v = stored(`model.layers.${layer}.self_attn.v_proj`, (hidden / 2) * hidden);
      expectSame(await floats(`blk.${layer}.attn_q.weight`), permuted(q, heads, hidden));
      expectSame(await floats(`blk.${layer}.attn_k.weight`), permuted(k, kvHeads, hidden));
      expectSame(await floats(`blk.${layer}.attn_v.weight`), v);
      expectSame(
        await floats(`blk.${layer}.ffn_down.weight`),
        stored(`model.layers.${layer}.mlp.down_proj`, hidden * ffn),
      );
    }
  });

  it("permutes ternary rows the same way", async () => {
    const checkpoint = llama("F32");
    checkpoint.config.ternary = true;
    const { ternary } = await converted(checkpoint);
    const q = weights("model.layers.0.self_attn.q_proj", sizes.hidden * sizes.hidden);
    const mean = q.reduce((sum, x) => sum + Math.abs(x), 0) / q.length;
    const codes = permuted(q, sizes.heads, sizes.hidden).map(
      (x) => 1 + Math.max(-1, Math.min(1, Math.round(x / mean))),
    );
    expectSame((await ternary("blk.0.attn_q.weight")).codes, codes);
  });

  it("keeps an untied head", async () => {
    const checkpoint = llama();
    checkpoint.config.tie_word_embeddings = false;
    const count = sizes.vocabulary * sizes.hidden;
    checkpoint.tensors["lm_head.weight"] = float("F32", [sizes.vocabulary, sizes.hidden], weights("head", count));
    const { file, floats } = await converted(checkpoint, { type: "f32" });
    expect(file.tensors.get("output.weight")).toMatchObject({ type: "F32", shape: [256, 320] });
    expectSame(await floats("output.weight"), weights("head", count));
  });

  it("drops the copy of a tied head and recomputed tables", async () => {
    const checkpoint = llama();
    checkpoint.tensors["lm_head.weight"] = checkpoint.tensors["model.embed_tokens.weight"];
    checkpoint.tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = float("F32", [32], new Float32Array(32));
    const { file } = await converted(checkpoint);
    expect(file.tensors.size).toBe(20);
  });

  it("states a head width that hidden / heads does not give", async () => {
    const checkpoint = llama();
    Object.assign(checkpoint.config, { num_attention_heads: 2, num_key_value_heads: 1, head_dim: 64 });
    for (const layer of [0, 1]) {
      const base = `model.layers.${layer}.self_attn`;
      for (const [name, rows, columns] of [
        ["q", 128, 256],
        ["k", 64, 256],
        ["v", 64, 256],
        ["o", 256, 128],
      ] as const) {
        checkpoint.tensors[`${base}.${name}_proj.weight`] = float(
          "BF16",
          [rows, columns],
          weights(name, rows * columns),
        );
      }
    }
    const { key } = await converted(checkpoint);
    expect(["key_length", "value_length"].map((name) => key(`llama.attention.${name}`))).toEqual([64, 64]);
    expect(key("llama.rope.dimension_count")).toBe(64);
  });
});

describe("qwen2", () => {
  it("keeps q, k and v as they are, with their biases in f32", async () => {
    const { key, file, floats } = await converted(qwen2(), { type: "bf16" });
    expect(key("general.architecture")).toBe("qwen2");
    for (const [letter, [base, rows, columns]] of linearShapes(1).slice(0, 3).entries()) {
      const name = `blk.1.attn_${"qkv"[letter]}`;
      expectSame(await floats(`${name}.weight`), stored(base, rows * columns));
      expect(file.tensors.get(`${name}.bias`)).toMatchObject({ type: "F32", shape: [rows] });
      expectSame(await floats(`${name}.bias`), fromBf16(toBf16(weights(`${base}.bias`, rows, 1))));
    }
    expect(file.tensors.has("blk.1.attn_output.bias")).toBe(false);
  });

  it("refuses sliding windows", async () => {
    const checkpoint = qwen2();
    checkpoint.config.use_sliding_window = true;
    await expect(converted(checkpoint)).rejects.toEqual(unmaskError("hyperparameter_invalid", "sliding-window"));
  });
});

describe("bitnet", () => {
  it.each([
    ["silu", "bitnet"],
    ["relu2", "bitnet-b1.58"],
  ] as const)("with %s is the architecture %s", async (activation, architecture) => {
    const { key, file } = await converted(bitnet(activation));
    expect(key("general.architecture")).toBe(architecture);
    expect(key("general.file_type")).toBe(40);
    expect(file.tensors.get("blk.1.attn_sub_norm.weight")).toMatchObject({ type: "F32", shape: [256] });
    expect(file.tensors.get("blk.1.ffn_sub_norm.weight")).toMatchObject({ type: "F32", shape: [512] });
  });

  it("is taken in either spelling, with either names of the sub-norms", async () => {
    const checkpoint = bitnet("silu");
    checkpoint.config.architectures = ["BitnetForCausalLM"];
    for (const name of Object.keys(checkpoint.tensors)) {
      const old = name
        .replace("self_attn.attn_sub_norm", "self_attn.inner_attn_ln")
        .replace("mlp.ffn_sub_norm", "mlp.ffn_layernorm");
      if (old === name) continue;
      checkpoint.tensors[old] = checkpoint.tensors[name];
      delete checkpoint.tensors[name];
    }
    const { key, file } = await converted(checkpoint);
    expect(key("general.architecture")).toBe("bitnet");
    expect(file.tensors.has("blk.0.ffn_sub_norm.weight")).toBe(true);
  });

  it("does not permute q", async () => {
    const { floats } = await converted(bitnet(), { type: "f32" });
    const signs = (await floats("blk.0.attn_q.weight")).map(Math.sign);
    const masters = stored("model.layers.0.self_attn.q_proj", signs.length);
    const mean = masters.reduce((sum, x) => sum + Math.abs(x), 0) / masters.length;
    expectSame(
      signs,
      masters.map((x) => Math.sign(Math.round(x / mean))),
    );
  });
});

describe("rope", () => {
  it("may be scaled linearly, in the config of transformers 4 and 5", async () => {
    for (const rope of [
      { rope_theta: 1000, rope_scaling: { type: "linear", factor: 4 } },
      { rope_theta: undefined, rope_parameters: { rope_type: "linear", factor: 4, rope_theta: 1000 } },
    ]) {
      const checkpoint = llama();
      Object.assign(checkpoint.config, rope);
      const { key } = await converted(checkpoint);
      expect(key("llama.rope.scaling.type")).toBe("linear");
      expect(key("llama.rope.scaling.factor")).toBe(4);
      expect(key("llama.rope.freq_base")).toBe(1000);
    }
  });

  it("of Llama 3 is known again from its factors", () => {
    for (const [factor, high, context, base, headDim] of [
      [8, 4, 8192, 500_000, 128],
      [32, 4, 8192, 500_000, 64],
      [4, 16, 2048, 10_000, 32],
    ]) {
      const scaling = {
        rope_type: "llama3",
        factor,
        low_freq_factor: 1,
        high_freq_factor: high,
        original_max_position_embeddings: context,
      };
      const config = { ...llama().config, rope_theta: base, rope_scaling: scaling } as CheckpointConfig;
      const factors = ropeSettings(config, headDim).factors!;
      expect(llama3ScalingOf(factors, base, headDim)).toEqual(scaling);
      // Two and eight, scaled with the context, are the same wavelengths.
      const doubled = {
        ...scaling,
        low_freq_factor: 2,
        high_freq_factor: 2 * high,
        original_max_position_embeddings: 2 * context,
      };
      const same = ropeSettings({ ...config, rope_scaling: doubled }, headDim).factors!;
      expect(llama3ScalingOf(same, base, headDim)).toEqual(scaling);
      expect(
        llama3ScalingOf(
          factors.map((value, i) => (i === 0 ? 1.5 : value)),
          base,
          headDim,
        ),
      ).toBeNull();
      expect(llama3ScalingOf(new Float32Array(headDim / 2).fill(factor), base, headDim)).toBeNull();
    }
  });

  it("may be scaled as in Llama 3.1, by a tensor of factors", async () => {
    const checkpoint = llama();
    const scaling = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };
    checkpoint.config.rope_scaling = { rope_type: "llama3", ...scaling };
    const { file, floats, key } = await converted(checkpoint);
    expect(file.tensors.get("rope_freqs.weight")).toMatchObject({ type: "F32", shape: [32] });
    expect(key("llama.rope.scaling.type")).toBeUndefined();
    const factors = await floats("rope_freqs.weight");
    // transformers' formula for the scaled inverse frequency, of which the factors are the inverse ratio.
    for (let i = 0; i < 32; i++) {
      const frequency = 500000 ** (-i / 32);
      const wavelength = (2 * Math.PI) / frequency;
      const smooth = (8192 / wavelength - 1) / (4 - 1);
      const scaled =
        wavelength < 8192 / 4
          ? frequency
          : wavelength > 8192
            ? frequency / 8
            : (1 - smooth) * (frequency / 8) + smooth * frequency;
      expect(factors[i]).toBeCloseTo(frequency / scaled, 5);
    }
    expect(factors[0]).toBe(1);
    expect(factors[31]).toBe(8);
    expect(new Set(factors).size).toBeGreaterThan(2);
  });

  it.each([
    [{ rope_scaling: { type: "dynamic", factor: 2 } }, "dynamic"],
    [{ rope_scaling: { rope_type: "yarn", factor: 2 } }, "yarn"],
    [{ rope_scaling: { rope_type: "longrope" } }, "longrope"],
    [{ partial_rotary_factor: 0.5 }, "partial_rotary_factor"],
  ])("otherwise is refused by name: %j", async (config, name) => {
    const checkpoint = llama();
    Object.assign(checkpoint.config, config);
    await expect(converted(checkpoint)).rejects.toEqual(unmaskError("hyperparameter_invalid", name));
  });

  it("without its numbers is refused", async () => {
    const checkpoint = llama();
    checkpoint.config.rope_scaling = { rope_type: "llama3", factor: 8 };
    await expect(converted(checkpoint)).rejects.toEqual(unmaskError("checkpoint_invalid", "low_freq_factor"));
  });
});

describe("diffusion facts", () => {
  const facts = (key: (name: string) => unknown) =>
    ["diffusion.attention", "diffusion.block_length", "diffusion.shift_logits", "tokenizer.ggml.mask_token_id"].map(
      key,
    );

  it("of Fast-dLLM v2 are known, and its mask token is an added token", async () => {
    const { key } = await converted(fastDllm());
    expect(key("general.architecture")).toBe("qwen2");
    expect(facts(key)).toEqual(["block-causal", 32, true, 305]);
  });

  it("finds the mask token in tokenizer_config.json or added_tokens.json as well", async () => {
    for (const where of ["decoder", "file"]) {
      const checkpoint = fastDllm();
      checkpoint.tokenizer!.added_tokens.pop();
      if (where === "decoder") {
        checkpoint.tokenizerConfig.added_tokens_decoder = { 306: { content: "|<MASK>|", special: true } };
      } else {
        checkpoint.files["added_tokens.json"] = JSON.stringify({ "|<MASK>|": 306 });
      }
      const { key } = await converted(checkpoint);
      expect(key("tokenizer.ggml.mask_token_id")).toBe(306);
      expect((key("tokenizer.ggml.tokens") as string[])[306]).toBe("|<MASK>|");
      expect((key("tokenizer.ggml.token_type") as number[])[306]).toBe(3);
    }
  });

  it("come from config.json", async () => {
    const checkpoint = bitnet("silu");
    Object.assign(checkpoint.config, { bd_size: 16, diffusion_attention: "context-causal", mask_token_id: 301 });
    const { key } = await converted(checkpoint);
    expect(facts(key)).toEqual(["context-causal", 16, true, 301]);
  });

  it("come from options first", async () => {
    const { key } = await converted(fastDllm(), {
      attention: "context-causal",
      blockLength: 64,
      maskToken: "<|endoftext|>",
      shift: false,
    });
    expect(facts(key)).toEqual(["context-causal", 64, false, 301]);
    expect(key("unmask.options")).toBe(
      '--type f16 --block-length 64 --attention context-causal --mask-token "<|endoftext|>" --no-shift',
    );
  });

  it("are absent when the model is said to be causal", async () => {
    const { key } = await converted(fastDllm(), { attention: "causal" });
    expect(facts(key)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it.each([
    [{ bd_size: 32, mask_token_id: 301 }, {}, "--attention"],
    [{ diffusion_attention: "block-causal", mask_token_id: 301 }, {}, "--block-length"],
    [{ diffusion_attention: "block-causal", bd_size: 32 }, {}, "--mask-token"],
    [{ mask_token_id: 301 }, {}, "--attention"],
    [{}, { shift: false }, "--attention"],
    [{}, { blockLength: 32 }, "--attention"],
  ])("that are incomplete name the missing flag: %j %j", async (config, options, flag) => {
    const checkpoint = llama();
    Object.assign(checkpoint.config, config);
    await expect(converted(checkpoint, options)).rejects.toEqual(unmaskError("option_missing", flag));
  });

  it.each([
    [{ diffusion_attention: "sideways" }, {}, "hyperparameter_invalid", "sideways"],
    [{ diffusion_attention: "block-causal", bd_size: 24, mask_token_id: 1 }, {}, "hyperparameter_invalid", "24"],
    [{ diffusion_attention: "block-causal", bd_size: 32, mask_token_id: 320 }, {}, "no_mask_token", "320"],
    [{}, { attention: "block-causal", blockLength: 32, maskToken: "<nope>" }, "no_mask_token", "<nope>"],
    [{}, { attention: "causal", blockLength: 32 }, "hyperparameter_invalid", "--block-length"],
  ] as const)("that make no sense are refused: %j %j", async (config, options, code, words) => {
    const checkpoint = llama();
    Object.assign(checkpoint.config, config);
    await expect(converted(checkpoint, options)).rejects.toEqual(unmaskError(code, words));
  });
});
