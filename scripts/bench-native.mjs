#!/usr/bin/env node
// Measures the native backend on a model of random ternary weights: prefill, denoise step and
// decode, with the arithmetic and the bandwidth they amount to. For people who work on kernels.
//
//   npm run build && node scripts/bench-native.mjs [--shape bitnet-2b|tiny] [--threads N] [--isa NAME]
//       [--type i2_s] [--repeat N] [--layers N] [--file PATH] [--profile]
//
// The model file is made once, under build/bench, and kept.

import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createNative } from "../dist/backend/native.js";
import { openGguf } from "../dist/format/gguf.js";
import { writeGguf } from "../dist/format/gguf-writer.js";
import { tensorBytes } from "../dist/format/tensor-types.js";
import { buildProgram } from "../dist/model/program.js";

const shapes = {
  "bitnet-2b": { hidden: 2560, ffn: 6912, layers: 30, heads: 20, kvHeads: 5, headDim: 128, vocabulary: 128256 },
  tiny: { hidden: 256, ffn: 768, layers: 6, heads: 4, kvHeads: 2, headDim: 64, vocabulary: 1024 },
};

const { values: options } = parseArgs({
  options: {
    shape: { type: "string", default: "bitnet-2b" },
    threads: { type: "string", default: "0" },
    isa: { type: "string" },
    type: { type: "string", default: "i2_s" },
    repeat: { type: "string", default: "5" },
    layers: { type: "string" },
    file: { type: "string" },
    only: { type: "string" },
    profile: { type: "boolean", default: false },
  },
});

const shape = { ...shapes[options.shape] };
if (options.layers !== undefined) shape.layers = Number(options.layers);
const hp = {
  architecture: "bitnet-b1.58",
  name: "bench",
  ...shape,
  contextLength: 2048,
  normEps: 1e-5,
  ropeBase: 500000,
  ropeDim: shape.headDim,
  ropeScale: 1,
  activation: "relu2",
  subNorms: true,
  qkvBias: false,
  tiedHead: true,
  diffusion: { attention: "block-causal", blockLength: 32, shift: true, maskToken: 0 },
};
const { program, roles } = buildProgram(hp);

/** Bytes of `size`, cut from a window that wanders over a pool of random bytes. */
function* windows(pool, size) {
  for (let left = size; left > 0; ) {
    const start = Math.floor((Math.random() * pool.length) / 2 / 128) * 128;
    const chunk = pool.subarray(start, start + Math.min(left, pool.length / 2));
    yield chunk;
    left -= chunk.length;
  }
}

function randomCodes(size) {
  return Uint8Array.from({ length: size }, () => {
    let byte = 0;
    for (let i = 0; i < 4; i++) byte = byte * 4 + Math.floor(Math.random() * 3);
    return byte;
  });
}

async function makeFile(path) {
  console.log(`making ${path} ...`);
  await mkdir(dirname(path), { recursive: true });
  const codes = randomCodes(1 << 22);
  // f16 between 2^-7 and 2^-5, either sign.
  const halves = new Uint8Array(
    Uint16Array.from({ length: 1 << 21 }, () => (Math.random() < 0.5 ? 0x8000 : 0) | (0x2000 + Math.random() * 0x800))
      .buffer,
  );
  const tensors = roles.map(({ name, shape, kind }) => {
    if (kind === "vector")
      return { name, type: "F32", shape, produce: () => [new Uint8Array(new Float32Array(shape[0]).fill(1).buffer)] };
    if (name === "token_embd.weight")
      return { name, type: "F16", shape, produce: () => windows(halves, tensorBytes("F16", shape)) };
    const scale = new Uint8Array(32);
    new DataView(scale.buffer).setFloat32(0, 1.2 / Math.sqrt(shape[0]), true);
    return {
      name,
      type: "I2_S",
      shape,
      produce: function* () {
        yield* windows(codes, tensorBytes("I2_S", shape) - 32);
        yield scale;
      },
    };
  });
  await writeGguf(path, { metadata: new Map(), tensors });
}

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const path = options.file ?? join(root, "build", "bench", `${options.shape}-${shape.layers}-${options.type}.gguf`);
if (!existsSync(path)) await makeFile(path);

const file = await openGguf(path);
const loading = performance.now();
const backend = await createNative(program, file, {
  pages: 64,
  maxRows: 256,
  threads: Number(options.threads),
  ...(options.isa ? { isa: options.isa } : {}),
});
console.log(
  `${options.shape}, ${shape.layers} layers, ${backend.info.isa}, ${backend.info.threads} threads, loaded in ${((performance.now() - loading) / 1000).toFixed(2)} s, ` +
    `${(backend.info.weightBytes / 1e6).toFixed(0)} MB weights, ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB resident`,
);

const perToken = roles
  .filter(({ name, kind }) => kind === "matrix" && name.startsWith("blk"))
  .reduce((sum, { shape }) => sum + shape[0] * shape[1], 0);
const headWeights = shape.vocabulary * shape.hidden;
const streamed = perToken / 4;
const pages = Array.from({ length: 64 }, (_, i) => i);
const ask = (rows) => ({
  rows,
  suppress: -1,
  temperature: 0,
  topP: 1,
  topK: 0,
  seed: 0,
  draw: 0,
  top: 0,
  logits: false,
});

function span(rows, position, { visibility = "causal", head = null } = {}) {
  const tokens = Array.from({ length: rows }, (_, i) => (i * 7919 + 11) % shape.vocabulary);
  return { tokens, position, visibility, keyEnd: position + rows, pages, head };
}

const cases = {
  "prefill 128": { rows: 128, head: 1, run: () => [[span(128, 0, { head: ask([127]) })]] },
  "prefill 512": {
    rows: 512,
    head: 1,
    run: () => [0, 128, 256, 384].map((at) => [span(128, at, { head: at === 384 ? ask([127]) : null })]),
  },
  "denoise 32, no head": { rows: 32, head: 0, run: () => [[span(32, 128, { visibility: "block" })]] },
  "denoise 32, 1 head row": {
    rows: 32,
    head: 1,
    run: () => [[span(32, 128, { visibility: "block", head: ask([31]) })]],
  },
  "denoise 32, 32 head rows": {
    rows: 32,
    head: 32,
    run: () => [[span(32, 128, { visibility: "block", head: ask([...Array(32).keys()]) })]],
  },
  "sub-block 8, 8 head rows": {
    rows: 8,
    head: 8,
    run: () => [[span(8, 136, { visibility: "block", head: ask([...Array(8).keys()]) })]],
  },
  "decode 1": { rows: 1, head: 1, run: () => [[span(1, 160, { head: ask([0]) })]] },
  "16 x decode": {
    rows: 16,
    head: 16,
    run: () => [
      Array.from({ length: 16 }, (_, i) => ({ ...span(1, 32, { head: ask([0]) }), pages: [2 * i, 2 * i + 1] })),
    ],
  },
};

/** Least time of each stage over all repetitions, summed up over layers, per case. */
const profiles = new Map();
const outside = new Map(); // least wall time beyond the busiest thread's, per case
function addProfile(name, stages, wall) {
  const threads = stages[0].busy.map((_, thread) => stages.reduce((sum, { busy }) => sum + busy[thread], 0));
  outside.set(name, Math.min(outside.get(name) ?? Infinity, wall - Math.max(...threads)));
  const least = profiles.get(name) ?? stages.map(() => Infinity);
  stages.forEach(({ busy }, i) => {
    least[i] = Math.min(least[i], Math.max(...busy));
  });
  profiles.set(name, least);
}

function printProfile(name, stages) {
  const kinds = new Map();
  profiles.get(name).forEach((time, i) => {
    const { kind, weights } = stages[i];
    const label = `${kind} ${weights.map((weight) => weight.replace(/^blk\.\d+\.|\.weight$/g, "")).join(" + ")}`;
    const { sum, count } = kinds.get(label) ?? { sum: 0, count: 0 };
    kinds.set(label, { sum: sum + time, count: count + 1 });
  });
  const { rows } = cases[name];
  console.log(`    ${outside.get(name).toFixed(3).padStart(9)} ms  outside kernels`);
  for (const [label, { sum, count }] of [...kinds].sort((a, b) => b[1].sum - a[1].sum)) {
    const products = label.startsWith("matmul") ? label.slice(7).split(" + ") : [];
    const weights = products.reduce((all, part) => {
      const role = roles.find(({ name }) => name.endsWith(`${part}.weight`));
      return all + role.shape[0] * role.shape[1];
    }, 0);
    const gops = weights === 0 ? "" : `${((2 * weights * rows * count) / sum / 1e6).toFixed(0)} GOPS`;
    console.log(`    ${sum.toFixed(3).padStart(9)} ms  ${label} x ${count}  ${gops}`);
  }
}

// Interleaved, so that a slow moment of the machine hits all alike.
const times = new Map(Object.keys(cases).map((name) => [name, []]));
const cpu = new Map(); // least processor time, for machines that others use too
for (let i = 0; i <= Number(options.repeat); i++) {
  for (const [name, { run }] of Object.entries(cases)) {
    if (options.only !== undefined && !name.includes(options.only)) continue;
    const forwards = run();
    if (options.profile) backend.profile();
    const started = performance.now();
    const used = process.cpuUsage();
    for (const spans of forwards) await backend.forward(spans);
    const { user, system } = process.cpuUsage(used);
    const taken = performance.now() - started;
    if (i === 0) continue;
    times.get(name).push(taken);
    if (options.profile) addProfile(name, backend.profile(), taken);
    cpu.set(name, Math.min(cpu.get(name) ?? Infinity, (user + system) / 1000));
  }
}
for (const [name, taken] of times) {
  if (taken.length === 0) continue;
  const sorted = taken.sort((a, b) => a - b);
  const [best, median] = [sorted[0], sorted[sorted.length >> 1]];
  const { rows, head } = cases[name];
  const rate = (ms) => ((1000 * rows) / ms).toFixed(1).padStart(7);
  const busy = cpu.get(name) / backend.info.threads;
  const gops = (2 * perToken * rows) / best / 1e6;
  const gbs = (streamed + (head > 0 ? 2 * headWeights : 0)) / best / 1e6;
  console.log(
    `${name.padEnd(26)} median ${median.toFixed(2).padStart(8)} ms ${rate(median)} rows/s   best ${best.toFixed(2).padStart(8)} ms ${rate(best)} rows/s   cpu ${busy.toFixed(2).padStart(8)} ms ${rate(busy)} rows/s ` +
      `${gops.toFixed(0).padStart(5)} GOPS  ${rows <= 32 ? `${gbs.toFixed(1)} GB/s` : ""}`,
  );
  if (options.profile) printProfile(name, backend.profile());
}
await backend.dispose();
await file.close();
