// Draws the rows of a sequence and what each sees, for documents and for anyone in doubt.

import type { Rows } from "./objective.js";

/**
 * One line a row: the part it is in, its position, its token, the token it predicts, and a # for every row it sees.
 * Tokens are drawn as letters in the order of the alphabet, `maskToken` as ?.
 */
export function drawRows(rows: Rows, maskToken: number): string {
  const letter = (token: number) => (token === maskToken ? "?" : String.fromCharCode(97 + (token % 26)));
  const count = rows.tokens.length;
  const starts = partStarts(rows);
  const spaced = (cells: readonly string[]) =>
    cells.map((cell, r) => (r > 0 && starts.has(r) ? ` ${cell}` : cell)).join("");
  const head = `part   position  row  predicts  ${spaced(rows.tokens.map(letter))}`;
  const lines = Array.from({ length: count }, (_, r) => {
    const [a, b, c, d] = rows.keys.slice(4 * r, 4 * r + 4);
    const seen = Array.from({ length: count }, (_, k) => ((k >= a && k < b) || (k >= c && k < d) ? "#" : "."));
    const target = rows.targets[r] < 0 ? " " : letter(rows.targets[r]);
    const columns = [
      rows.kinds[r].padEnd(7),
      String(rows.positions[r]).padStart(5).padEnd(10),
      letter(rows.tokens[r]).padEnd(5),
      target.padEnd(10),
    ];
    const line = `${columns.join("")}${spaced(seen)}`;
    return r > 0 && starts.has(r) ? `\n${line}` : line;
  });
  return `${[head, ...lines].join("\n")}\n`;
}

/** Rows at which a copy, or the clean part, begins. */
function partStarts({ kinds, positions }: Rows): Set<number> {
  const starts = new Set([0]);
  for (let r = 1; r < kinds.length; r++) {
    if (kinds[r] !== kinds[r - 1] || positions[r] !== positions[r - 1] + 1) starts.add(r);
  }
  return starts;
}
