// Pre-tokenizers: how text is cut into the pieces inside which byte pairs may merge.
//
// A pre-tokenizer is known by the name llama.cpp writes to `tokenizer.ggml.pre`; with the name
// come three facts that a GGUF file does not state elsewhere. Patterns from a file are never
// compiled: a tokenizer.json must hold one of the patterns below, word for word.
//
// The pieces of a text, joined, are the text.

export interface PreTokenizer {
  /** The name in `tokenizer.ggml.pre`. */
  name: string;
  /** Each pattern cuts the pieces that the one before it left; every character is in some match. */
  patterns: readonly RegExp[];
  /** The text is brought to Unicode's composed form (NFC) first, as the family's tokenizer.json says. */
  nfc: boolean;
  /** A piece that is in the vocabulary as a whole is that token, whatever the merges say. */
  ignoreMerges: boolean;
  /** Prompts begin with the BOS token when the file does not say. */
  addBos: boolean;
}

// Oniguruma, which these patterns were written for, and JavaScript differ in \s (U+0085, U+FEFF)
// and in (?i:), which folds U+017F to s: hence the spelled-out classes.
const gpt2 =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const llama3 =
  /'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const qwen2 =
  /'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const digits = /\p{N}|\P{N}+/gu;

const plain = { nfc: false, ignoreMerges: false, addBos: false };

/** The pre-tokenizers this project has; the first four are the ones people meet. */
const preTokenizers: readonly PreTokenizer[] = [
  { ...plain, name: "qwen2", patterns: [qwen2], nfc: true },
  { ...plain, name: "llama-bpe", patterns: [llama3], ignoreMerges: true, addBos: true },
  { ...plain, name: "smollm", patterns: [digits, gpt2] },
  { ...plain, name: "gpt-2", patterns: [gpt2] },
  { ...plain, name: "deepseek-r1-qwen", patterns: [qwen2] },
  { ...plain, name: "smaug-bpe", patterns: [llama3] },
];

/** Names llama.cpp treats exactly like another. */
const aliases = new Map([
  ["llama3", "llama-bpe"],
  ["llama-v3", "llama-bpe"],
  ["falcon3", "llama-bpe"],
  ["falcon-h1", "llama-bpe"],
  ["pixtral", "llama-bpe"],
  ["lfm2", "llama-bpe"],
  ["megrez", "qwen2"],
  ["starcoder", "smollm"],
  ["refact", "smollm"],
  ["codeshell", "smollm"],
  ["phi-2", "gpt-2"],
]);

export const preTokenizerNames: readonly string[] = preTokenizers.map((each) => each.name);

/** The pre-tokenizer with this name or alias, or null. */
export function preTokenizerNamed(name: string): PreTokenizer | null {
  const canonical = aliases.get(name) ?? name;
  return preTokenizers.find((each) => each.name === canonical) ?? null;
}

/** Cuts text into pieces. */
export function split(pre: PreTokenizer, text: string): string[] {
  let pieces = [text];
  for (const pattern of pre.patterns) pieces = pieces.flatMap((piece) => piece.match(pattern) ?? []);
  return pieces;
}

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
const rest = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

interface Step {
  type?: unknown;
  pretokenizers?: unknown;
  pattern?: { Regex?: unknown };
  behavior?: unknown;
  invert?: unknown;
  individual_digits?: unknown;
  add_prefix_space?: unknown;
  use_regex?: unknown;
}

/**
 * The pre-tokenizer that a tokenizer.json describes, or null when it is none of ours.
 * @param preTokenizer its `pre_tokenizer`
 */
export function preTokenizerOf(
  preTokenizer: unknown,
  facts: { nfc: boolean; ignoreMerges: boolean },
): PreTokenizer | null {
  const patterns = patternsOf(flatten(preTokenizer));
  if (patterns === null) return null;
  const fits = (each: PreTokenizer) =>
    each.nfc === facts.nfc &&
    each.ignoreMerges === facts.ignoreMerges &&
    each.patterns.length === patterns.length &&
    each.patterns.every((pattern, i) => pattern === patterns[i]);
  return preTokenizers.find(fits) ?? null;
}

function patternsOf(steps: readonly Step[]): RegExp[] | null {
  const bytes = steps[steps.length - 1];
  if (bytes?.type !== "ByteLevel" || bytes.add_prefix_space === true) return null;
  const ownPattern = bytes.use_regex !== false;
  if (steps.length === 1) return ownPattern ? [gpt2] : null;
  const first = steps[0];
  if (steps.length > 2) return null;
  if (first.type === "Digits" && first.individual_digits === true) return ownPattern ? [digits, gpt2] : null;
  if (first.type !== "Split" || first.behavior !== "Isolated" || first.invert === true || ownPattern) return null;
  if (first.pattern?.Regex === `${contractions}|\\p{N}|${rest}`) return [qwen2];
  if (first.pattern?.Regex === `${contractions}|\\p{N}{1,3}|${rest}`) return [llama3];
  return null;
}

/** What a tokenizer.json says for a pre-tokenizer: the inverse of `preTokenizerOf`. */
export function preTokenizerJson({ patterns, nfc }: PreTokenizer): { normalizer: unknown; pre_tokenizer: unknown } {
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: patterns.includes(gpt2) };
  const numbers = patterns[0] === llama3 ? "\\p{N}{1,3}" : "\\p{N}";
  const splitting = {
    type: "Split",
    pattern: { Regex: `${contractions}|${numbers}|${rest}` },
    behavior: "Isolated",
    invert: false,
  };
  const first =
    patterns[0] === digits ? [{ type: "Digits", individual_digits: true }] : bytes.use_regex ? [] : [splitting];
  return {
    normalizer: nfc ? { type: "NFC" } : null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [...first, bytes] },
  };
}

/** Nested sequences as one list. */
function flatten(step: unknown): Step[] {
  if (typeof step !== "object" || step === null) return [];
  const { type, pretokenizers } = step as Step;
  return type === "Sequence" && Array.isArray(pretokenizers) ? pretokenizers.flatMap(flatten) : [step as Step];
}
