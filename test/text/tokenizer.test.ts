// Tokens equal to Hugging Face's, from both sources, and exact bytes back.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tokenizer } from "../../src/text/tokenizer.js";
import { anyText, byteVocabulary, fixture, ggufMetadata, kinds } from "./fixtures.js";

const encoder = new TextEncoder();
const fromGguf = (kind: string) => Tokenizer.fromMetadata(ggufMetadata(fixture(`tokenizer-${kind}`).tokenizer, kind));

describe.each(kinds)("%s", (kind) => {
  const { tokenizer: json, cases } = fixture(`tokenizer-${kind}`);
  const sources = [
    ["tokenizer.json", Tokenizer.fromJson(json)],
    ["GGUF arrays", fromGguf(kind)],
  ] as const;

  it.each(sources)("gives Hugging Face's ids (%s)", (_, tokenizer) => {
    for (const { text, ids } of cases) expect(tokenizer.encode(text, { special: true }), text).toEqual(ids);
  });

  it("gives every text back", () => {
    const tokenizer = fromGguf(kind);
    const whole = (text: string) => (kind === "qwen2" ? text.normalize("NFC") : text);
    for (const { text } of cases) {
      expect(whole(tokenizer.decode(tokenizer.encode(text, { special: false })))).toBe(whole(text));
    }
    fc.assert(
      fc.property(anyText, fc.boolean(), (text, special) => {
        expect(tokenizer.decode(tokenizer.encode(text, { special }))).toBe(whole(text));
      }),
      { numRuns: 300 },
    );
  });

  it("is the same whatever was encoded before", () => {
    const tokenizer = fromGguf(kind);
    tokenizer.encode("x".repeat(1000), { special: true });
    for (const { text, ids } of [...cases].reverse()) expect(tokenizer.encode(text, { special: true })).toEqual(ids);
  });
});

describe("the lab tokenizer", () => {
  const { tokenizer: json, config, cases } = fixture("tokenizer-lab");
  const tokenizer = Tokenizer.fromJson(json, config);

  it("gives transformers' ids of rendered questions", () => {
    expect(cases).toHaveLength(50);
    for (const { text, ids } of cases) expect(tokenizer.encode(text, { special: true })).toEqual(ids);
  });

  it("knows its special tokens", () => {
    expect(tokenizer).toMatchObject({
      vocabularySize: 1024,
      bosId: null,
      eosId: 1022,
      stopIds: [1020, 1022],
      maskId: 1023,
      addBos: false,
    });
    expect(tokenizer.chatTemplate).toContain("<|im_start|>");
    expect(tokenizer.isControl(1021)).toBe(true);
    expect(tokenizer.isControl(15)).toBe(false);
    expect(tokenizer.tokenNamed("<|im_start|>")).toBe(1021);
    expect(tokenizer.tokenNamed("no such token")).toBeNull();
  });
});

describe("special tokens in text", () => {
  const metadata = byteVocabulary(["<|end|>", 3], ["<tool>", 4], ["<unk>", 2], ["[PAD]", 5], ["<tool><tool>", 4]);
  const tokenizer = Tokenizer.fromMetadata(metadata);
  const [end, tool, unknown, , twoTools] = [256, 257, 258, 259, 260];
  const bytes = (text: string) => tokenizer.encode(text, { special: false });

  it("control tokens count only when asked for, user-defined ones always, unused ones never", () => {
    expect(tokenizer.encode("a<|end|><tool><unk>", { special: true })).toEqual([...bytes("a"), end, tool, unknown]);
    const plain = tokenizer.encode("<|end|><tool>", { special: false });
    expect(plain).toEqual([...bytes("<|end|>"), tool]);
    expect(plain).toHaveLength(8);
    expect(tokenizer.encode("[PAD]", { special: true })).toHaveLength(5);
  });

  it("the longest one wins, from left to right", () => {
    expect(tokenizer.encode("<tool><tool><tool>", { special: true })).toEqual([twoTools, tool]);
    expect(tokenizer.encode("<tool<tool>", { special: true })).toEqual([...bytes("<tool"), tool]);
    expect(tokenizer.encode("<|end|", { special: true })).toEqual(bytes("<|end|"));
  });
});

describe("bytes of tokens", () => {
  const metadata = byteVocabulary(["<|größe|>", 3], ["[PAD]", 5], ["<0xE2>", 6], ["a b", 1], ["Ġ茶", 1]);
  const tokenizer = Tokenizer.fromMetadata(metadata);

  it("inverts the byte alphabet for every byte", () => {
    const all = Array.from({ length: 256 }, (_, token) => tokenizer.tokenBytes(token)).map((bytes) => [...bytes]);
    expect(all.every((bytes) => bytes.length === 1)).toBe(true);
    expect(all.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 256 }, (_, byte) => byte));
    const [space] = tokenizer.encode(" ", { special: false });
    expect([...tokenizer.tokenBytes(space)]).toEqual([0x20]);
  });

  it("gives special tokens, and texts outside the alphabet, as they are written", () => {
    expect(tokenizer.tokenBytes(256)).toEqual(encoder.encode("<|größe|>"));
    expect([...tokenizer.tokenBytes(258)]).toEqual([0xe2]);
    expect(tokenizer.tokenBytes(259)).toEqual(encoder.encode("a b"));
    expect(tokenizer.tokenBytes(260)).toEqual(encoder.encode("Ġ茶"));
  });

  it("gives nothing for unused tokens and for rows beyond the vocabulary", () => {
    expect(tokenizer.tokenBytes(257)).toHaveLength(0);
    expect(tokenizer.tokenBytes(tokenizer.vocabularySize)).toHaveLength(0);
    expect(tokenizer.decode([257, 99999])).toBe("");
  });

  it("joins to the text's UTF-8", () => {
    const { cases } = fixture("tokenizer-llama-bpe");
    const llama = fromGguf("llama-bpe");
    for (const { text, ids } of cases) {
      expect(Buffer.concat(ids.map((id) => llama.tokenBytes(id)))).toEqual(Buffer.from(text, "utf8"));
    }
  });

  it("decodes bytes that are not UTF-8 to U+FFFD and keeps a byte order mark", () => {
    const [, second] = tokenizer.encode("é", { special: false });
    expect(tokenizer.decode([second])).toBe("\ufffd");
    expect(tokenizer.decode(tokenizer.encode("\ufeffa", { special: false }))).toBe("\ufeffa");
    expect(tokenizer.decode(tokenizer.encode("a\ud800b", { special: false }))).toBe("a\ufffdb");
  });
});

describe("long inputs", () => {
  const texts = {
    "one word": "abcdefghij".repeat(10_000),
    "one letter": "a".repeat(100_000),
    spaces: `${" ".repeat(100_000)}x`,
    "line ends": "\n ".repeat(50_000),
    digits: "7".repeat(100_000),
    marks: `x${"\u0323\u0301".repeat(50_000)}`,
    "almost special": "<|im_end".repeat(12_500),
  };
  const tokenizers = kinds.map(fromGguf);
  it.each(Object.entries(texts))("100,000 characters: %s", (_, text) => {
    for (const tokenizer of tokenizers) {
      const decoded = tokenizer.decode(tokenizer.encode(text, { special: false }));
      expect(decoded.length).toBe(text.length);
    }
  });
});
