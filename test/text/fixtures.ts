// Tokenizers and texts with the ids Hugging Face gives them (scripts/oracles/tokenizer_fixture.py).

import { readFileSync } from "node:fs";
import fc from "fast-check";
import type { MetadataValue } from "../../src/format/types.js";
import type { TokenizerConfig } from "../../src/text/json-vocabulary.js";

export interface TokenizerJson {
  model: { vocab: Record<string, number>; merges: [string, string][] };
  added_tokens: { id: number; content: string; special: boolean }[];
}

export interface TokenizerFixture {
  tokenizer: TokenizerJson;
  config?: TokenizerConfig;
  /** pieces: lengths in code points of what the pre-tokenizer makes of the whole text. */
  cases: { text: string; ids: number[]; pieces: number[] }[];
}

export const kinds = ["qwen2", "llama-bpe", "smollm", "gpt-2"] as const;

export function fixture<T = TokenizerFixture>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/text/${name}.json`, import.meta.url), "utf8"));
}

/** The metadata a GGUF file of this tokenizer has. */
export function ggufMetadata(json: TokenizerJson, pre: string): Map<string, MetadataValue> {
  const size =
    Object.keys(json.model.vocab).length + json.added_tokens.filter((t) => !(t.content in json.model.vocab)).length;
  const tokens = new Array<string>(size);
  const types = new Array<number>(size).fill(1);
  for (const [text, id] of Object.entries(json.model.vocab)) tokens[id] = text;
  for (const { id, content, special } of json.added_tokens) {
    tokens[id] = content;
    types[id] = special ? 3 : 4;
  }
  return new Map<string, MetadataValue>([
    ["general.architecture", "llama"],
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", pre],
    ["tokenizer.ggml.tokens", tokens],
    ["tokenizer.ggml.token_type", types],
    ["tokenizer.ggml.merges", json.model.merges.map((pair) => pair.join(" "))],
  ]);
}

/** A vocabulary of the 256 bytes and some further tokens, as [text, type], with no merges. */
export function byteVocabulary(...further: [string, number][]): Map<string, MetadataValue> {
  const { tokenizer } = fixture("tokenizer-gpt-2");
  const bytes = Object.entries(tokenizer.model.vocab).flatMap(([text, id]) => (id < 256 ? [text] : []));
  return new Map<string, MetadataValue>([
    ["general.architecture", "llama"],
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", "gpt-2"],
    ["tokenizer.ggml.tokens", [...bytes, ...further.map(([text]) => text)]],
    ["tokenizer.ggml.token_type", [...bytes.map(() => 1), ...further.map(([, type]) => type)]],
    ["tokenizer.ggml.merges", []],
  ]);
}

/** Text of every kind: graphemes of many scripts, spaces and digits, any code point. */
export const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 6 }),
      fc.string({ unit: fc.constantFrom(..." \n\r\t\u00a0\u0085\ufeff\u3000'sSt17½٣"), maxLength: 6 }),
      fc.integer({ min: 0, max: 0x10f7ff }).map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));
