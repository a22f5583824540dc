// Recognises the pre-tokenizer of a tokenizer.json by its regular expressions.
//
// GGUF names a pre-tokenizer instead of carrying it, so only exact matches count: a wrong
// name splits text differently from training, silently.

import { z } from "zod";
import { UnmaskError } from "../util/errors.js";
import { checked } from "./checkpoint.js";

export const preTokenizers = ["qwen2", "llama-bpe", "smollm", "gpt-2"] as const;
export type PreTokenizer = (typeof preTokenizers)[number];

/** The regular expression of Llama 3 and Qwen 2; they differ in how many digits go together. */
const split = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

const byRegex: Readonly<Record<string, PreTokenizer>> = {
  [split("\\p{N}")]: "qwen2",
  [split("\\p{N}{1,3}")]: "llama-bpe",
};

const stepSchema = z.looseObject({
  type: z.string(),
  pattern: z.looseObject({ Regex: z.string().optional() }).optional(),
  individual_digits: z.boolean().optional(),
  use_regex: z.boolean().optional(),
  add_prefix_space: z.boolean().optional(),
});
type Step = z.infer<typeof stepSchema>;
const sequenceSchema = z.looseObject({ type: z.literal("Sequence"), pretokenizers: z.array(stepSchema) });

/** The name llama.cpp gives to a `pre_tokenizer` object. Throws `tokenizer_unsupported`. */
export function detectPreTokenizer(preTokenizer: unknown): PreTokenizer {
  const steps = flatten(preTokenizer);
  const bytes = steps.at(-1);
  if (bytes?.type === "ByteLevel" && !bytes.add_prefix_space) {
    const before = steps.slice(0, -1);
    const [first] = before;
    const ownRegex = bytes.use_regex ?? true;
    if (before.length === 0 && ownRegex) return "gpt-2";
    if (before.length === 1 && first.type === "Digits" && first.individual_digits && ownRegex) return "smollm";
    if (before.length === 1 && first.type === "Split" && !ownRegex) {
      const name = byRegex[first.pattern?.Regex ?? ""];
      if (name !== undefined) return name;
    }
  }
  throw new UnmaskError(
    "tokenizer_unsupported",
    `The pre-tokenizer of tokenizer.json is none of ${preTokenizers.join(", ")}: ${JSON.stringify(preTokenizer)?.slice(0, 300)}. If one of them splits text the same way, name it with --pre.`,
    { param: "pre" },
  );
}

function flatten(preTokenizer: unknown): Step[] {
  const sequence = sequenceSchema.safeParse(preTokenizer);
  if (sequence.success) return sequence.data.pretokenizers;
  return preTokenizer == null ? [] : [checked(stepSchema, preTokenizer, "tokenizer.json: pre_tokenizer")!];
}
