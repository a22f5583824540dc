#!/usr/bin/env node
// Measures forwards of this build against those of another one, of another checkout, in one process and in turns: bursts of
// the same forward, the head on every row, behind 40 positions. Prints Markdown; needs a build in both (npm run setup).
//
//   npm run bench:bursts -- OTHER [--rows 1,8,32] [--isa NAME] [--model FILE]
//
// OTHER is the folder of the other checkout; --other-isa holds it to an instruction set, as --isa does this one.

import { join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const here = fileURLToPath(new URL("..", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: "string", default: join(here, "models/unmask-5m.gguf") },
    rows: { type: "string", default: "1,4,8,12,17,32,64" },
    rounds: { type: "string", default: "41" },
    isa: { type: "string" },
    "other-isa": { type: "string" },
  },
});
const [other] = positionals;
if (other === undefined) {
  process.stderr.write("bench:bursts: name the folder of the other checkout.\n");
  process.exit(2);
}

const position = 40;
const burst = 40;
const from = (root, file) => import(pathToFileURL(join(resolve(root), "dist", file)).href);

/** A forward of so many rows, as the denoising one of this build is asked for. */
function spanOf(rows, like) {
  const keyEnd = position + rows;
  const tokens = Array.from({ length: rows }, (_, i) => (i * 37 + 5) % 1000);
  const pages = Array.from({ length: Math.ceil(keyEnd / 32) }, (_, page) => page);
  const head = { ...like.head, rows: tokens.map((_, row) => row) };
  return { ...like, tokens, position, visibility: "causal", keyEnd, pages, head };
}

async function microseconds(backend, span) {
  for (let i = 0; i < burst / 2; i++) await backend.forward([span]); // its threads are awake then, and its weights near
  const begin = performance.now();
  for (let i = 0; i < burst; i++) await backend.forward([span]);
  return (1000 * (performance.now() - begin)) / burst;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const builds = [
  [other, values["other-isa"]],
  [here, values.isa],
];
const parts = [];
for (const [root, isa] of builds)
  parts.push(await (await from(root, "engine/index.js")).loadParts(values.model, { isa }));
const { denoiseSpan } = await from(here, "bench/forwards.js");
const like = denoiseSpan(parts[1], [0]);
const names = parts.map(({ backend }) => backend.info.isa);
process.stdout.write(
  `Medians of ${values.rounds} bursts of ${burst} forwards, in turns, ${parts[1].backend.info.threads} threads.\n\n` +
    `| rows | the other build (${names[0]}), µs | this build (${names[1]}), µs | ratio |\n| ---: | ---: | ---: | ---: |\n`,
);
for (const rows of values.rows.split(",").map(Number)) {
  const span = spanOf(rows, like);
  const times = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const k of round % 2 === 0 ? [0, 1] : [1, 0]) times[k].push(await microseconds(parts[k].backend, span));
  }
  const [theirs, ours] = times.map(median);
  process.stdout.write(`| ${rows} | ${theirs.toFixed(0)} | ${ours.toFixed(0)} | ${(ours / theirs).toFixed(2)} |\n`);
}
for (const { backend, file } of parts) {
  await backend.dispose();
  await file?.close();
}
