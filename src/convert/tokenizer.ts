// The tokenizer of a checkpoint as GGUF metadata: byte-level BPE ("gpt2") arrays.
//
// The token list has exactly one entry per embedding row; rows without a token are filled as
// llama.cpp does. SentencePiece and other models are refused by name.

import { z } from "zod";
import { array, bool, type GgufValue, string, u32 } from "../format/gguf-values.js";
import { UnmaskError } from "../util/errors.js";
import { type Checkpoint, checked } from "./checkpoint.js";
import { detectPreTokenizer, type PreTokenizer } from "./pre-tokenizer.js";

/** llama.cpp's token types. */
const tokenType = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

const id = z.int().nonnegative();
const addedToken = z.looseObject({ id, content: z.string(), special: z.boolean().optional() });
const specialToken = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();

const vocabSchema = z.record(z.string(), id);
const tokenizerSchema = z.looseObject({
  added_tokens: z.array(addedToken).nullish(),
  pre_tokenizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
  model: z.looseObject({
    type: z.string().nullish(),
    vocab: vocabSchema,
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).nullish(),
  }),
});
const tokenizerConfigSchema = z.looseObject({
  bos_token: specialToken,
  eos_token: specialToken,
  pad_token: specialToken,
  add_bos_token: z.boolean().nullish(),
  added_tokens_decoder: z
    .record(z.string(), z.looseObject({ content: z.string(), special: z.boolean().nullish() }))
    .nullish(),
});
const addedTokensSchema = z.record(z.string(), id);
const templateSchema = z.looseObject({
  type: z.literal("TemplateProcessing"),
  single: z.array(z.looseObject({ SpecialToken: z.unknown().optional() })),
});
const sequenceSchema = z.looseObject({ type: z.literal("Sequence"), processors: z.array(z.unknown()) });

export interface ConvertedTokenizer {
  metadata: ReadonlyMap<string, GgufValue>;
  find(text: string): number | undefined;
}

/**
 * @param pre forces a pre-tokenizer instead of recognising it
 * @throws UnmaskError `tokenizer_unsupported`, `vocabulary_mismatch`, `checkpoint_invalid`
 */
export function convertTokenizer(checkpoint: Checkpoint, pre?: PreTokenizer): ConvertedTokenizer {
  const json = checked(tokenizerSchema, checkpoint.tokenizer, "tokenizer.json")!;
  if (json.model.type !== "BPE" || !JSON.stringify(json.pre_tokenizer ?? null).includes('"ByteLevel"')) {
    throw new UnmaskError(
      "tokenizer_unsupported",
      `tokenizer.json is a ${json.model.type ?? "nameless"} tokenizer that is not byte-level BPE. Models with byte-level BPE (Llama 3, Qwen 2, SmolLM, GPT-2) can be converted.`,
    );
  }
  const config = checked(tokenizerConfigSchema, checkpoint.tokenizerConfig, "tokenizer_config.json")!;
  const { vocab } = json.model;
  const added = addedTokens(json.added_tokens ?? [], config.added_tokens_decoder ?? {}, checkpoint.addedTokens);

  const texts = new Map<string, number>(Object.entries(vocab));
  for (const token of added) texts.set(token.content, token.id);
  const { tokens, types } = tokenList(vocab, added, checkpoint.config.vocab_size);
  const find = (text: string): number | undefined => texts.get(text);
  const special = (token: z.infer<typeof specialToken>): number | undefined =>
    token == null ? undefined : find(typeof token === "string" ? token : token.content);

  const { config: model, generationConfig: generation } = checkpoint;
  const stops = stopTokens([model.eos_token_id, generation.eos_token_id, special(config.eos_token)], tokens.length);
  const bos = model.bos_token_id ?? generation.bos_token_id ?? special(config.bos_token);
  const pad = [model.pad_token_id, generation.pad_token_id, special(config.pad_token)].find(
    (value) => value != null && value >= 0,
  );

  const metadata = new Map<string, GgufValue>([
    ["tokenizer.ggml.model", string("gpt2")],
    ["tokenizer.ggml.pre", string(pre ?? detectPreTokenizer(json.pre_tokenizer))],
    ["tokenizer.ggml.tokens", array("string", tokens)],
    ["tokenizer.ggml.token_type", array("i32", types)],
    ["tokenizer.ggml.merges", array("string", (json.model.merges ?? []).map(mergeText))],
  ]);
  if (bos != null) metadata.set("tokenizer.ggml.bos_token_id", u32(bos));
  if (stops.length > 0) metadata.set("tokenizer.ggml.eos_token_id", u32(stops[0]));
  if (stops.length > 1) metadata.set("tokenizer.ggml.eot_token_id", u32(stops[1]));
  if (stops.length > 2) metadata.set("unmask.stop_token_ids", array("u32", stops));
  if (pad != null) metadata.set("tokenizer.ggml.padding_token_id", u32(pad));
  metadata.set("tokenizer.ggml.add_bos_token", bool(config.add_bos_token ?? beginsWithSpecial(json.post_processor)));
  if (checkpoint.chatTemplate !== null) metadata.set("tokenizer.chat_template", string(checkpoint.chatTemplate));
  return { metadata, find };
}

interface AddedToken {
  id: number;
  content: string;
  special?: boolean | null | undefined;
}

/** Added tokens of the three files that can name them; tokenizer.json wins. */
function addedTokens(
  own: readonly AddedToken[],
  decoder: Readonly<Record<string, { content: string; special?: boolean | null | undefined }>>,
  file: unknown,
): AddedToken[] {
  const all = new Map<number, AddedToken>();
  const fromFile = checked(addedTokensSchema, file, "added_tokens.json")!;
  for (const [content, id] of Object.entries(fromFile)) all.set(id, { id, content, special: true });
  for (const [id, token] of Object.entries(decoder)) all.set(Number(id), { id: Number(id), ...token });
  for (const token of own) all.set(token.id, token);
  return [...all.values()];
}

function tokenList(
  vocab: Readonly<Record<string, number>>,
  added: readonly AddedToken[],
  rows: number,
): { tokens: string[]; types: number[] } {
  const tokens = Array.from({ length: rows }, (_, row) => `[PAD${row}]`);
  const types = new Array<number>(rows).fill(tokenType.unused);
  const put = (content: string, row: number, type: number): void => {
    if (row >= rows) {
      throw new UnmaskError(
        "vocabulary_mismatch",
        `Token "${content}" has id ${row}, but the embedding has ${rows} rows (0 to ${rows - 1}). The tokenizer belongs to another model, or the embedding was not resized after the token was added.`,
      );
    }
    tokens[row] = content;
    types[row] = type;
  };
  for (const [content, row] of Object.entries(vocab)) put(content, row, tokenType.normal);
  for (const { content, id, special } of added) put(content, id, special ? tokenType.control : tokenType.userDefined);
  return { tokens, types };
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

/** GGUF separates the halves of a merge by a space, which byte-level tokens never contain. */
function mergeText(merge: string | readonly [string, string]): string {
  if (typeof merge === "string") return merge;
  if (merge.some((half) => half.includes(" "))) {
    throw new UnmaskError(
      "tokenizer_unsupported",
      `The merge ${JSON.stringify(merge)} contains a space; the tokenizer is not byte-level BPE.`,
    );
  }
  return merge.join(" ");
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
