// Markdown to a tree, for answers of language models: CommonMark's usual parts, and tables.
//
// The tree is plain data and holds no HTML, so nothing a model writes can become markup of the
// page. Text that is cut off in the middle of a construct (a fence without end) parses as if it
// ended there, so that a growing answer never jumps.

import { type Inline, parseInline } from "./markdown-inline.js";

export type Block =
  | { type: "paragraph"; content: Inline[] }
  | { type: "heading"; level: number; content: Inline[] }
  | { type: "code"; language: string; text: string }
  | { type: "quote"; blocks: Block[] }
  | { type: "list"; start: number | null; items: Block[][] }
  | { type: "table"; head: Inline[][]; rows: Inline[][][] }
  | { type: "rule" };

const fence = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/;
const heading = /^ {0,3}(#{1,6})(?:\s+(.*?))?\s*#*\s*$/;
const rule = /^ {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$/;
const quote = /^ {0,3}> ?/;
const item = /^( {0,3})([-*+]|\d{1,9}[.)])(\s+|$)/;
const tableRule = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/** The blocks of a text. */
export function parseMarkdown(source: string): Block[] {
  return parseLines(source.replace(/\r\n?/g, "\n").split("\n"));
}

function parseLines(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].trim() === "") at++;
    else {
      const [block, next] = readBlock(lines, at);
      blocks.push(block);
      at = next;
    }
  }
  return blocks;
}

/** The block that begins at this line, and the line after it. */
function readBlock(lines: readonly string[], at: number): [Block, number] {
  const line = lines[at];
  const opened = fence.exec(line);
  if (opened !== null) return readCode(lines, at, opened);
  const titled = heading.exec(line);
  if (titled !== null) {
    return [{ type: "heading", level: titled[1].length, content: parseInline(titled[2] ?? "") }, at + 1];
  }
  if (rule.test(line)) return [{ type: "rule" }, at + 1];
  if (quote.test(line)) {
    const end = firstLine(lines, at, (text) => !quote.test(text));
    return [{ type: "quote", blocks: parseLines(lines.slice(at, end).map((text) => text.replace(quote, ""))) }, end];
  }
  if (item.test(line)) return readList(lines, at);
  if (line.includes("|") && tableRule.test(lines[at + 1] ?? "") && lines[at + 1].includes("|")) {
    return readTable(lines, at);
  }
  const end = firstLine(lines, at + 1, (text) => text.trim() === "" || interrupts(text));
  const text = lines.slice(at, end).map((part) => part.trimStart());
  return [{ type: "paragraph", content: parseInline(text.join("\n")) }, end];
}

/** Ends a paragraph without a blank line between. */
function interrupts(line: string): boolean {
  return fence.test(line) || heading.test(line) || rule.test(line) || quote.test(line) || item.test(line);
}

function firstLine(lines: readonly string[], from: number, matches: (line: string) => boolean): number {
  let at = from;
  while (at < lines.length && !matches(lines[at])) at++;
  return at;
}

function readCode(lines: readonly string[], at: number, [, marks, language]: RegExpExecArray): [Block, number] {
  const closes = (line: string) => line.trim().length >= marks.length && /^ {0,3}(`+|~+)\s*$/.test(line);
  const end = firstLine(lines, at + 1, (line) => closes(line) && line.trim()[0] === marks[0]);
  return [{ type: "code", language, text: lines.slice(at + 1, end).join("\n") }, end + 1];
}

function readList(lines: readonly string[], from: number): [Block, number] {
  const first = item.exec(lines[from]) as RegExpExecArray;
  const ordered = /\d/.test(first[2]);
  const sameKind = (line: string) => {
    const match = item.exec(line);
    return match !== null && /\d/.test(match[2]) === ordered && !rule.test(line);
  };
  const items: Block[][] = [];
  let at = from;
  while (at < lines.length && sameKind(lines[at])) {
    const marker = (item.exec(lines[at]) as RegExpExecArray)[0].length;
    const own = [lines[at].slice(marker)];
    at++;
    while (at < lines.length) {
      const line = lines[at];
      const indented = /^ {2,}|^\t/.test(line);
      const continues = indented || (line.trim() !== "" && !interrupts(line) && own.at(-1) !== "");
      const blankInside = line.trim() === "" && /^( {2,}|\t)\S/.test(lines[at + 1] ?? "");
      if (!continues && !blankInside) break;
      own.push(line.trim() === "" ? "" : unindent(line, marker));
      at++;
    }
    items.push(parseLines(own));
    // A blank line between items of one list
    if (lines[at]?.trim() === "" && sameKind(lines[at + 1] ?? "")) at++;
  }
  return [{ type: "list", start: ordered ? Number.parseInt(first[2], 10) : null, items }, at];
}

function unindent(line: string, width: number): string {
  const blanks = line.length - line.trimStart().length;
  return line.slice(Math.min(blanks, width));
}

function readTable(lines: readonly string[], at: number): [Block, number] {
  const end = firstLine(lines, at + 2, (line) => !line.includes("|"));
  const [head, ...rows] = [lines[at], ...lines.slice(at + 2, end)].map((line) => cellsOf(line).map(parseInline));
  return [{ type: "table", head, rows }, end];
}

function cellsOf(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}
