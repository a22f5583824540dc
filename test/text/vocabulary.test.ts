// What files say about their tokenizers, rightly and wrongly.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MetadataValue } from "../../src/format/types.js";
import { vocabularyFromMetadata } from "../../src/text/gguf-vocabulary.js";
import { vocabularyFromJson } from "../../src/text/json-vocabulary.js";
import { Tokenizer } from "../../src/text/tokenizer.js";
import { UnmaskError } from "../../src/util/errors.js";
import { byteVocabulary, fixture, ggufMetadata } from "./fixtures.js";

function collect() {
  const lines: string[] = [];
  return { lines, log: (level: string, message: string) => lines.push(`${level}: ${message}`) };
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof UnmaskError) return error.code;
    throw error;
  }
  return "no error";
}

const withKeys = (metadata: Map<string, MetadataValue>, keys: Record<string, MetadataValue>) => {
  for (const [key, value] of Object.entries(keys)) metadata.set(key, value);
  return metadata;
};

describe("special tokens of a GGUF file", () => {
  it("stops at eos, eot, the file's own list and control tokens known by name", () => {
    const metadata = withKeys(byteVocabulary(["<|im_end|>", 3], ["<|endoftext|>", 3], ["<|eot|>", 3], ["<|x|>", 3]), {
      "tokenizer.ggml.eos_token_id": 7,
      "tokenizer.ggml.eot_token_id": 258,
      "unmask.stop_token_ids": [259, 7],
    });
    expect(vocabularyFromMetadata(metadata)).toMatchObject({ eos: 7, stops: [7, 256, 257, 258, 259] });
    expect(vocabularyFromMetadata(byteVocabulary(["<|x|>", 3])).stops).toEqual([]);
  });

  it("takes the mask token from its key, then from a special token's name", () => {
    const named = byteVocabulary(["<|mask|>", 3], ["|<MASK>|", 4]);
    expect(vocabularyFromMetadata(named).mask).toBe(257);
    expect(vocabularyFromMetadata(withKeys(named, { "tokenizer.ggml.mask_token_id": 3 })).mask).toBe(3);
    expect(vocabularyFromMetadata(byteVocabulary(["<|MASK|>", 3])).mask).toBe(256);
    expect(vocabularyFromMetadata(byteVocabulary(["<|mask|>", 1])).mask).toBeNull();
  });

  it("adds BOS when the file says so, or by the pre-tokenizer's habit", () => {
    const llama = () => withKeys(byteVocabulary(["<s>", 3]), { "tokenizer.ggml.pre": "llama-bpe" });
    const addBos = (keys: Record<string, MetadataValue>) => vocabularyFromMetadata(withKeys(llama(), keys)).addBos;
    expect(addBos({ "tokenizer.ggml.bos_token_id": 256 })).toBe(true);
    expect(addBos({ "tokenizer.ggml.bos_token_id": 256, "tokenizer.ggml.add_bos_token": false })).toBe(false);
    expect(addBos({})).toBe(false);
    const { lines, log } = collect();
    const asked = withKeys(llama(), { "tokenizer.ggml.add_bos_token": true });
    expect(vocabularyFromMetadata(asked, log).addBos).toBe(false);
    expect(lines.join()).toContain("BOS");
    const gpt2 = withKeys(byteVocabulary(["<s>", 3]), { "tokenizer.ggml.bos_token_id": 256 });
    expect(vocabularyFromMetadata(gpt2).addBos).toBe(false);
  });

  it("marks end tokens that a converter forgot to mark, and says so", () => {
    const { lines, log } = collect();
    const tokenizer = Tokenizer.fromMetadata(byteVocabulary(["<|eot_id|>", 1]), log);
    expect(tokenizer.stopIds).toEqual([256]);
    expect(tokenizer.encode("<|eot_id|>", { special: true })).toEqual([256]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^warn: .*<\|eot_id\|>/);
  });

  it("ignores ids outside the vocabulary, which mean none, and says so", () => {
    const { lines, log } = collect();
    const metadata = withKeys(byteVocabulary(), { "tokenizer.ggml.eos_token_id": 0xffffffff });
    expect(vocabularyFromMetadata(metadata, log).eos).toBeNull();
    expect(lines.join()).toContain("tokenizer.ggml.eos_token_id");
  });

  it("warns of bytes that a vocabulary cannot express", () => {
    const metadata = byteVocabulary();
    const tokens = metadata.get("tokenizer.ggml.tokens") as string[];
    const lost = tokens.indexOf("z");
    tokens[lost] = "[z]";
    const { lines, log } = collect();
    const tokenizer = Tokenizer.fromMetadata(metadata, log);
    expect(lines.join()).toContain(" 7a:");
    expect(tokenizer.decode(tokenizer.encode("azb", { special: false }))).toBe("ab");
  });
});

describe("the pre-tokenizer of a GGUF file", () => {
  const without = (architecture: string, ...further: [string, number][]) => {
    const metadata = withKeys(byteVocabulary(...further), { "general.architecture": architecture });
    metadata.delete("tokenizer.ggml.pre");
    return metadata;
  };

  it.each(["bitnet-b1.58", "bitnet-25", "bitnet"])("is Llama 3's when %s does not say", (architecture) => {
    const { lines, log } = collect();
    const vocabulary = vocabularyFromMetadata(without(architecture, ["<|begin_of_text|>", 3]), log);
    expect(vocabulary.pre.name).toBe("llama-bpe");
    expect(lines.join()).toContain("llama-bpe");
  });

  it("is never guessed otherwise", () => {
    expect(codeOf(() => vocabularyFromMetadata(without("bitnet")))).toBe("tokenizer_unsupported");
    expect(codeOf(() => vocabularyFromMetadata(without("llama", ["<|begin_of_text|>", 3])))).toBe(
      "tokenizer_unsupported",
    );
  });

  it("is refused by name, naming those that are supported", () => {
    const metadata = withKeys(byteVocabulary(), { "tokenizer.ggml.pre": "deepseek-llm" });
    expect(() => vocabularyFromMetadata(metadata)).toThrow(/deepseek-llm.*qwen2, llama-bpe, smollm, gpt-2/);
  });
});

describe("malformed metadata", () => {
  const cases: [string, string, Record<string, MetadataValue | undefined>][] = [
    ["no tokenizer", "tokenizer_missing", { "tokenizer.ggml.model": undefined }],
    ["no vocabulary", "tokenizer_missing", { "tokenizer.ggml.model": "no_vocab" }],
    ["SentencePiece", "tokenizer_unsupported", { "tokenizer.ggml.model": "llama" }],
    ["no tokens", "tokenizer_missing", { "tokenizer.ggml.tokens": undefined }],
    ["no merges", "tokenizer_missing", { "tokenizer.ggml.merges": undefined }],
    ["tokens of numbers", "tokenizer_invalid", { "tokenizer.ggml.tokens": [1, 2] }],
    ["tokens not an array", "tokenizer_invalid", { "tokenizer.ggml.tokens": "abc" }],
    ["too few types", "tokenizer_invalid", { "tokenizer.ggml.token_type": [1, 1] }],
    ["unknown types", "tokenizer_invalid", { "tokenizer.ggml.token_type": new Array(256).fill(9) }],
    ["a merge of one part", "tokenizer_invalid", { "tokenizer.ggml.merges": ["a"] }],
    ["a merge of unknown tokens", "tokenizer_invalid", { "tokenizer.ggml.merges": ["a b"] }],
    [
      "a special token without end",
      "tokenizer_invalid",
      {
        "tokenizer.ggml.tokens": ["x".repeat(5000), ...Array.from({ length: 255 }, (_, i) => `t${i}`)],
        "tokenizer.ggml.token_type": [3, ...Array(255).fill(1)],
        "tokenizer.ggml.merges": [],
      },
    ],
    ["an id that is text", "tokenizer_invalid", { "tokenizer.ggml.eos_token_id": "7" }],
    ["a stop that is no token", "tokenizer_invalid", { "unmask.stop_token_ids": [1, 256] }],
    ["a template that is a number", "tokenizer_invalid", { "tokenizer.chat_template": 3 }],
    ["a flag that is a number", "tokenizer_invalid", { "tokenizer.ggml.add_bos_token": 1 }],
  ];
  it.each(cases)("%s", (_, code, keys) => {
    const metadata = byteVocabulary();
    for (const [key, value] of Object.entries(keys)) {
      if (value === undefined) metadata.delete(key);
      else metadata.set(key, value);
    }
    expect(codeOf(() => Tokenizer.fromMetadata(metadata))).toBe(code);
  });

  it("never fails in another way", () => {
    const keys = [...byteVocabulary().keys(), "tokenizer.ggml.bos_token_id", "unmask.stop_token_ids"];
    const scalar = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.bigInt(), fc.constant(0));
    const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 5 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...keys), value), { maxLength: 3 }), (changes) => {
        const metadata = withKeys(byteVocabulary(), Object.fromEntries(changes) as Record<string, MetadataValue>);
        codeOf(() => Tokenizer.fromMetadata(metadata));
      }),
    );
  });
});

describe("tokenizer.json", () => {
  const { tokenizer: json, config } = fixture("tokenizer-lab");
  // biome-ignore lint/suspicious/noExplicitAny: changes make it wrong on purpose
  const changed = (change: (json: any) => void) => {
    const copy = structuredClone(json);
    change(copy);
    return codeOf(() => Tokenizer.fromJson(copy, config));
  };

  it("gives the arrays of a GGUF file", () => {
    const metadata = ggufMetadata(json, "qwen2");
    const vocabulary = vocabularyFromJson(json, config);
    expect(vocabulary.tokens).toEqual(metadata.get("tokenizer.ggml.tokens"));
    expect([...vocabulary.types]).toEqual(metadata.get("tokenizer.ggml.token_type"));
    expect(vocabulary.merges).toEqual(metadata.get("tokenizer.ggml.merges"));
    expect(vocabulary.pre.name).toBe("qwen2");
  });

  it("reads merges written either way", () => {
    const strings = { ...json, model: { ...json.model, merges: json.model.merges.map((pair) => pair.join(" ")) } };
    expect(vocabularyFromJson(strings).merges).toEqual(vocabularyFromJson(json).merges);
  });

  it("fills holes with unused tokens", () => {
    const copy = structuredClone(json);
    copy.added_tokens.push({ id: 1030, content: "<|far|>", special: true });
    const tokenizer = Tokenizer.fromJson(copy);
    expect(tokenizer.vocabularySize).toBe(1031);
    expect(tokenizer.decode([1025])).toBe("");
    expect(tokenizer.encode("<|far|>", { special: true })).toEqual([1030]);
  });

  it("reads tokens and templates in their longer forms", () => {
    const long = { eos_token: { content: "<|im_end|>" }, chat_template: [{ name: "default", template: "T" }] };
    expect(vocabularyFromJson(json, long)).toMatchObject({ eos: 1022, chatTemplate: "T" });
  });

  it("refuses what it does not know", () => {
    expect(changed(() => {})).toBe("no error");
    expect(codeOf(() => Tokenizer.fromJson(null))).toBe("tokenizer_invalid");
    expect(codeOf(() => Tokenizer.fromJson({}))).toBe("tokenizer_unsupported");
    expect(changed((it) => (it.model.type = "Unigram"))).toBe("tokenizer_unsupported");
    expect(changed((it) => (it.model.byte_fallback = true))).toBe("tokenizer_unsupported");
    expect(changed((it) => (it.normalizer = { type: "Lowercase" }))).toBe("tokenizer_unsupported");
    expect(changed((it) => (it.pre_tokenizer = { type: "Metaspace" }))).toBe("tokenizer_unsupported");
    expect(changed((it) => (it.added_tokens[0].id = 3))).toBe("tokenizer_invalid");
    expect(changed((it) => (it.added_tokens[0].id = 2 ** 31))).toBe("tokenizer_invalid");
    expect(changed((it) => (it.added_tokens[0].id = -1))).toBe("tokenizer_invalid");
    expect(changed((it) => (it.added_tokens = [3]))).toBe("tokenizer_invalid");
    expect(changed((it) => (it.model.merges = [["a"]]))).toBe("tokenizer_invalid");
    expect(changed((it) => delete it.model.vocab.er)).toBe("tokenizer_invalid");
  });
});
