#!/usr/bin/env node
// Measures the native trainer on a model of random weights: the matrix products and the whole
// step, against what the register tile alone reaches. Prints Markdown; needs a build (npm run setup).
//
//   npm run bench:train [-- --shape default|large] [--sequences N] [--length N]
//       [--threads N] [--isa NAME] [--repeat N] [--matrices muon|adamw]
//
// A sequence is [noisy; complementary noisy; clean], blocks of 32, of `length` tokens each.

import { cpus } from "node:os";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { buildProgram } from "../dist/model/program.js";
import { createNativeTrainer } from "../dist/train/native.js";
import { initialValues, parametersOf } from "../dist/train/parameters.js";

const shapes = {
  default: { hidden: 256, ffn: 768, layers: 6, heads: 4, kvHeads: 2, headDim: 64, vocabulary: 1024 },
  large: { hidden: 768, ffn: 2048, layers: 12, heads: 12, kvHeads: 4, headDim: 64, vocabulary: 4096 },
};

const { values: options } = parseArgs({
  options: {
    shape: { type: "string", default: "default" },
    sequences: { type: "string", default: "16" },
    length: { type: "string", default: "128" },
    threads: { type: "string", default: "0" },
    isa: { type: "string" },
    repeat: { type: "string", default: "9" },
    matrices: { type: "string", default: "muon" },
  },
});

const shape = shapes[options.shape];
const [sequences, length] = [Number(options.sequences), Number(options.length)];
const block = 32;
const { program, roles } = buildProgram({
  architecture: "bitnet",
  name: "bench",
  ...shape,
  contextLength: length,
  normEps: 1e-5,
  ropeBase: 10_000,
  ropeDim: shape.headDim,
  ropeScale: 1,
  activation: "silu",
  subNorms: true,
  qkvBias: false,
  tiedHead: true,
  diffusion: { attention: "context-causal", blockLength: block, shift: true, maskToken: 0 },
});

/** Half of the noisy rows and all clean rows have a target. */
function makeBatch() {
  const rows = 3 * sequences * length;
  const batch = {
    tokens: Int32Array.from({ length: rows }, (_, row) => (row * 7919) % shape.vocabulary),
    positions: Int32Array.from({ length: rows }, (_, row) => row % length),
    sequences: Int32Array.from({ length: sequences + 1 }, (_, s) => 3 * s * length),
    keys: new Int32Array(4 * rows),
    targets: Int32Array.from({ length: rows }, (_, row) => (row * 104729) % shape.vocabulary),
    weights: new Float32Array(rows).fill(1 / rows),
  };
  for (let row = 0; row < rows; row++) {
    const copy = Math.floor(row / length) % 3;
    const first = row - (row % length);
    const clean = first + (2 - copy) * length;
    const at = (row % length) - (row % block);
    if (copy < 2 && row % 2 === copy) batch.targets[row] = -1;
    batch.keys.set(copy === 2 ? [clean, row + 1, 0, 0] : [first + at, first + at + block, clean, clean + at], 4 * row);
  }
  return batch;
}

const batch = makeBatch();
const parameters = parametersOf(program, roles, true);
const threads = Number(options.threads);
const trainer = await createNativeTrainer(program, {
  parameters,
  maxRows: batch.tokens.length,
  threads,
  ...(options.isa === undefined ? {} : { isa: options.isa }),
});
for (const parameter of parameters) trainer.set(parameter.name, initialValues(parameter, shape.layers, 1));
const update = {
  matrixRate: 1e-3,
  otherRate: 1e-3,
  matrices: options.matrices,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  momentum: 0.95,
  weightDecay: 0.1,
  clip: 1,
};

const weights = parameters.reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0);
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const cases = [
  { name: "f32 weights", quantisation: 0 },
  { name: "half ternary", quantisation: 0.5 },
  { name: "ternary, int8 activations", quantisation: 1 },
].map((each) => ({ ...each, samples: [] }));
const peaks = [];
for (let i = 0; i <= Number(options.repeat); i++) {
  for (const { quantisation, samples } of cases) {
    peaks.push(trainer.measurePeak() / 1e9);
    const start = performance.now();
    const { gemmFlops, gemmSeconds } = await trainer.accumulate(batch, quantisation);
    await trainer.update(update);
    const seconds = (performance.now() - start) / 1000;
    const rates = { products: gemmFlops / gemmSeconds / 1e9, step: gemmFlops / seconds / 1e9 };
    if (i > 0) samples.push({ ...rates, rows: batch.tokens.length / seconds });
  }
}
await trainer.dispose();

const peak = median(peaks);
const rows = cases.map(({ name, samples }) => {
  const [products, step, rate] = ["products", "step", "rows"].map((key) => median(samples.map((each) => each[key])));
  const share = (value, of) => `${((100 * value) / of).toFixed(0)} %`;
  return `| ${name} | ${products.toFixed(0)} | ${share(products, peak)} | ${step.toFixed(0)} | ${share(step, products)} | ${rate.toFixed(0)} |`;
});
console.log(`${(weights / 1e6).toFixed(1)} M weights, ${batch.tokens.length} rows a step, ${options.matrices}; ${cpus()[0].model}, ${trainer.isa}, ${trainer.threads} threads.
The register tile alone: ${peak.toFixed(0)} GFLOP/s. Medians of ${options.repeat} rounds in turns.

| training | products, GFLOP/s | of the tile | whole step, GFLOP/s | of products | rows/s |
| --- | ---: | ---: | ---: | ---: | ---: |
${rows.join("\n")}`);
