// The pictures of masks in the documents are what the code draws.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { blocksOf, drawWindows, type Sequence } from "../../src/train/noise.js";
import { diffusionRows, nextTokenRows, type ObjectiveOptions } from "../../src/train/objective.js";
import { drawRows } from "../../src/train/picture.js";
import { plainNoise } from "./noise-options.js";

/** Tokens a to j: a prompt of three, an answer of seven; blocks of four. */
const sequence: Sequence = {
  tokens: Int32Array.from({ length: 10 }, (_, i) => i),
  learn: Uint8Array.from({ length: 10 }, (_, i) => (i >= 3 ? 1 : 0)),
};
const maskToken = 99;
/** d, f and j are masked in copy A; g and h in copy B. */
const copies = [Uint8Array.of(0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0), Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0)];
const options = (attention: ObjectiveOptions["attention"]): ObjectiveOptions => ({
  ...plainNoise,
  attention,
  blockLength: 4,
  maskToken,
});
const windowOptions = { ...options("context-causal"), wholeWindowShare: 0.5 };

test.each([
  ["next token", () => drawRows(nextTokenRows(sequence), maskToken)],
  [
    "context-causal",
    () => drawRows(diffusionRows(sequence, options("context-causal"), blocksOf(copies, 4)), maskToken),
  ],
  [
    "windows",
    () =>
      drawRows(diffusionRows(sequence, options("context-causal"), drawWindows(sequence, windowOptions, 1)), maskToken),
  ],
  ["block-causal", () => drawRows(diffusionRows(sequence, options("block-causal"), blocksOf(copies, 4)), maskToken)],
])("%s", (_, draw) => {
  const document = readFileSync("docs/training.md", "utf8");
  expect(document).toContain(`\`\`\`text\n${draw()}\`\`\``);
});
