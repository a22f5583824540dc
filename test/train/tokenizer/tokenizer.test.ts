// A trained tokenizer, against the Python tokenizers library (scripts/oracles/trained_tokenizer.py), and read
// by the runtime from its file and from GGUF metadata.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chatTemplateFor } from "../../../src/text/template.js";
import { Tokenizer } from "../../../src/text/tokenizer.js";
import type { ChatExample, Example, Message } from "../../../src/train/data/types.js";
import { textsOf } from "../../../src/train/tokenizer/corpus.js";
import { measureFit } from "../../../src/train/tokenizer/measure.js";
import { specialTokens, trainTokenizer } from "../../../src/train/tokenizer/train.js";
import { ggufMetadata, type TokenizerJson } from "../../text/fixtures.js";
import { generate } from "../data/helpers.js";

interface Fixture {
  vocabulary: number;
  corpus: [Message["role"], string][][];
  merges: string[];
  cases: { text: string; ids: number[]; decoded: string }[];
}

const fixture: Fixture = JSON.parse(readFileSync("test/fixtures/train/tokenizer.json", "utf8"));
const corpus: ChatExample[] = fixture.corpus.map((messages) => ({
  task: "chat",
  kind: "own",
  messages: messages.map(([role, content]) => ({ role, content })),
}));
const { tokenizer: json, config } = trainTokenizer(corpus, fixture.vocabulary);
const model = (json as unknown as TokenizerJson).model;
const tokenizer = Tokenizer.fromJson(json, config);

describe("trained on the same text as by the Python library", () => {
  test("has the same merges", () => {
    expect(model.merges.map((pair) => pair.join(" "))).toEqual(fixture.merges);
  });

  test("gives the ids that the library gives with its file", () => {
    for (const { text, ids, decoded } of fixture.cases) {
      expect(tokenizer.encode(text, { special: true }), text).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
    }
  });

  test("gives the same ids from GGUF metadata", () => {
    const fromGguf = Tokenizer.fromMetadata(ggufMetadata(json as unknown as TokenizerJson, "qwen2"));
    for (const { text, ids } of fixture.cases) expect(fromGguf.encode(text, { special: true })).toEqual(ids);
  });

  test("is the same again", () => {
    expect(trainTokenizer(corpus, fixture.vocabulary)).toEqual({ tokenizer: json, config });
  });
});

describe("a trained tokenizer", () => {
  test("ends in the special tokens", () => {
    expect(tokenizer.vocabularySize).toBe(fixture.vocabulary);
    const last = specialTokens.map((name) => tokenizer.tokenNamed(name));
    expect(last).toEqual([4, 3, 2, 1].map((back) => fixture.vocabulary - back));
    expect(tokenizer.maskId).toBe(fixture.vocabulary - 1);
    expect(tokenizer.eosId).toBe(tokenizer.tokenNamed("<|im_end|>"));
    expect(tokenizer.stopIds).toEqual([tokenizer.tokenNamed("<|endoftext|>"), tokenizer.tokenNamed("<|im_end|>")]);
    expect([tokenizer.bosId, tokenizer.addBos]).toEqual([null, false]);
  });

  test("keeps digits apart and loses no byte", () => {
    expect(tokenizer.encode("2024", { special: false })).toHaveLength(4);
    const text = Array.from({ length: 0x2000 }, (_, i) => String.fromCodePoint(i + 1))
      .join("")
      .normalize("NFC");
    expect(tokenizer.decode(tokenizer.encode(text, { special: false }))).toBe(text);
  });

  test("was trained on what its chat template writes between special tokens", () => {
    const template = chatTemplateFor(tokenizer);
    for (const example of generate("follow-ups", 50)) {
      const rendered = template.render(example.messages, { addGenerationPrompt: false });
      const written = textsOf(example).map((text, i) => (i % 2 === 0 ? `<|im_start|>${text}<|im_end|>` : text));
      expect(written.join("")).toBe(rendered);
    }
  });

  test("makes common words one token", () => {
    for (const word of ["user", "assistant", " equals", "What"]) {
      expect(tokenizer.encode(word, { special: false }), word).toHaveLength(1);
    }
  });
});

describe("training is refused", () => {
  const text = (content: string): Example => ({ task: "text", text: content });

  test.each([0, 259, 65_537, 300.5])("for a vocabulary of %d", (vocabulary) => {
    expect(() => trainTokenizer(corpus, vocabulary)).toThrow(/must be from 260 .* to 65536/);
  });

  test("for too little text, saying how far it goes", () => {
    expect(() => trainTokenizer([text("abcabc abcabc")], 1024)).toThrow(/gives only 26\d tokens, and 1024 are wanted/);
  });
});

test("the fit counts answers with their end token", () => {
  const examples: Example[] = [
    {
      task: "chat",
      kind: "own",
      messages: [
        { role: "user", content: "22" },
        { role: "assistant", content: "2345" },
      ],
    },
    { task: "text", text: "123" },
  ];
  const fit = measureFit(tokenizer, examples);
  const user =
    tokenizer.encode("user\n22", { special: false }).length +
    tokenizer.encode("assistant\n2345", { special: false }).length;
  expect(fit).toMatchObject({ answers: 1, tokensPerAnswer: 5 });
  expect(fit.tokensPerExample).toBe((user + 2 + 4 + 4) / 2);
  expect(fit.longestExample).toBe(user + 2 + 4);
});
