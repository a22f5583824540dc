// The text a tokenizer is trained on: what stands between the special tokens of rendered examples,
// cut into pieces and counted.

import type { PreTokenizer } from "../../text/pre-tokenizers.js";
import { preTokenizerNamed, split } from "../../text/pre-tokenizers.js";
import type { Example } from "../data/types.js";

/** Digits are pieces of their own. */
export const preTokenizer = preTokenizerNamed("qwen2") as PreTokenizer;

/** The parts of an example in ChatML that are no special tokens. */
export function textsOf(example: Example): string[] {
  if ("text" in example) return [example.text];
  return example.messages.flatMap(({ role, content }) => [`${role}\n${content}`, "\n"]);
}

/** How often each piece occurs. */
export function countPieces(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const piece of split(preTokenizer, text.normalize("NFC"))) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  }
  return counts;
}
