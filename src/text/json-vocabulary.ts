// The vocabulary of a Hugging Face checkpoint: tokenizer.json and tokenizer_config.json.

import { UnmaskError } from "../util/errors.js";
import { type PreTokenizer, preTokenizerNames, preTokenizerOf } from "./pre-tokenizers.js";
import { complete, isToken, type Log, tokenType, unsupported, type Vocabulary } from "./vocabulary.js";

interface TokenizerJson {
  model?: {
    type?: unknown;
    vocab?: unknown;
    merges?: unknown;
    ignore_merges?: unknown;
    byte_fallback?: unknown;
    continuing_subword_prefix?: unknown;
    end_of_word_suffix?: unknown;
  };
  normalizer?: { type?: unknown; normalizers?: unknown } | null;
  pre_tokenizer?: unknown;
  added_tokens?: unknown;
}

interface AddedToken {
  id: number;
  content: string;
  special?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  single_word?: boolean;
}

/** The parts of a tokenizer_config.json that matter here. */
export interface TokenizerConfig {
  bos_token?: unknown;
  eos_token?: unknown;
  mask_token?: unknown;
  add_bos_token?: unknown;
  chat_template?: unknown;
}

/** Above any real vocabulary; a bound on what a wrong id can make us allocate. */
const mostTokens = 1 << 20;

/**
 * The vocabulary of a Hugging Face tokenizer.
 * @param json the parsed tokenizer.json
 * @param config the parsed tokenizer_config.json
 * @param forced the pre-tokenizer, instead of recognising it
 * @throws UnmaskError tokenizer_unsupported or tokenizer_invalid
 */
export function vocabularyFromJson(
  json: unknown,
  config: TokenizerConfig = {},
  log: Log = () => {},
  forced: PreTokenizer | null = null,
): Vocabulary {
  if (typeof json !== "object" || json === null) throw invalid("tokenizer.json must hold an object.");
  const { model, normalizer, pre_tokenizer, added_tokens } = json as TokenizerJson;
  if (typeof model?.vocab !== "object" || model.vocab === null || !Array.isArray(model.merges)) {
    throw unsupported("tokenizer.json has no model with vocab and merges; only byte-level BPE is supported.");
  }
  if (
    (model.type ?? "BPE") !== "BPE" ||
    model.byte_fallback ||
    model.continuing_subword_prefix ||
    model.end_of_word_suffix
  ) {
    throw unsupported(
      `tokenizer.json describes a model of type ${JSON.stringify(model.type)} that is not plain byte-level BPE; only that is supported.`,
    );
  }
  const facts = { nfc: composes(normalizer), ignoreMerges: model.ignore_merges === true };
  const pre = forced ?? preTokenizerOf(pre_tokenizer, facts);
  if (pre === null) {
    throw unsupported(
      `tokenizer.json has a pre-tokenizer that is not supported: ${JSON.stringify(pre_tokenizer)?.slice(0, 300)}. ` +
        `Supported are those of ${preTokenizerNames.join(", ")}; if one of them splits text the same way, name it ` +
        "with `unmask convert --pre`.",
    );
  }

  const tokens: string[] = [];
  for (const [text, id] of Object.entries(model.vocab)) place(tokens, id, text);
  const added = addedTokens(added_tokens);
  for (const { id, content } of added) place(tokens, id, content);
  const types = new Uint8Array(tokens.length).fill(tokenType.normal);
  for (let id = 0; id < tokens.length; id++) {
    if (tokens[id] !== undefined) continue;
    tokens[id] = `[PAD${id}]`;
    types[id] = tokenType.unused;
  }
  for (const token of added) {
    types[token.id] = token.special === true ? tokenType.control : tokenType.userDefined;
    if (token.lstrip || token.rstrip || token.single_word) {
      log("warn", `token ${token.id} ${token.content} asks to strip or join spaces around it, which is not done`);
    }
  }

  const named = (value: unknown): number | null => {
    const text = typeof value === "object" && value !== null ? (value as { content?: unknown }).content : value;
    const token = typeof text === "string" ? tokens.indexOf(text) : -1;
    return token < 0 ? null : token;
  };
  const bos = named(config.bos_token);
  const eos = named(config.eos_token);
  return complete(
    {
      tokens,
      types,
      merges: mergesOf(model.merges),
      pre,
      bos,
      eos,
      mask: named(config.mask_token),
      stops: eos === null ? [] : [eos],
      addBos: typeof config.add_bos_token === "boolean" ? config.add_bos_token : pre.addBos && bos !== null,
      chatTemplate: templateOf(config.chat_template),
    },
    log,
  );
}

function place(tokens: string[], id: unknown, text: string): void {
  if (!isToken(id, mostTokens)) throw invalid(`tokenizer.json gives ${JSON.stringify(text)} the id ${String(id)}.`);
  if (tokens[id] !== undefined && tokens[id] !== text) {
    throw invalid(
      `tokenizer.json gives the id ${id} to both ${JSON.stringify(tokens[id])} and ${JSON.stringify(text)}.`,
    );
  }
  tokens[id] = text;
}

function addedTokens(value: unknown): AddedToken[] {
  if (value === undefined || value === null) return [];
  const isAdded = (token: unknown): token is AddedToken =>
    typeof token === "object" && token !== null && typeof (token as AddedToken).content === "string";
  if (!Array.isArray(value) || !value.every(isAdded)) {
    throw invalid("added_tokens of tokenizer.json must be an array of {id, content}.");
  }
  return value;
}

/** Merges as "left right"; newer files write them as pairs. */
function mergesOf(merges: readonly unknown[]): string[] {
  return merges.map((merge) => {
    if (typeof merge === "string") return merge;
    if (Array.isArray(merge) && merge.length === 2) return merge.join(" ");
    throw invalid(`tokenizer.json has the merge ${JSON.stringify(merge)}; a merge is a pair of tokens.`);
  });
}

/** Whether a normalizer is NFC; any other kind is refused. */
function composes(normalizer: TokenizerJson["normalizer"]): boolean {
  if (normalizer === null || normalizer === undefined) return false;
  if (normalizer.type === "NFC") return true;
  if (normalizer.type === "Sequence" && Array.isArray(normalizer.normalizers)) {
    return normalizer.normalizers.map(composes).includes(true);
  }
  throw unsupported(`tokenizer.json has the normalizer ${JSON.stringify(normalizer.type)}; only NFC is supported.`);
}

/** A template, or the one named "default" of several. */
function templateOf(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return null;
  const found = value.find((each) => each?.name === "default")?.template;
  return typeof found === "string" ? found : null;
}

function invalid(message: string): UnmaskError {
  return new UnmaskError("tokenizer_invalid", `${message} Fetch the checkpoint's tokenizer.json again.`);
}
