import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MetadataValue } from "../../src/format/types.js";
import { readHyperParameters } from "../../src/model/hyperparameters.js";
import { architectures } from "../../src/model/types.js";
import { UnmaskError } from "../../src/util/errors.js";
import { type Changes, directory, embedding, metadataOf } from "./metadata.js";

const read = (changes: Changes = {}, tensors = embedding) => readHyperParameters(metadataOf("llama", changes), tensors);
const diffusion = { "diffusion.attention": "block-causal", "diffusion.block_length": 32 };

describe("hyper-parameters", () => {
  it("reads llama.cpp's keys", () => {
    expect(read()).toEqual({
      architecture: "llama",
      name: "tiny",
      layers: 2,
      hidden: 48,
      ffn: 96,
      heads: 6,
      kvHeads: 2,
      headDim: 8,
      vocabulary: 100,
      contextLength: 128,
      normEps: 1e-5,
      ropeBase: 500_000,
      ropeDim: 8,
      ropeScale: 1,
      activation: "silu",
      subNorms: false,
      qkvBias: false,
      tiedHead: true,
      diffusion: { attention: "causal", blockLength: 32, shift: false, maskToken: null },
    });
  });

  it.each([
    ["llama", "silu", false, false],
    ["qwen2", "silu", false, true],
    ["bitnet", "silu", true, false],
    ["bitnet-25", "relu2", true, false],
    ["bitnet-b1.58", "relu2", true, false],
  ] as const)("knows what %s is made of", (architecture, activation, subNorms, qkvBias) => {
    const hp = readHyperParameters(metadataOf(architecture), embedding);
    expect(hp).toMatchObject({ architecture, activation, subNorms, qkvBias });
  });

  it("falls back as llama.cpp does", () => {
    const hp = read({ ".attention.head_count_kv": undefined, ".rope.freq_base": undefined, "general.name": undefined });
    expect(hp).toMatchObject({ kvHeads: 6, ropeBase: 10_000, name: "llama" });
  });

  it("takes head width and rotated dimensions from their keys", () => {
    const hp = read({ ".attention.key_length": 20, ".attention.value_length": 20, ".rope.dimension_count": 10 });
    expect(hp).toMatchObject({ headDim: 20, ropeDim: 10 });
  });

  it("has its own head where there is an output matrix", () => {
    const tensors = directory({ "token_embd.weight": [48, 100], "output.weight": [48, 100] });
    expect(read({}, tensors).tiedHead).toBe(false);
  });

  it("reads how a diffusion model decodes", () => {
    const facts = { ...diffusion, "tokenizer.ggml.mask_token_id": 99 };
    expect(read(facts).diffusion).toEqual({
      attention: "block-causal",
      blockLength: 32,
      shift: true,
      maskToken: 99,
    });
    const other = {
      "diffusion.attention": "context-causal",
      "diffusion.block_length": 8,
      "diffusion.shift_logits": false,
    };
    expect(read(other).diffusion).toEqual({
      attention: "context-causal",
      blockLength: 8,
      shift: false,
      maskToken: null,
    });
    expect(read({ ...diffusion, ".attention.causal": false }).diffusion.attention).toBe("block-causal");
  });

  it.each([1, 2, 4, 8, 16, 32, 64, 96, 256])("takes blocks of %i", (length) => {
    expect(read({ ...diffusion, "diffusion.block_length": length }).diffusion.blockLength).toBe(length);
  });

  it("scales positions linearly, by type or by factor alone", () => {
    expect(read({ ".rope.scaling.type": "linear", ".rope.scaling.factor": 4 }).ropeScale).toBe(4);
    expect(read({ ".rope.scaling.factor": 4 }).ropeScale).toBe(4);
    expect(read({ ".rope.scaling.type": "none", ".rope.scaling.factor": 4 }).ropeScale).toBe(1);
    const factors = directory({ "token_embd.weight": [48, 100], "rope_freqs.weight": [4] });
    expect(read({ ".rope.scaling.type": "llama3", ".rope.scaling.factor": 8 }, factors).ropeScale).toBe(1);
  });

  it("allows padded embedding rows, and no tokens beyond them", () => {
    const tokens = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`);
    expect(read({ "tokenizer.ggml.tokens": tokens(90), ".vocab_size": 90 }).vocabulary).toBe(100);
    expect(() => read({ "tokenizer.ggml.tokens": tokens(101) })).toThrow(
      expect.objectContaining({ code: "vocabulary_mismatch", message: expect.stringMatching(/101.*100 rows/) }),
    );
    expect(() => read({ ".vocab_size": 101 })).toThrow(expect.objectContaining({ code: "vocabulary_mismatch" }));
  });

  it("names an unknown architecture and the known ones", () => {
    const metadata = new Map([...metadataOf("llama"), ["general.architecture", "mamba"] as const]);
    expect(() => readHyperParameters(metadata, embedding)).toThrow(
      expect.objectContaining({
        code: "architecture_unknown",
        message: expect.stringContaining(`'mamba'. Supported are ${architectures.join(", ")}`),
      }),
    );
  });

  it("needs an embedding", () => {
    expect(() => read({}, directory({}))).toThrow(expect.objectContaining({ code: "tensor_missing" }));
    const flat = directory({ "token_embd.weight": [4800] });
    expect(() => read({}, flat)).toThrow(expect.objectContaining({ code: "tensor_shape_mismatch" }));
  });

  const invalid: [string, Changes][] = [
    ["llama.block_count", { ".block_count": undefined }],
    ["llama.block_count", { ".block_count": 0 }],
    ["llama.block_count", { ".block_count": 1e9 }],
    ["llama.block_count", { ".block_count": "2" }],
    ["llama.embedding_length", { ".embedding_length": 47.5 }],
    ["llama.embedding_length", { ".embedding_length": 2n ** 60n }],
    ["llama.feed_forward_length", { ".feed_forward_length": [96, 128] }],
    ["llama.attention.head_count", { ".attention.head_count": 5, ".attention.head_count_kv": undefined }],
    ["llama.attention.head_count_kv", { ".attention.head_count_kv": 4 }],
    ["llama.attention.value_length", { ".attention.key_length": 8, ".attention.value_length": 16 }],
    ["llama.attention.layer_norm_rms_epsilon", { ".attention.layer_norm_rms_epsilon": Number.NaN }],
    ["llama.attention.layer_norm_rms_epsilon", { ".attention.layer_norm_rms_epsilon": 0 }],
    ["llama.rope.freq_base", { ".rope.freq_base": Number.POSITIVE_INFINITY }],
    ["llama.rope.dimension_count", { ".rope.dimension_count": 7 }],
    ["llama.rope.dimension_count", { ".rope.dimension_count": 10 }],
    ["llama.rope.scaling.type", { ".rope.scaling.type": "yarn", ".rope.scaling.factor": 4 }],
    ["llama.rope.scaling.type", { ".rope.scaling.type": "llama3", ".rope.scaling.factor": 8 }],
    ["llama.rope.scaling.factor", { ".rope.scaling.factor": 0 }],
    ["llama.context_length", { ".context_length": 2 ** 31 }],
    ["llama.expert_count", { ".expert_count": 8 }],
    ["diffusion.attention", { ...diffusion, "diffusion.attention": "full" }],
    ["diffusion.attention", { "diffusion.block_length": 32 }],
    ["diffusion.attention", { ".attention.causal": false }],
    ["diffusion.block_length", { "diffusion.attention": "block-causal" }],
    ["diffusion.block_length", { ...diffusion, "diffusion.block_length": 48 }],
    ["diffusion.block_length", { ...diffusion, "diffusion.block_length": 24 }],
    ["diffusion.block_length", { ...diffusion, "diffusion.block_length": 0 }],
    ["diffusion.shift_logits", { ...diffusion, "diffusion.shift_logits": 1 }],
    ["tokenizer.ggml.mask_token_id", { ...diffusion, "tokenizer.ggml.mask_token_id": 100 }],
    ["general.architecture", { "general.architecture": 3 }],
    ["general.architecture", { "general.architecture": undefined }],
  ];
  it.each(invalid)("refuses a bad %s (%o)", (key, changes) => {
    expect(() => read(changes)).toThrow(
      expect.objectContaining({
        code: "hyperparameter_invalid",
        param: key,
        message: expect.stringContaining(key),
      }),
    );
  });

  it("answers any value under any key with a model that can be built or an UnmaskError", () => {
    const keys = [
      ...metadataOf("llama", { ...diffusion, ".rope.scaling.factor": 2, ".attention.key_length": 8 }).keys(),
    ];
    const value: fc.Arbitrary<MetadataValue> = fc.oneof(
      fc.integer({ min: -2, max: 200 }),
      fc.double(),
      fc.bigInt(),
      fc.boolean(),
      fc.string(),
      fc.array(fc.integer()),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 3 }), (changes) => {
        try {
          const hp = read(changes);
          expect(hp.heads % hp.kvHeads).toBe(0);
          expect(hp.ropeDim % 2).toBe(0);
          expect(hp.headDim).toBeGreaterThanOrEqual(hp.ropeDim);
          expect([32 % hp.diffusion.blockLength, hp.diffusion.blockLength % 32]).toContain(0);
        } catch (error) {
          expect(error).toBeInstanceOf(UnmaskError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
