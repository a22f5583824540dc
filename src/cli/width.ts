// How many cells of a terminal a text takes, and where it wraps.
//
// Graphemes are taken whole. Wide are East Asian wide and full-width characters and emoji; terminals
// differ about joined emoji, and nothing here depends on them being right everywhere.

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** First and last code points of the wide ranges of Unicode's EastAsianWidth, emoji apart. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f], // Hangul Jamo
  [0x2e80, 0x303e], // radicals, CJK punctuation
  [0x3041, 0xa4cf], // kana, CJK, Yi
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3], // Hangul
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60], // full-width forms
  [0xffe0, 0xffe6],
  [0x20000, 0x3fffd],
];

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are ASCII
const ascii = /^[\x00-\x7f]*$/;
const invisible = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]$/u;
const emoji = /\p{Emoji_Presentation}|\ufe0f/u;

/** The graphemes of a text. */
export function graphemes(text: string): string[] {
  if (ascii.test(text)) return text.split(""); // segmenting is slow
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Cells of one grapheme: 0, 1 or 2. */
export function graphemeWidth(grapheme: string): number {
  if (emoji.test(grapheme)) return 2;
  let width = 0;
  for (const character of grapheme) {
    const code = character.codePointAt(0) as number;
    if (wide.some(([first, last]) => code >= first && code <= last)) return 2;
    if (!invisible.test(character)) width = 1;
  }
  return width;
}
