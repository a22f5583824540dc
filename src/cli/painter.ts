// Puts rows on a terminal and redraws those that change, in place.
//
// Rows that are done are written once and scroll away like any text; the cursor only ever goes
// back over the rows behind them, which are few: the last line and one block.

import type { Row } from "./live.js";
import type { Output } from "./surroundings.js";

const hideCursor = "\x1b[?25l";
const showCursor = "\x1b[?25h";
const clearBelow = "\x1b[J";
/** Terminals that know it show a frame whole; others ignore it. */
const beginFrame = "\x1b[?2026h";
const endFrame = "\x1b[?2026l";

export class Painter {
  readonly #output: Output;
  #drawn = 0; // rows that may be drawn over

  constructor(output: Output) {
    this.#output = output;
  }

  /** Draws rows in the place of the last ones that were not done. */
  paint(rows: readonly Row[]): void {
    const done = rows.filter((row) => row.done).length;
    // Never more than the screen holds: rows above it could not be drawn over.
    const shown = rows.slice(0, done + Math.max(1, (this.#output.rows ?? 24) - 1));
    const back = this.#drawn > 1 ? `\x1b[${this.#drawn - 1}A` : "";
    this.#output.write(`${beginFrame}${hideCursor}${back}\r${clearBelow}${join(shown)}${endFrame}`);
    this.#drawn = shown.length - done;
  }

  /** After the last frame: the cursor goes to a fresh line. */
  end(): void {
    this.#output.write(`${showCursor}\n`);
  }
}

function join(rows: readonly Row[]): string {
  return rows.map((row, index) => row.text + (row.newline && index < rows.length - 1 ? "\n" : "")).join("");
}
