// The vocabulary a GGUF file carries in its metadata, by the keys llama.cpp uses.

import type { Metadata } from "../format/types.js";
import { UnmaskError } from "../util/errors.js";
import { type PreTokenizer, preTokenizerNamed, preTokenizerNames } from "./pre-tokenizers.js";
import { complete, isToken, type Log, tokenType, unsupported, type Vocabulary } from "./vocabulary.js";

/**
 * The vocabulary of a GGUF file (keys `tokenizer.*` of llama.cpp, and `unmask.stop_token_ids`).
 * @throws UnmaskError tokenizer_missing, tokenizer_unsupported or tokenizer_invalid
 */
export function vocabularyFromMetadata(metadata: Metadata, log: Log = () => {}): Vocabulary {
  const model = metadata.get("tokenizer.ggml.model");
  if (model === undefined || model === "none" || model === "no_vocab") {
    throw missing("The file has no tokenizer (no tokenizer.ggml.model).");
  }
  if (model !== "gpt2") {
    throw unsupported(
      `The file's tokenizer is of the kind "${String(model)}"; only byte-level BPE ("gpt2") is supported.`,
    );
  }
  const tokens = strings(metadata, "tokenizer.ggml.tokens");
  const merges = strings(metadata, "tokenizer.ggml.merges");
  const types = typesOf(metadata, tokens.length);
  const pre = preTokenizerIn(metadata, tokens, log);
  const read = (name: string) => tokenId(metadata, `tokenizer.ggml.${name}_token_id`, tokens.length, log);
  const bos = read("bos");
  const eos = read("eos");
  return complete(
    {
      tokens,
      types,
      merges,
      pre,
      bos,
      eos,
      mask: read("mask"),
      stops: [eos, read("eot"), ...stopIds(metadata, tokens.length)].filter((id) => id !== null),
      addBos: boolean(metadata, "tokenizer.ggml.add_bos_token") ?? (pre.addBos && bos !== null),
      chatTemplate: string(metadata, "tokenizer.chat_template"),
    },
    log,
  );
}

function preTokenizerIn(metadata: Metadata, tokens: readonly string[], log: Log): PreTokenizer {
  let name = string(metadata, "tokenizer.ggml.pre");
  if (name === null) {
    // BitNet-b1.58-2B-4T files lack the key; their vocabulary is Llama 3's.
    const architecture = String(metadata.get("general.architecture"));
    if (/^bitnet(-25|-b1\.58)?$/.test(architecture) && tokens.includes("<|begin_of_text|>")) {
      name = "llama-bpe";
      log("info", `the file names no pre-tokenizer; using ${name}, as its vocabulary is Llama 3's`);
    }
  }
  const pre = name === null ? null : preTokenizerNamed(name);
  if (pre !== null) return pre;
  throw unsupported(
    `${name === null ? "The file names no pre-tokenizer (no tokenizer.ggml.pre)" : `The pre-tokenizer "${name}" is not supported`}; ` +
      `supported are ${preTokenizerNames.join(", ")}. A wrong one would split text differently from the model's training.`,
  );
}

function typesOf(metadata: Metadata, size: number): Uint8Array {
  const value = metadata.get("tokenizer.ggml.token_type");
  if (value === undefined) return new Uint8Array(size).fill(tokenType.normal);
  if (!Array.isArray(value) || value.length !== size) {
    throw invalid(`tokenizer.ggml.token_type must be an array of ${size} numbers, one for each token.`);
  }
  return Uint8Array.from(value, (type, token) => {
    if (typeof type === "number" && type >= 1 && type <= 6) return type;
    if (type === 0) return tokenType.normal; // "undefined" in llama.cpp's list
    throw invalid(`tokenizer.ggml.token_type[${token}] is ${String(type)}; types are 0 to 6.`);
  });
}

function stopIds(metadata: Metadata, size: number): number[] {
  const value = metadata.get("unmask.stop_token_ids");
  if (value === undefined) return [];
  const ids = Array.isArray(value) ? value : [value];
  return ids.map((id) => {
    if (isToken(id, size)) return id;
    throw invalid(`unmask.stop_token_ids holds ${String(id)}, which is not one of the ${size} tokens.`);
  });
}

/** An id outside the vocabulary is how some converters write "none". */
function tokenId(metadata: Metadata, key: string, size: number, log: Log): number | null {
  const value = metadata.get(key);
  if (value === undefined) return null;
  if (isToken(value, size)) return value;
  if (typeof value !== "number" && typeof value !== "bigint") {
    throw invalid(`${key} is ${typeof value === "object" ? "an array" : `"${value}"`}; it must be a token number.`);
  }
  log("warn", `${key} is ${value} and the vocabulary has ${size} tokens; ignoring it`);
  return null;
}

function strings(metadata: Metadata, key: string): string[] {
  const value = metadata.get(key);
  if (value === undefined) throw missing(`The file's tokenizer is incomplete: it has no ${key}.`);
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw invalid(`${key} must be an array of strings.`);
}

function string(metadata: Metadata, key: string): string | null {
  const value = metadata.get(key);
  if (value === undefined || typeof value === "string") return value ?? null;
  throw invalid(`${key} must be a string.`);
}

function boolean(metadata: Metadata, key: string): boolean | null {
  const value = metadata.get(key);
  if (value === undefined || typeof value === "boolean") return value ?? null;
  throw invalid(`${key} must be true or false.`);
}

const advice = "Convert the model again with `unmask convert` from a checkpoint that has its tokenizer.json.";

function missing(message: string): UnmaskError {
  return new UnmaskError("tokenizer_missing", `${message} ${advice}`);
}

function invalid(message: string): UnmaskError {
  return new UnmaskError(
    "tokenizer_invalid",
    `${message} The file is damaged or was written by a faulty converter. ${advice}`,
  );
}
