// A tokenizer of bytes with ChatML's tokens and a mask, and what small training runs need.

import { byteAlphabet } from "../../src/text/byte-alphabet.js";
import { Tokenizer } from "../../src/text/tokenizer.js";

const special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|mask|>"];
const split =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** tokenizer.json: 256 bytes, then the special tokens 256 to 259. */
export const tokenizerJson = {
  version: "1.0",
  added_tokens: special.map((content, i) => ({ id: 256 + i, content, special: true })),
  normalizer: { type: "NFC" },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "Split", pattern: { Regex: split }, behavior: "Isolated", invert: false },
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
    ],
  },
  model: {
    type: "BPE",
    vocab: Object.fromEntries(byteAlphabet().map((letter, byte) => [letter, byte])),
    merges: [],
    ignore_merges: false,
  },
};

export const tokenizerConfig = {
  tokenizer_class: "PreTrainedTokenizerFast",
  eos_token: "<|im_end|>",
  pad_token: "<|endoftext|>",
  mask_token: "<|mask|>",
  chat_template:
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
};

export function tinyTokenizer(): Tokenizer {
  return Tokenizer.fromJson(tokenizerJson, tokenizerConfig);
}
