// Text to tokens and back: byte-level BPE with special tokens.
//
// Encoding is exact to the model's training (compared with Hugging Face tokenizers); decoding
// is exact to the byte. No state: one Tokenizer serves every request.

import type { Metadata } from "../format/types.js";
import { UnmaskError } from "../util/errors.js";
import { byteAlphabet } from "./byte-alphabet.js";
import { BytePairs } from "./byte-pairs.js";
import { vocabularyFromMetadata } from "./gguf-vocabulary.js";
import { type TokenizerConfig, vocabularyFromJson } from "./json-vocabulary.js";
import { type PreTokenizer, split } from "./pre-tokenizers.js";
import { SpecialTokens } from "./special-tokens.js";
import { isSpecial, type Log, tokenType, type Vocabulary } from "./vocabulary.js";

export class Tokenizer {
  readonly vocabularySize: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  /** Tokens that end an answer, ascending. */
  readonly stopIds: readonly number[];
  readonly maskId: number | null;
  /** Prompts begin with the BOS token. */
  readonly addBos: boolean;
  /** The Jinja source that came with the tokenizer. */
  readonly chatTemplate: string | null;

  readonly #tokens: readonly string[];
  readonly #types: Uint8Array; // [vocabularySize]
  readonly #ids: Map<string, number>;
  readonly #pre: PreTokenizer;
  readonly #pairs: BytePairs;
  readonly #special: SpecialTokens;
  readonly #userDefined: SpecialTokens;
  readonly #alphabet: readonly string[];
  readonly #byteOf: Map<string, number>;
  readonly #longest: number;

  /** @throws UnmaskError tokenizer_missing, tokenizer_unsupported or tokenizer_invalid */
  static fromMetadata(metadata: Metadata, log?: Log): Tokenizer {
    return new Tokenizer(vocabularyFromMetadata(metadata, log), log);
  }

  /**
   * @param json the parsed tokenizer.json
   * @param config the parsed tokenizer_config.json
   * @throws UnmaskError tokenizer_unsupported or tokenizer_invalid
   */
  static fromJson(json: unknown, config?: TokenizerConfig, log?: Log): Tokenizer {
    return new Tokenizer(vocabularyFromJson(json, config, log), log);
  }

  constructor(vocabulary: Vocabulary, log: Log = () => {}) {
    const { tokens, types } = vocabulary;
    this.vocabularySize = tokens.length;
    this.bosId = vocabulary.bos;
    this.eosId = vocabulary.eos;
    this.stopIds = vocabulary.stops;
    this.maskId = vocabulary.mask;
    this.addBos = vocabulary.addBos;
    this.chatTemplate = vocabulary.chatTemplate;
    this.#tokens = tokens;
    this.#types = types;
    this.#pre = vocabulary.pre;
    this.#alphabet = byteAlphabet();
    this.#byteOf = new Map(this.#alphabet.map((character, byte) => [character, byte]));
    this.#longest = tokens.reduce((most, { length }) => Math.max(most, length), 1);
    this.#ids = new Map();
    this.#special = new SpecialTokens();
    this.#userDefined = new SpecialTokens();
    for (let token = 0; token < tokens.length; token++) {
      if (types[token] === tokenType.unused) continue;
      if (!this.#ids.has(tokens[token])) this.#ids.set(tokens[token], token);
      if (isSpecial(types[token])) this.#special.add(tokens[token], token);
      if (types[token] === tokenType.userDefined) this.#userDefined.add(tokens[token], token);
    }
    const byteTokens = Int32Array.from(this.#alphabet, (character) => this.#ids.get(character) ?? -1);
    warnOfMissingBytes(byteTokens, log);
    this.#pairs = new BytePairs(tokens.length, byteTokens, mergeTable(vocabulary.merges, this.#ids));
  }

  /**
   * Tokens of a text. Adds no BOS.
   * @param special whether control tokens written out in the text are those tokens (templates) or plain text
   */
  encode(text: string, { special }: { special: boolean }): number[] {
    const out: number[] = [];
    for (const part of (special ? this.#special : this.#userDefined).split(text)) {
      if (typeof part === "number") out.push(part);
      else this.#encodePlain(part, out);
    }
    return out;
  }

  /** Fewer tokens than that a text cannot have; found out without encoding it. */
  leastTokens(text: string): number {
    return Math.floor(text.length / (4 * this.#longest)); // composing makes one letter of up to three
  }

  #encodePlain(text: string, out: number[]): void {
    const { nfc, ignoreMerges } = this.#pre;
    const utf8 = new TextEncoder();
    let bytes = new Uint8Array(256);
    for (const piece of split(this.#pre, nfc ? compose(text) : text)) {
      if (bytes.length < 3 * piece.length) bytes = new Uint8Array(3 * piece.length);
      const length = utf8.encodeInto(piece, bytes).written;
      const whole = ignoreMerges ? this.#wholeToken(bytes, length) : -1;
      if (whole >= 0) out.push(whole);
      else this.#pairs.encode(bytes, length, out);
    }
  }

  /** The normal token that is exactly these bytes, or -1. */
  #wholeToken(bytes: Uint8Array, length: number): number {
    let text = "";
    for (let i = 0; i < length; i++) text += this.#alphabet[bytes[i]];
    const token = this.#ids.get(text);
    return token !== undefined && this.#types[token] === tokenType.normal ? token : -1;
  }

  /** The text of tokens; bytes that are not UTF-8 become U+FFFD. */
  decode(tokens: readonly number[]): string {
    const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
    return tokens.map((token) => utf8.decode(this.tokenBytes(token), { stream: true })).join("") + utf8.decode();
  }

  /**
   * The exact bytes of a token: part of a character, perhaps. Special tokens give their text;
   * unused ones, and rows of a padded embedding beyond the vocabulary, give nothing.
   */
  tokenBytes(token: number): Uint8Array {
    const text = this.#tokens[token];
    const type = this.#types[token];
    if (text === undefined || type === tokenType.unused) return new Uint8Array(0);
    if (type === tokenType.byte && /^<0x[0-9a-fA-F]{2}>$/.test(text)) return Uint8Array.of(Number(text.slice(1, 5)));
    const bytes = isSpecial(type) ? null : this.#invertAlphabet(text);
    return bytes ?? new TextEncoder().encode(text);
  }

  /** Null when the text is not written in the byte alphabet. */
  #invertAlphabet(text: string): Uint8Array | null {
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) {
      const byte = this.#byteOf.get(text[i]);
      if (byte === undefined) return null;
      bytes[i] = byte;
    }
    return bytes;
  }

  /** Whether a token is a marker (turn borders, end, mask) and not text. */
  isControl(token: number): boolean {
    return this.#types[token] === tokenType.control;
  }

  /** The token stored with this text, such as "<|im_start|>", or null. */
  tokenNamed(text: string): number | null {
    return this.#ids.get(text) ?? null;
  }
}

/** [merges, 3] left, right and merged token. */
function mergeTable(merges: readonly string[], ids: ReadonlyMap<string, number>): Int32Array {
  const table = new Int32Array(3 * merges.length);
  for (let rank = 0; rank < merges.length; rank++) {
    const merge = merges[rank];
    const space = merge.indexOf(" ", 1);
    const left = ids.get(merge.slice(0, space));
    const right = ids.get(merge.slice(space + 1));
    const merged = ids.get(merge.slice(0, space) + merge.slice(space + 1));
    if (space < 0 || left === undefined || right === undefined || merged === undefined) {
      throw new UnmaskError(
        "tokenizer_invalid",
        `Merge ${rank} (${JSON.stringify(merge)}) does not join two tokens of the vocabulary to a third. ` +
          "The tokenizer was cut or mixed up with another's; convert the model again.",
      );
    }
    table[3 * rank] = left;
    table[3 * rank + 1] = right;
    table[3 * rank + 2] = merged;
  }
  return table;
}

/**
 * Unicode's composed form. ICU takes quadratic time over a run of combining marks, so longer
 * runs than any language has are composed in parts.
 */
function compose(text: string): string {
  return (text.match(/\P{M}*\p{M}{0,256}/gu) ?? []).map((part) => part.normalize("NFC")).join("");
}

/** Bytes 0xC0, 0xC1 and 0xF5 upwards never occur in UTF-8. */
function warnOfMissingBytes(byteTokens: Int32Array, log: Log): void {
  const lost: string[] = [];
  for (let byte = 0; byte < 0xf5; byte++) {
    if (byteTokens[byte] < 0 && byte !== 0xc0 && byte !== 0xc1) lost.push(byte.toString(16).padStart(2, "0"));
  }
  if (lost.length > 0)
    log("warn", `the vocabulary has no token for the bytes ${lost.join(" ")}: they are lost in prompts`);
}
