#!/usr/bin/env node
// Measures this build against another one, of another checkout, in one process and in turns: the same questions on the
// same model file, one at a time, first with the one and then with the other. What the machine does besides meets both.
// Prints Markdown; needs a build in both (npm run setup).
//
//   npm run bench:builds -- OTHER [--model FILE] [--data FILE] [--per-task N] [--methods LIST]
//
// OTHER is the folder of the other checkout. A method is a mode, or mode:threshold:small_block_size, as in
// `verified,iterative:0.9:8`.

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const here = fileURLToPath(new URL("..", import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: "string", default: join(here, "models/unmask-5m.gguf") },
    data: { type: "string", default: join(here, "models/unmask-5m.heldout.jsonl") },
    "per-task": { type: "string", default: "20" },
    methods: { type: "string", default: "autoregressive,verified,iterative:0.9:8,adaptive:0.9:8" },
  },
});

function fail(message) {
  process.stderr.write(`bench:builds: ${message}\n`);
  process.exit(2);
}

async function load(root) {
  const library = join(resolve(root), "dist/index.js");
  if (!existsSync(library)) fail(`${library} is missing. Name a checkout in which \`npm run setup\` has run.`);
  return (await import(pathToFileURL(library).href)).loadModel(values.model);
}

function questionsOf(path, perTask) {
  const taken = new Map();
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ task }) => {
      taken.set(task, (taken.get(task) ?? 0) + 1);
      return taken.get(task) <= perTask;
    })
    .map(({ messages }) => messages.slice(0, -1));
}

function optionsOf(method) {
  const [decodeMode, threshold, smallBlockSize] = method.split(":");
  return {
    decodeMode,
    ...(threshold === undefined ? {} : { threshold: Number(threshold) }),
    ...(smallBlockSize === undefined ? {} : { smallBlockSize: Number(smallBlockSize) }),
    temperature: 0,
    maxTokens: 200,
    cachePrompt: false,
  };
}

/** One answer: its text, its time, its cost. */
async function answer(model, messages, options) {
  const begin = performance.now();
  let text = "";
  let timings;
  for await (const event of model.generate({ messages }, options)) {
    if (event.type === "text") text += event.text;
    if (event.type === "finish") timings = event.timings;
  }
  return { text, ms: performance.now() - begin, tokens: timings.predictedN, ...timings };
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

const [other] = positionals;
const perTask = Number(values["per-task"]);
if (other === undefined) fail("name the folder of the other checkout.");
if (!Number.isInteger(perTask) || perTask < 1) fail(`--per-task ${values["per-task"]} is not a whole number from 1.`);
const questions = questionsOf(values.data, perTask);
const models = [await load(here), await load(other)];
const methods = values.methods.split(",");
const found = methods.map(() => models.map(() => []));
for (const messages of questions.slice(0, 3))
  for (const model of models) await answer(model, messages, optionsOf(methods[0]));
for (const [i, messages] of questions.entries()) {
  for (const [m, method] of methods.entries()) {
    for (const k of (i + m) % 2 === 0 ? [0, 1] : [1, 0])
      found[m][k].push(await answer(models[k], messages, optionsOf(method)));
  }
}

const sum = (answers, of) => answers.reduce((total, each) => total + of(each), 0);
const both = (pair, of, digits) => pair.map((answers) => of(answers).toFixed(digits)).join(", ");
const tokensPerForward = (answers) => sum(answers, ({ tokens }) => tokens) / sum(answers, ({ forwards }) => forwards);
const rowsPerToken = (answers) => sum(answers, ({ rows }) => rows) / sum(answers, ({ tokens }) => tokens);
process.stdout.write(
  `${questions.length} questions of ${values.data}, one at a time and in turns. Time: of the prompt and the answer, this build's over ` +
    "the other's, median of the questions and in all. The last column: answers that are the same.\n\n" +
    "| method | time, median | time, in all | tokens per forward: this, the other | rows per token: this, the other | same, % |\n" +
    "| --- | ---: | ---: | ---: | ---: | ---: |\n",
);
for (const [m, [own, others]] of found.entries()) {
  const ratios = own.map(({ ms, tokens }, i) => ms / tokens / (others[i].ms / others[i].tokens));
  const inAll = sum(own, ({ ms }) => ms) / sum(own, ({ tokens }) => tokens);
  const othersInAll = sum(others, ({ ms }) => ms) / sum(others, ({ tokens }) => tokens);
  const same = own.filter(({ text }, i) => text === others[i].text).length / own.length;
  const cells = [
    methods[m].replaceAll(":", " "),
    median(ratios).toFixed(2),
    (inAll / othersInAll).toFixed(2),
    both([own, others], tokensPerForward, 2),
    both([own, others], rowsPerToken, 1),
    (100 * same).toFixed(1),
  ];
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}
for (const model of models) await model.dispose();
