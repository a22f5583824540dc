// A terminal small enough to reason about: cells, automatic margins with the pending wrap of real
// ones, cursor up, clear below, carriage return and newline. Anything else that it is sent is an error.

import type { Output } from "../../src/cli/surroundings.js";
import { graphemes, graphemeWidth } from "../../src/cli/width.js";

export class Terminal {
  readonly columns: number;
  readonly rows: number;
  readonly isTTY = true;
  /** Every line ever shown; the last `rows` of them can be reached by the cursor. */
  readonly #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
  cursor = true;

  constructor(columns: number, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  asOutput(): Output {
    return this as unknown as Output;
  }

  /** What can be read, without trailing blanks. */
  get lines(): string[] {
    return this.#lines.map((line) => line.join("").trimEnd());
  }

  write(text: string): boolean {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences
    for (const part of text.match(/\x1b\[[?0-9;]*[A-Za-z]|[^\x1b]+/g) ?? []) {
      if (part.startsWith("\x1b")) this.#escape(part.slice(2));
      else for (const grapheme of graphemes(part)) this.#put(grapheme);
    }
    return true;
  }

  #escape(sequence: string): void {
    if (sequence === "?25l") this.cursor = false;
    else if (sequence === "?25h") this.cursor = true;
    else if (sequence === "J") {
      this.#lines.length = this.#row + 1;
      this.#lines[this.#row].length = Math.min(this.#lines[this.#row].length, this.#column);
    } else if (/^\d+A$/.test(sequence)) {
      const top = Math.max(0, this.#lines.length - this.rows);
      this.#row = Math.max(top, this.#row - Number.parseInt(sequence, 10));
    } else if (!/^(\?2026[hl]|[0-9;]*m)$/.test(sequence)) throw new Error(`unexpected escape ${sequence}`);
  }

  #put(grapheme: string): void {
    if (grapheme === "\r") this.#column = 0;
    else if (grapheme === "\n") this.#newline();
    else {
      const width = graphemeWidth(grapheme);
      if (this.#column + width > this.columns) this.#newline();
      const line = this.#lines[this.#row];
      while (line.length < this.#column) line.push(" ");
      line[this.#column] = grapheme;
      if (width === 2) line[this.#column + 1] = "";
      this.#column += width; // may stand behind the last column: the wrap is pending
    }
  }

  #newline(): void {
    this.#row++;
    this.#column = 0;
    if (this.#row === this.#lines.length) this.#lines.push([]);
  }
}
