// Trains a tokenizer: byte-level BPE as Hugging Face files describe it, with the special tokens of
// ChatML and a mask as the last ids.

import { UnmaskError } from "../../util/errors.js";
import type { Example } from "../data/types.js";
import { countPieces, textsOf } from "./corpus.js";
import { learnMerges } from "./merges.js";

/** The last ids of the vocabulary, in this order. */
export const specialTokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|mask|>"] as const;

/** ChatML. */
export const chatTemplate =
  "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

const bytes = 256;
const mostTokens = 65_536;

export interface TrainedTokenizer {
  /** The content of tokenizer.json. */
  tokenizer: Record<string, unknown>;
  /** The content of tokenizer_config.json. */
  config: Record<string, unknown>;
}

/**
 * @param vocabulary tokens, the special ones included
 * @throws UnmaskError invalid_request: the vocabulary is out of range, or the data cannot fill it
 */
export function trainTokenizer(examples: Iterable<Example>, vocabulary: number): TrainedTokenizer {
  const least = bytes + specialTokens.length;
  if (!Number.isInteger(vocabulary) || vocabulary < least || vocabulary > mostTokens) {
    const message = `A vocabulary of ${vocabulary} tokens is impossible: it must be from ${least} (all bytes and the special tokens) to ${mostTokens}.`;
    throw new UnmaskError("invalid_request", message, { param: "vocabulary" });
  }
  const pieces = countPieces(allTexts(examples));
  const { tokens, pairs } = learnMerges(pieces, vocabulary - specialTokens.length);
  if (tokens.length + specialTokens.length < vocabulary) {
    const reached = tokens.length + specialTokens.length;
    const message = `The data gives only ${reached} tokens, and ${vocabulary} are wanted: no further pair occurs twice. Give more text, or ask for at most ${reached}.`;
    throw new UnmaskError("invalid_request", message, { param: "vocabulary" });
  }
  return { tokenizer: tokenizerJson(tokens, pairs), config: tokenizerConfig() };
}

function* allTexts(examples: Iterable<Example>): Generator<string> {
  for (const example of examples) yield* textsOf(example);
}

/** The pre-tokenizer that text/ knows as "qwen2", word for word. */
const pattern =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

function tokenizerJson(tokens: readonly string[], pairs: readonly (readonly [number, number])[]) {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false };
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, i) => ({ id: tokens.length + i, content, ...plain })),
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false }, byteLevel],
    },
    post_processor: byteLevel,
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: pairs.map(([left, right]) => [tokens[left], tokens[right]]),
    },
  };
}

function tokenizerConfig() {
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    bos_token: null,
    eos_token: "<|im_end|>",
    pad_token: "<|endoftext|>",
    mask_token: "<|mask|>",
    additional_special_tokens: [...specialTokens],
    clean_up_tokenization_spaces: false,
    chat_template: chatTemplate,
  };
}
