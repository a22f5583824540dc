// The tokenizer of a checkpoint as GGUF metadata: byte-level BPE ("gpt2") arrays.
//
// text/ reads tokenizer.json; here are the facts that other files add (added tokens, stops,
// whether prompts begin with bos), and the embedding: the token list gets exactly one entry per
// row, those without a token filled as llama.cpp does.

import { z } from "zod";
import { array, bool, type GgufValue, string, u32 } from "../format/gguf-values.js";
import { vocabularyFromJson } from "../text/json-vocabulary.js";
import { preTokenizerNamed } from "../text/pre-tokenizers.js";
import { tokenType } from "../text/vocabulary.js";
import { UnmaskError } from "../util/errors.js";
import { type Checkpoint, checked } from "./checkpoint.js";

const id = z.int().nonnegative();
const tokenizerSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id, content: z.string() })).nullish(),
  post_processor: z.unknown().optional(),
});
const tokenizerConfigSchema = z.looseObject({
  pad_token: z.union([z.string(), z.looseObject({ content: z.string() })]).nullish(),
  add_bos_token: z.boolean().nullish(),
  added_tokens_decoder: z.record(z.string(), z.looseObject({ content: z.string() })).nullish(),
});
const addedTokensSchema = z.record(z.string(), id);
const templateSchema = z.looseObject({
  type: z.literal("TemplateProcessing"),
  single: z.array(z.looseObject({ SpecialToken: z.unknown().optional() })),
});
const sequenceSchema = z.looseObject({ type: z.literal("Sequence"), processors: z.array(z.unknown()) });

export interface ConvertedTokenizer {
  metadata: ReadonlyMap<string, GgufValue>;
  warnings: string[];
  /** The token with this text. */
  find(text: string): number | undefined;
}

/**
 * @param pre name of the pre-tokenizer, instead of recognising it
 * @throws UnmaskError `tokenizer_unsupported`, `tokenizer_invalid`, `vocabulary_mismatch`, `checkpoint_invalid`
 */
export function convertTokenizer(checkpoint: Checkpoint, pre?: string): ConvertedTokenizer {
  const json = checked(tokenizerSchema, checkpoint.tokenizer, "tokenizer.json")!;
  const config = checked(tokenizerConfigSchema, checkpoint.tokenizerConfig, "tokenizer_config.json")!;
  const warnings: string[] = [];
  const log = (level: string, message: string): void => {
    if (level === "warn") warnings.push(message);
  };
  const added = addedTokens(json.added_tokens ?? [], config.added_tokens_decoder ?? {}, checkpoint.addedTokens);
  const vocabulary = vocabularyFromJson({ ...json, added_tokens: added }, config, log, preTokenizer(pre));

  const { config: model, generationConfig: generation } = checkpoint;
  const ids = new Map(vocabulary.tokens.map((token, row) => [token, row]));
  const rows = model.vocab_size;
  requireRows(vocabulary.tokens, rows);
  const unused = Array.from({ length: rows - vocabulary.tokens.length }, (_, i) => vocabulary.tokens.length + i);
  const stops = stopTokens([model.eos_token_id, generation.eos_token_id, vocabulary.eos, vocabulary.stops], rows);
  const bos = model.bos_token_id ?? generation.bos_token_id ?? vocabulary.bos;
  const padText = typeof config.pad_token === "object" ? config.pad_token?.content : config.pad_token;
  const pads = [model.pad_token_id, generation.pad_token_id, ids.get(padText ?? "")];
  const pad = pads.find((token) => token != null && token >= 0);

  const metadata = new Map<string, GgufValue>([
    ["tokenizer.ggml.model", string("gpt2")],
    ["tokenizer.ggml.pre", string(vocabulary.pre.name)],
    ["tokenizer.ggml.tokens", array("string", [...vocabulary.tokens, ...unused.map((row) => `[PAD${row}]`)])],
    ["tokenizer.ggml.token_type", array("i32", [...vocabulary.types, ...unused.map(() => tokenType.unused)])],
    ["tokenizer.ggml.merges", array("string", vocabulary.merges)],
  ]);
  if (bos !== null) metadata.set("tokenizer.ggml.bos_token_id", u32(bos));
  if (stops.length > 0) metadata.set("tokenizer.ggml.eos_token_id", u32(stops[0]));
  if (stops.length > 1) metadata.set("tokenizer.ggml.eot_token_id", u32(stops[1]));
  if (stops.length > 2) metadata.set("unmask.stop_token_ids", array("u32", stops));
  if (pad != null) metadata.set("tokenizer.ggml.padding_token_id", u32(pad));
  const addBos = config.add_bos_token ?? beginsWithSpecial(json.post_processor);
  metadata.set("tokenizer.ggml.add_bos_token", bool(addBos && bos !== null));
  if (checkpoint.chatTemplate !== null) metadata.set("tokenizer.chat_template", string(checkpoint.chatTemplate));
  return { metadata, warnings, find: (text) => ids.get(text) };
}

function preTokenizer(name: string | undefined) {
  if (name === undefined) return null;
  const found = preTokenizerNamed(name);
  if (found !== null) return found;
  throw new UnmaskError("tokenizer_unsupported", `There is no pre-tokenizer "${name}".`, { param: "pre" });
}

interface AddedToken {
  id: number;
  content: string;
  special?: unknown;
}

/** Added tokens of the three files that can name them; tokenizer.json wins. */
function addedTokens(
  own: readonly AddedToken[],
  decoder: Readonly<Record<string, { content: string }>>,
  file: unknown,
): AddedToken[] {
  const all = new Map<number, AddedToken>();
  const named = Object.entries(checked(addedTokensSchema, file, "added_tokens.json")!);
  for (const [content, row] of named) all.set(row, { id: row, content, special: true });
  for (const [row, token] of Object.entries(decoder)) all.set(Number(row), { ...token, id: Number(row) });
  for (const token of own) all.set(token.id, token);
  return [...all.values()];
}

function requireRows(tokens: readonly string[], rows: number): void {
  if (tokens.length <= rows) return;
  throw new UnmaskError(
    "vocabulary_mismatch",
    `Token "${tokens[rows]}" has id ${rows}, but the embedding has ${rows} rows (0 to ${rows - 1}). The tokenizer belongs to another model, or the embedding was not resized after tokens were added.`,
  );
}

/** Every token that ends an answer, the model's own first, each once. */
function stopTokens(lists: readonly (number | readonly number[] | null | undefined)[], rows: number): number[] {
  const stops = [...new Set(lists.flatMap((list) => list ?? []))];
  const outside = stops.find((stop) => stop >= rows);
  if (outside === undefined) return stops;
  throw new UnmaskError(
    "vocabulary_mismatch",
    `The stop token ${outside} is beyond the embedding's ${rows} rows. Correct eos_token_id in config.json or generation_config.json.`,
  );
}

/** Whether tokenizer.json puts a special token (the bos) before every text. */
function beginsWithSpecial(postProcessor: unknown): boolean {
  const sequence = sequenceSchema.safeParse(postProcessor);
  const steps = sequence.success ? sequence.data.processors : [postProcessor];
  return steps.some((step) => {
    const template = templateSchema.safeParse(step);
    return template.success && template.data.single[0]?.SpecialToken !== undefined;
  });
}
