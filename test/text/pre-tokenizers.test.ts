// Pieces as Hugging Face cuts them, and the names and descriptions they go by.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  preTokenizerJson,
  preTokenizerNamed,
  preTokenizerNames,
  preTokenizerOf,
  split,
} from "../../src/text/pre-tokenizers.js";
import { anyText, fixture, kinds } from "./fixtures.js";

describe.each(kinds)("%s", (kind) => {
  const pre = preTokenizerNamed(kind)!;

  it("cuts as Hugging Face does", () => {
    for (const { text, pieces } of fixture(`tokenizer-${kind}`).cases) {
      const ours = split(pre, pre.nfc ? text.normalize("NFC") : text);
      expect(
        ours.map((piece) => [...piece].length),
        text,
      ).toEqual(pieces);
    }
  });

  it("loses nothing", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(split(pre, text).join("")).toBe(text);
      }),
    );
  });

  it("is found from its tokenizer.json", () => {
    const { tokenizer } = fixture<{ tokenizer: { pre_tokenizer: unknown } }>(`tokenizer-${kind}`);
    expect(preTokenizerOf(tokenizer.pre_tokenizer, pre)).toBe(pre);
    const nested = { type: "Sequence", pretokenizers: [tokenizer.pre_tokenizer] };
    expect(preTokenizerOf(nested, pre)).toBe(pre);
  });
});

describe("names", () => {
  it("knows llama.cpp's aliases", () => {
    expect(preTokenizerNamed("llama3")).toBe(preTokenizerNamed("llama-bpe"));
    expect(preTokenizerNamed("phi-2")).toBe(preTokenizerNamed("gpt-2"));
  });

  it("does not take one for another", () => {
    for (const name of ["", "default", "deepseek-llm", "tekken", "gpt-4o", "constructor"]) {
      expect(preTokenizerNamed(name)).toBeNull();
    }
  });

  it("tells Qwen2 with NFC from Qwen2 without", () => {
    const { tokenizer } = fixture<{ tokenizer: { pre_tokenizer: unknown } }>("tokenizer-qwen2");
    const name = (nfc: boolean) => preTokenizerOf(tokenizer.pre_tokenizer, { nfc, ignoreMerges: false })?.name;
    expect(name(true)).toBe("qwen2");
    expect(name(false)).toBe("deepseek-r1-qwen");
  });

  it("refuses what differs in any part", () => {
    const facts = { nfc: false, ignoreMerges: false };
    const bytes = { type: "ByteLevel", add_prefix_space: false, use_regex: true };
    expect(preTokenizerOf(bytes, facts)?.name).toBe("gpt-2");
    expect(preTokenizerOf(bytes, { ...facts, nfc: true })).toBeNull();
    expect(preTokenizerOf({ ...bytes, add_prefix_space: true }, facts)).toBeNull();
    expect(preTokenizerOf({ ...bytes, use_regex: false }, facts)).toBeNull();
    const digits = (individual_digits: boolean) => [{ type: "Digits", individual_digits }, bytes];
    expect(preTokenizerOf({ type: "Sequence", pretokenizers: digits(true) }, facts)?.name).toBe("smollm");
    expect(preTokenizerOf({ type: "Sequence", pretokenizers: digits(false) }, facts)).toBeNull();
    const split = { type: "Split", pattern: { Regex: "\\p{L}+" }, behavior: "Isolated", invert: false };
    expect(
      preTokenizerOf({ type: "Sequence", pretokenizers: [split, { ...bytes, use_regex: false }] }, facts),
    ).toBeNull();
    for (const nothing of [null, undefined, 3, "ByteLevel", {}, { type: "Sequence", pretokenizers: [] }]) {
      expect(preTokenizerOf(nothing, facts)).toBeNull();
    }
  });
});

describe("a description for tokenizer.json", () => {
  it.each(preTokenizerNames)("of %s is recognised as it", (name) => {
    const pre = preTokenizerNamed(name)!;
    expect(preTokenizerOf(preTokenizerJson(pre).pre_tokenizer, pre)).toBe(pre);
  });
});
