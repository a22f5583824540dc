// What a tokenizer consists of, in one form whether it comes from GGUF metadata or from a
// tokenizer.json: GGUF's parallel arrays and llama.cpp's token types. Nothing here tokenises.
//
// Both sources are untrusted: every value is checked, and what cannot be honoured is an error
// or a log line.

import { UnmaskError } from "../util/errors.js";
import type { PreTokenizer } from "./pre-tokenizers.js";

export type Log = (level: "info" | "warn", message: string) => void;

/** The values of `tokenizer.ggml.token_type`. */
export const tokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

export interface Vocabulary {
  /** Texts as stored: normal tokens in the byte alphabet, others as they are. Index = token. */
  tokens: readonly string[];
  types: Uint8Array; // [tokens] of tokenType
  /** "left right", in the order they were learnt. */
  merges: readonly string[];
  pre: PreTokenizer;
  bos: number | null;
  eos: number | null;
  mask: number | null;
  /** Tokens that end an answer, ascending. */
  stops: readonly number[];
  addBos: boolean;
  chatTemplate: string | null;
}

/** Control tokens with these names end an answer whether or not the file says so. */
const stopNames = ["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>"];
const maskNames = ["|<MASK>|", "<|mask|>", "<|MASK|>"];

/** Adds what a file's tokens say by their names. */
export function complete(vocabulary: Vocabulary, log: Log): Vocabulary {
  const { tokens, types, bos } = vocabulary;
  const stops = new Set(vocabulary.stops);
  for (const name of stopNames) {
    const token = tokens.indexOf(name);
    if (token < 0 || types[token] === tokenType.unused) continue;
    if (types[token] !== tokenType.control) {
      // As llama.cpp does: some converters forget the type of these.
      log("warn", `token ${token} ${name} is not marked as a control token in the file; treating it as one`);
      types[token] = tokenType.control;
    }
    stops.add(token);
  }
  const named = maskNames.map((name) => tokens.indexOf(name)).find((token) => token >= 0 && isSpecial(types[token]));
  if (vocabulary.addBos && bos === null) log("warn", "the file asks for a BOS token and names none; adding none");
  return {
    ...vocabulary,
    mask: vocabulary.mask ?? named ?? null,
    stops: [...stops].sort((a, b) => a - b),
    addBos: vocabulary.addBos && bos !== null,
  };
}

/** Recognised in text as one token. */
export function isSpecial(type: number): boolean {
  return type === tokenType.control || type === tokenType.userDefined || type === tokenType.unknown;
}

export function isToken(value: unknown, size: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < size;
}

export function unsupported(message: string): UnmaskError {
  return new UnmaskError("tokenizer_unsupported", message);
}
