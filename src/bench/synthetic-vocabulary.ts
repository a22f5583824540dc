// A vocabulary that nobody trained: as many byte-level BPE tokens as a shape asks for, which
// every reader of GGUF files accepts and which reads and writes any text.
//
// The tokens are the 256 bytes, then all strings of two lower-case letters, of three, of four and
// so on, each merged from the string without its last letter and that letter; last come three
// control tokens.

import { array, bool, type GgufValue, string, u32 } from "../format/gguf-values.js";
import { byteAlphabet } from "../text/byte-alphabet.js";
import { tokenType } from "../text/vocabulary.js";

const letters = "abcdefghijklmnopqrstuvwxyz";
const control = ["<|begin_of_text|>", "<|end_of_text|>", "<|mask|>"] as const;
const chatTemplate = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}";

/** The fewest tokens: bytes and control tokens. */
export const leastVocabulary = 256 + control.length;

/** Where the tokens that text consists of end and the control tokens begin. */
export function textTokens(size: number): number {
  return size - control.length;
}

/** The mask token of a vocabulary of this size. */
export function maskToken(size: number): number {
  return size - 1;
}

/** @param pre a name of `tokenizer.ggml.pre` */
export function vocabularyMetadata(size: number, pre: string): [string, GgufValue][] {
  const tokens = byteAlphabet();
  const merges: string[] = [];
  // Strings in order of length, as nodes of a tree: node k is its parent's string and one letter.
  const strings = [...letters];
  while (tokens.length < textTokens(size)) {
    const node = strings.length;
    const parent = strings[Math.floor(node / letters.length) - 1];
    const letter = letters[node % letters.length];
    strings.push(parent + letter);
    tokens.push(parent + letter);
    merges.push(`${parent} ${letter}`);
  }
  const types = tokens.map(() => tokenType.normal as number);
  const bos = tokens.length;
  tokens.push(...control);
  types.push(...control.map(() => tokenType.control));
  return [
    ["tokenizer.ggml.model", string("gpt2")],
    ["tokenizer.ggml.pre", string(pre)],
    ["tokenizer.ggml.tokens", array("string", tokens)],
    ["tokenizer.ggml.token_type", array("i32", types)],
    ["tokenizer.ggml.merges", array("string", merges)],
    ["tokenizer.ggml.bos_token_id", u32(bos)],
    ["tokenizer.ggml.eos_token_id", u32(bos + 1)],
    ["tokenizer.ggml.mask_token_id", u32(maskToken(size))],
    ["tokenizer.ggml.add_bos_token", bool(false)],
    ["tokenizer.chat_template", string(chatTemplate)],
  ];
}
