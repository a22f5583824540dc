// Which number an answer gives, and whether it is the right one, exactly as lm-evaluation-harness
// decides (task gsm8k, version 3.0). Its oddities are kept: scores are only worth something when
// they can be compared.

export const filters = ["strict-match", "flexible-extract"] as const;
export type Filter = (typeof filters)[number];

/** What the harness calls an answer without a number. */
const nothing = "[invalid]";

const strict = /#### (-?[0-9.,]+)/;
const flexible = /(-?[$0-9.,]{2,})|(-?[0-9]+)/g;

/** The number that a filter finds in an answer: behind the first "#### ", or the last of any. */
export function extract(filter: Filter, text: string): string {
  const found = filter === "strict-match" ? strict.exec(text)?.[1] : text.match(flexible)?.at(-1);
  return found ?? nothing;
}

/**
 * Exact match of what is left of both without commas, dollar signs, everything up to the last "#### "
 * and a final full stop. "18.00" is not "18", and an answer that ends in "..." has no number.
 * @param answer of the problem, the working included
 */
export function isRight(extracted: string, answer: string): boolean {
  return bare(extracted) === bare(answer);
}

function bare(text: string): string {
  return text
    .replaceAll(",", "")
    .replaceAll("$", "")
    .replace(/[\s\S]*#### /, "")
    .replace(/\.(?=\n?$)/, "") // Python's $ also stands before a last newline
    .toLowerCase();
}
