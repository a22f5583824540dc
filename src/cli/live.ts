// The picture of an answer while its block unmasks: events in, rows of styled text out.
//
// A pure fold and a pure layout; `painter.ts` puts the rows on a terminal. What has settled is
// plain text and only grows; behind it stand the cells of the block, each a token with its
// confidence or a mask. Rows that will not change any more are drawn once and then forgotten, so
// that a frame costs as much as the rows that may change, however long the answer is.

import type { GenerateEvent } from "../engine/types.js";
import { safeText } from "./safe-text.js";
import { graphemes, graphemeWidth } from "./width.js";

/** A position of the block that is not settled: a token that may still change its neighbours, or a mask (null). */
export type Cell = { text: string; probability: number } | null;

export interface View {
  /** Settled text that has not been forgotten. */
  settled: string;
  /** Position of the next token to settle; null until the first event says where the answer begins. */
  next: number | null;
  /** Cells at positions >= next, by position. */
  cells: ReadonlyMap<number, Cell>;
}

export const emptyView: View = { settled: "", next: null, cells: new Map() };

/** The view after one more event. */
export function see(view: View, event: GenerateEvent): View {
  if (event.type === "finish") return { ...view, cells: new Map() };
  if (event.type === "text") {
    const next = view.next === null ? null : view.next + event.tokens.length;
    const cells = new Map([...view.cells].filter(([position]) => next !== null && position >= next));
    return { settled: view.settled + event.text, next, cells };
  }
  const touched = [...event.masked, ...event.commits.map((commit) => commit.position)];
  const next = view.next ?? Math.min(...touched);
  const cells = new Map(view.cells);
  for (const position of event.masked) cells.set(position, null);
  for (const { position, text, probability } of event.commits) cells.set(position, { text, probability });
  return { settled: view.settled, next, cells: new Map([...cells].filter(([position]) => position >= next)) };
}

/** A piece of a row, with the SGR code it is drawn in ("" for plain). */
interface Glyph {
  text: string;
  style: string;
  width: number;
  /** Its length in the text it came from. */
  length: number;
}

export interface Row {
  /** With escape codes. */
  text: string;
  /** Characters of settled text in it, its newline included. */
  settled: number;
  /** Holds only settled text, and what follows it is settled or comes after a newline: it will not change any more. */
  done: boolean;
  /** The row ends with a newline of the text; otherwise the terminal wraps. */
  newline: boolean;
}

const dim = "2";
const maskSign = "░";

/** From doubtful to sure: 256-colour codes that can be read on dark and on light backgrounds. */
const shades: readonly (readonly [above: number, code: number])[] = [
  [0.97, 71], // green
  [0.9, 108],
  [0.75, 143],
  [0.5, 173],
  [Number.NEGATIVE_INFINITY, 167], // red
];

/** The SGR code of a confidence. */
export function shade(probability: number): string {
  const [, code] = shades.find(([above]) => probability > above) ?? shades[shades.length - 1];
  return `38;5;${code}`;
}

function glyphsOf(text: string, style: string): Glyph[] {
  return graphemes(safeText(text)).map((grapheme) => {
    const tab = grapheme === "\t";
    const width = tab ? 4 : graphemeWidth(grapheme);
    return { text: tab ? "    " : grapheme, style, width, length: grapheme.length };
  });
}

function cellGlyphs(cell: Cell): Glyph[] {
  if (cell === null) return [{ text: maskSign, style: dim, width: 1, length: 0 }];
  // A newline that is not settled is drawn as a sign: the picture must not jump for it.
  return glyphsOf(cell.text.replaceAll("\n", "⏎"), shade(cell.probability));
}

function inked(glyphs: readonly Glyph[]): string {
  let text = "";
  let style = "";
  for (const glyph of glyphs) {
    if (glyph.style !== style) text += `\x1b[${glyph.style === "" ? "0" : `0;${glyph.style}`}m`;
    style = glyph.style;
    text += glyph.text;
  }
  return style === "" ? text : `${text}\x1b[0m`;
}

/** Lays a view out in rows of at most `columns` cells, as a terminal would wrap them. At least one row. */
export function layout(view: View, columns: number): Row[] {
  const settled = glyphsOf(view.settled, "");
  const positions = [...view.cells.keys()].sort((a, b) => a - b);
  const glyphs = [...settled, ...positions.flatMap((position) => cellGlyphs(view.cells.get(position) as Cell))];
  const rows: Row[] = [];
  let begin = 0; // of the row, in glyphs
  let width = 0;
  const close = (end: number, newline: boolean) => {
    const row = glyphs.slice(begin, end);
    const plain = settled.slice(begin, newline ? end + 1 : end);
    const characters = plain.reduce((sum, glyph) => sum + glyph.length, 0);
    rows.push({ text: inked(row), settled: characters, done: end < settled.length, newline });
    begin = newline ? end + 1 : end;
    width = 0;
  };
  for (const [index, glyph] of glyphs.entries()) {
    if (glyph.text === "\n") {
      close(index, true);
      continue;
    }
    if (width + glyph.width > columns) close(index, false);
    width += glyph.width;
  }
  close(glyphs.length, false);
  return rows;
}

/** The view without the text of rows that are done. @param rows its layout */
export function forget(view: View, rows: readonly Row[]): View {
  const characters = rows.reduce((sum, row) => sum + (row.done ? row.settled : 0), 0);
  return { ...view, settled: view.settled.slice(characters) };
}
