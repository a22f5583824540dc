// Runs the race and writes it as an animated picture.
//
//   node scripts/record-race.mjs [--prompt TEXT] [--out FILE] [--url URL]
//
// Without --url it starts a server with the default model. The modes run one after another, each
// several times in turns, and the fastest run of each is shown: what else the machine does makes a
// run slower, never faster.

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { UnmaskClient } from "../dist/client/index.js";
import { raceSvg } from "./race-svg.mjs";

const runs = 100;
const modes = ["autoregressive", "verified", "iterative", "adaptive"];

const { values } = parseArgs({
  options: {
    prompt: { type: "string", default: "Sue has 9 books and gives away 4. How many books are left?" },
    out: { type: "string", default: "docs/images/race.svg" },
    url: { type: "string" },
  },
});

/** The server to ask, and the way to end it. */
async function openServer(url) {
  if (url !== undefined) return { url, close: async () => {} };
  const { loadModel } = await import("../dist/index.js");
  const { startServer } = await import("../dist/server/index.js");
  const model = await loadModel("models/unmask-5m.gguf");
  const server = await startServer({ model, host: "127.0.0.1", port: 0 });
  const close = async () => {
    await server.close();
    await model.dispose();
  };
  return { url: server.url, close };
}

/** One run: the answer, and its denoising events, spread evenly over the time that the server took. */
async function run(client, decodeMode) {
  const stream = client.chatStream(values.prompt, { decodeMode, denoising: true, seed: 1 });
  const answer = await stream.final;
  const { promptMs, predictedMs, forwards } = answer.timings;
  const steps = [];
  for await (const event of stream.denoising) {
    steps.push({ ...event, at: promptMs + (predictedMs * event.forward) / forwards });
  }
  return { answer, duration: promptMs + predictedMs, steps };
}

function laneOf(mode, { answer, duration, steps }) {
  const start = answer.usage.promptTokens;
  const end = start + answer.usage.completionTokens;
  const masked = new Map(); // position -> when its mask appeared
  const filled = new Map();
  let before = 0; // a block's masks appear when the step before is done
  for (const { at, commits, masked: still } of steps) {
    for (const position of [...still, ...commits.map((commit) => commit.position)]) {
      if (!masked.has(position)) masked.set(position, mode === "autoregressive" ? null : before);
    }
    for (const commit of commits) filled.set(commit.position, { ...commit, at });
    before = at;
  }
  const tokens = [...filled.values()]
    .filter(({ position, text }) => position < end && !/^<\|.*\|>$/.test(text))
    .sort((a, b) => a.position - b.position)
    .map(({ position, text, probability, at }) => ({ text, probability, at, from: masked.get(position) ?? at }));
  const { forwards, rows, predictedPerSecond } = answer.timings;
  const result = `${duration.toFixed(0)} ms, ${forwards} forwards, ${rows} rows, ${predictedPerSecond.toFixed(0)} tokens/s`;
  return { name: mode, tokens, duration, result };
}

const server = await openServer(values.url);
try {
  const client = new UnmaskClient({ baseURL: server.url });
  const [model] = await client.models();
  const best = new Map();
  for (let i = 0; i < runs; i++) {
    for (const mode of modes) {
      const result = await run(client, mode);
      if (i > 0 && result.duration < (best.get(mode)?.duration ?? Number.POSITIVE_INFINITY)) best.set(mode, result);
    }
  }
  const lanes = modes.map((mode) => laneOf(mode, best.get(mode)));
  const slower = Math.round(7000 / Math.max(...lanes.map((lane) => lane.duration)));
  const processor = cpus()[0]
    .model.replace(/\(R\)|\(TM\)|CPU|Processor/g, "")
    .replace(/\s+/g, " ")
    .trim();
  const facts = `${model.id}, ${(model.meta.n_params / 1e6).toFixed(1)} M parameters, ${model.meta.threads} threads`;
  const note = `${facts} of ${processor}; shown ${slower} times slower than it was`;
  const svg = raceSvg({ prompt: values.prompt, lanes, note });
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(values.out, svg);
  console.log(`${values.out}: ${(svg.length / 1024).toFixed(0)} KiB`);
  for (const lane of lanes) console.log(`${lane.name.padEnd(15)} ${lane.result}`);
} finally {
  await server.close();
}
