#!/usr/bin/env node
// Other engines beside unmask, on the same file, in turns; prints medians and their ratios. See README.md.

import { execSync, fork } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The first is what the others are compared with. */
const engines = ["unmask", "node-llama-cpp"];

const cases = [
  { name: "prefill 128 tokens", kind: "prefill", tokens: 128 },
  { name: "prefill 512 tokens", kind: "prefill", tokens: 512 },
  { name: "block of 32 rows", kind: "block", tokens: 32 },
  { name: "decode, after 64 tokens", kind: "decode", tokens: 32, context: 64 },
];

const usage = `npm run bench:peers -- --model FILE.gguf [--threads N] [--isa NAME] [--rounds N] [--engines LIST] [--json FILE]

  --model     a GGUF file that all engines read; make one with: unmask synth --preset bitnet-2b -o bitnet-2b.gguf
  --threads   of every engine (default: 2)
  --isa       force unmask's instruction set: scalar, avx2, avxvnni, avx512vnni or amx
  --rounds    how often each case is measured (default: 5)
  --engines   which of ${engines.join(",")} (default: all)`;

const { values } = parseArgs({
  options: {
    model: { type: "string" },
    threads: { type: "string", default: "2" },
    isa: { type: "string" },
    rounds: { type: "string", default: "5" },
    engines: { type: "string", default: engines.join(",") },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (values.help || values.model === undefined) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}
const model = resolve(process.env.INIT_CWD ?? ".", values.model); // npm run changes the folder
const [threads, rounds] = [Number(values.threads), Number(values.rounds)];
const chosen = values.engines.split(",");
const unknown = chosen.find((name) => !engines.includes(name));
const wrong =
  (!existsSync(model) &&
    `There is no file ${model}. Make one with: unmask synth --preset bitnet-2b -o bitnet-2b.gguf`) ||
  (!existsSync(`${here}../../dist/bench`) && "unmask is not built. Run: npm run setup") ||
  (unknown !== undefined && `There is no engine ${unknown}. Engines: ${engines.join(", ")}.`) ||
  (!(Number.isInteger(threads) && threads > 0) && `--threads ${values.threads} is not a number of threads.`) ||
  (!(Number.isInteger(rounds) && rounds > 0) && `--rounds ${values.rounds} is not a number of rounds.`);
if (wrong) {
  console.error(wrong);
  process.exit(2);
}
if (chosen.length > 1) install();

const { median, spreadOf, inverse } = await import("../../dist/bench/statistics.js");
const { OtherWork, otherWorkWarning, thisMachine } = await import("../../dist/bench/machine.js");
const { spread } = await import("../../dist/bench/report.js");
const { markdownTable } = await import("../../dist/util/markdown.js");

/** The packages of this folder, and of node-llama-cpp's binaries only those for this machine's processor. */
function install() {
  if (existsSync(`${here}node_modules/node-llama-cpp`)) return;
  const version = JSON.parse(readFileSync(`${here}package.json`)).dependencies["node-llama-cpp"];
  const system = { linux: "linux", darwin: "mac", win32: "win" }[process.platform];
  const metal = process.platform === "darwin" && process.arch === "arm64" ? "-metal" : "";
  const binaries = `@node-llama-cpp/${system}-${process.arch}${metal}@${version}`;
  const command = `npm install --ignore-scripts --omit=optional --no-save --no-package-lock ${binaries}`;
  console.error(`Installing other engines, once: ${command}`);
  execSync(command, { cwd: here, stdio: ["ignore", "inherit", "inherit"] });
}

/** Starts an engine; `ask` sends a message and resolves to its answer. */
async function start(name) {
  const options = JSON.stringify({ model, threads, isa: values.isa });
  const child = fork(`${here}host.mjs`, [new URL(`engines/${name}.mjs`, import.meta.url).href, options]);
  let waiting = null; // who waits for the next message
  child.on("message", (message) => {
    if (message.error === undefined) waiting.resolve(message);
    else waiting.reject(new Error(`${name}: ${message.error}`));
  });
  child.on("exit", (code) => waiting?.reject(new Error(`${name} ended with exit code ${code}`)));
  const answer = () =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
    });
  const { description } = await answer();
  const ask = (message) => {
    child.send(message);
    return answer();
  };
  return { name, description, ask };
}

const others = new OtherWork();
const running = [];
for (const name of chosen) running.push(await start(name));

const samples = cases.map(() => running.map(() => []));
for (let round = -1; round < rounds; round++) {
  for (const [c, test] of cases.entries()) {
    for (const [e, { ask }] of running.entries()) {
      const { ms } = await ask(test);
      if (round >= 0) samples[c][e].push(ms);
    }
  }
}
let childrenMs = 0;
for (const { ask } of running) childrenMs += (await ask("close")).cpuMs;
const otherWork = others.share(childrenMs);

const rate = (c, e) => inverse(spreadOf(samples[c][e]), 1000 * cases[c].tokens);
const ratio = (c, e) => median(samples[c][e]) / median(samples[c][0]);
const rows = cases.map(({ name }, c) => [
  name,
  ...running.map((_, e) => spread(rate(c, e), 1)),
  ...running.slice(1).map((_, i) => `${ratio(c, i + 1).toFixed(2)}x`),
]);
const machine = thisMachine();
const head = [
  "rows per second",
  ...running.map(({ name }) => name),
  ...running.slice(1).map(({ name }) => `against ${name}`),
];
console.log(`Model \`${basename(model)}\`, ${threads} threads each, medians of ${rounds} rounds in turns.`);
console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.platform}, Node.js ${machine.node}.`);
for (const { name, description } of running) console.log(`${name}: ${description}.`);
const warning = otherWorkWarning(otherWork);
if (warning !== null) console.log(`**${warning}**`);
console.log(`\n${markdownTable(head, rows)}`);

if (values.json !== undefined) {
  const results = cases.map(({ name, tokens }, c) => ({
    name,
    tokens,
    engines: running.map((engine, e) => ({
      name: engine.name,
      ms: samples[c][e],
      rowsPerSecond: rate(c, e),
      ratio: ratio(c, e),
    })),
  }));
  const descriptions = running.map(({ name, description }) => ({ name, description }));
  const report = { model: basename(model), threads, rounds, machine, otherWork, engines: descriptions, results };
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
