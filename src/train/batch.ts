// What makes a batch one that can be run: checked once, before native code trusts its numbers.
//
// A batch that fails is a bug of whoever made it, so the errors are plain.

import type { Program } from "../backend/program.js";
import type { Batch } from "./types.js";

/** @throws Error naming the first row that is wrong */
export function checkBatch(
  program: Pick<Program, "vocabulary" | "contextLength">,
  maxRows: number,
  batch: Batch,
): void {
  const { tokens, positions, sequences, keys, targets, weights } = batch;
  const rows = tokens.length;
  if (rows > maxRows) throw new Error(`a batch of ${rows} rows where at most ${maxRows} were promised`);
  if (positions.length !== rows || keys.length !== 4 * rows || targets.length !== rows || weights.length !== rows) {
    throw new Error("the arrays of the batch differ in their number of rows");
  }
  if (sequences.length === 0 || sequences[0] !== 0 || sequences[sequences.length - 1] !== rows) {
    throw new Error("the sequences of the batch do not cover its rows");
  }
  for (let s = 0; s + 1 < sequences.length; s++) {
    if (sequences[s] > sequences[s + 1]) throw new Error(`sequence ${s} of the batch ends before it begins`);
  }
  for (let s = 0; s + 1 < sequences.length; s++) {
    for (let row = sequences[s]; row < sequences[s + 1]; row++) {
      if (!within(tokens[row], 0, program.vocabulary)) throw new Error(`row ${row} has token ${tokens[row]}`);
      if (!within(positions[row], 0, program.contextLength))
        throw new Error(`row ${row} has position ${positions[row]}`);
      if (!within(targets[row], -1, program.vocabulary)) throw new Error(`row ${row} has target ${targets[row]}`);
      const [a, b, c, d] = keys.subarray(4 * row, 4 * row + 4);
      const inside = (from: number, to: number) =>
        from === to || (from < to && from >= sequences[s] && to <= sequences[s + 1]);
      const disjoint = a === b || c === d || b <= c || d <= a;
      if (!inside(a, b) || !inside(c, d) || !disjoint || (a === b && c === d)) {
        throw new Error(
          `row ${row} sees rows ${a} to ${b} and ${c} to ${d} of sequence ${sequences[s]} to ${sequences[s + 1]}`,
        );
      }
    }
  }
}

function within(value: number, first: number, end: number): boolean {
  return value >= first && value < end;
}
