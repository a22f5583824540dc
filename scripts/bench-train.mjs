#!/usr/bin/env node
// Measures the native trainer on a model of random weights: the matrix products and the whole
// step, against what the register tile alone reaches. For people who work on kernels.
//
//   npm run build && node scripts/bench-train.mjs [--shape default|small] [--sequences N] [--length N]
//       [--threads N] [--isa NAME] [--repeat N] [--matrices muon|adamw]
//
// A sequence is [noisy; complementary noisy; clean], blocks of 32, of `length` tokens each.

import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { buildProgram } from "../dist/model/program.js";
import { createNativeTrainer } from "../dist/train/native.js";
import { initialValues, parametersOf } from "../dist/train/parameters.js";

const shapes = {
  default: { hidden: 384, ffn: 1024, layers: 8, heads: 6, kvHeads: 2, headDim: 64, vocabulary: 2048 },
  small: { hidden: 256, ffn: 768, layers: 6, heads: 4, kvHeads: 2, headDim: 64, vocabulary: 1024 },
};

const { values: options } = parseArgs({
  options: {
    shape: { type: "string", default: "default" },
    sequences: { type: "string", default: "16" },
    length: { type: "string", default: "128" },
    threads: { type: "string", default: "0" },
    isa: { type: "string" },
    repeat: { type: "string", default: "3" },
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
console.log(
  `${options.shape}: ${(weights / 1e6).toFixed(1)} M weights, ${batch.tokens.length} rows, ${trainer.isa}, ${trainer.threads} threads`,
);
const giga = (flops, seconds) => `${(flops / seconds / 1e9).toFixed(0)} GFLOP/s`;
for (const quantisation of [0, 0.5, 1]) {
  let best = null;
  for (let i = 0; i < Number(options.repeat); i++) {
    const peak = trainer.measurePeak();
    const start = performance.now();
    const pass = await trainer.accumulate(batch, quantisation);
    const middle = performance.now();
    await trainer.update(update);
    const end = performance.now();
    const made = { ...pass, peak, passSeconds: (middle - start) / 1000, updateSeconds: (end - middle) / 1000 };
    if (best === null || made.passSeconds < best.passSeconds) best = made;
  }
  const { gemmFlops, gemmSeconds, passSeconds, updateSeconds, loss, peak } = best;
  const share = Math.round((100 * gemmFlops) / gemmSeconds / peak);
  console.log(
    `quantisation ${quantisation}: products ${giga(gemmFlops, gemmSeconds)} (${share} % of ${giga(peak, 1)}), ` +
      `pass ${giga(gemmFlops, passSeconds)} in ${passSeconds.toFixed(2)} s (${Math.round((100 * gemmSeconds) / passSeconds)} % in products), ` +
      `update ${updateSeconds.toFixed(2)} s, ${Math.round(batch.tokens.length / (passSeconds + updateSeconds))} rows/s, loss ${loss.toFixed(3)}`,
  );
}
await trainer.dispose();
