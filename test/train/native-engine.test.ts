// The trainer's forward is the engine's: the exported weights give the same logits, bit for bit,
// in causal rows and in a noisy block over a clean prefix. And the loop closes: it learns.

import { describe, expect, test } from "vitest";
import { createNative } from "../../src/backend/native.js";
import type { Span } from "../../src/backend/types.js";
import type { ModelFile } from "../../src/format/types.js";
import { ternarise } from "../../src/train/parameters.js";
import type { Batch, Trainer } from "../../src/train/types.js";
import { ask, wholeSpan } from "../backend/backends.js";
import { fileOf, Random, type Tensor } from "../backend/weights.js";
import {
  bitnet,
  causalBatch,
  instructionSets,
  nativeTrainer,
  sameBits,
  setRandom,
  updateOptions,
  withoutNative,
} from "./native-models.js";

/** A model file of the trainer's parameters, ternary ones as I2_S. */
async function exported(trainer: Trainer): Promise<ModelFile> {
  const tensors = trainer.parameters.map(({ name, shape, ternary }): Tensor => {
    const values = trainer.get(name);
    if (!ternary) return { name, shape, type: "F32", values };
    const { codes, scale } = ternarise(values);
    return { name, shape, type: "I2_S", codes: Uint8Array.from(codes, (t) => t + 1), scale };
  });
  return fileOf(tensors);
}

/** [noisy block; clean prefix], the block at the positions after the prefix. */
function noisyBatch(tokens: readonly number[], prefix: number): Batch {
  const rows = tokens.length;
  const block = rows - prefix;
  const order = [...tokens.slice(prefix), ...tokens.slice(0, prefix)];
  const keys = order.map((_, row) => (row < block ? [0, block, block, rows] : [block, row + 1, 0, 0]));
  return {
    tokens: Int32Array.from(order),
    positions: Int32Array.from(order, (_, row) => (row < block ? prefix + row : row - block)),
    sequences: Int32Array.of(0, rows),
    keys: Int32Array.from(keys.flat()),
    targets: new Int32Array(rows).fill(-1),
    weights: new Float32Array(rows),
  };
}

describe.runIf(instructionSets.length > 0)(`native trainer and engine${withoutNative}`, () => {
  test.each(instructionSets)("give the same logits: %s", async (isa) => {
    const subject = bitnet();
    const { program } = subject;
    const random = new Random(2);
    const trainer = await nativeTrainer(subject, { isa });
    setRandom(trainer, 7);
    const file = await exported(trainer);
    const backend = await createNative(program, file, { pages: 8, maxRows: 256, threads: 2 });
    const tokens = Array.from({ length: 100 }, () => random.integer(0, program.vocabulary - 1));

    const causal = { ...causalBatch(random, program.vocabulary, [100]), tokens: Int32Array.from(tokens) };
    const { logits } = await trainer.evaluate(causal, 1, { logits: true });
    const [expected] = await backend.forward([wholeSpan(tokens)]);
    expect(sameBits([logits!], [expected!.logits!])).toBe(true);

    const prefix = 64;
    const noisy = await trainer.evaluate(noisyBatch(tokens.slice(0, prefix + 32), prefix), 1, { logits: true });
    const block: Span = {
      tokens: tokens.slice(prefix, prefix + 32),
      position: prefix,
      visibility: "block",
      keyEnd: prefix + 32,
      pages: [0, 1, 2],
      head: ask(Array.from({ length: 32 }, (_, i) => i)),
    };
    const [denoised] = await backend.forward([block]);
    expect(sameBits([noisy.logits!.subarray(0, 32 * program.vocabulary)], [denoised!.logits!])).toBe(true);

    await backend.dispose();
    await file.close();
    await trainer.dispose();
  });

  test("agree on a model that is not ternary", async () => {
    const subject = bitnet({ architecture: "qwen2", subNorms: false, qkvBias: true, tiedHead: false });
    subject.parameters = subject.parameters.map((parameter) => ({ ...parameter, ternary: false }));
    const trainer = await nativeTrainer(subject);
    setRandom(trainer, 7);
    const file = await exported(trainer);
    const backend = await createNative(subject.program, file, { pages: 8, maxRows: 256, threads: 2 });
    const batch = causalBatch(new Random(4), subject.program.vocabulary, [77]);
    const { logits } = await trainer.evaluate(batch, 1, { logits: true });
    const [expected] = await backend.forward([wholeSpan([...batch.tokens])]);
    expect(sameBits([logits!], [expected!.logits!])).toBe(true);
    await backend.dispose();
    await file.close();
  });

  test.each(["adamw", "muon"] as const)("64 examples are learned by heart: %s", async (matrices) => {
    const subject = bitnet({ layers: 1, hidden: 64, ffn: 128, heads: 2, kvHeads: 1, vocabulary: 64 });
    const trainer = await nativeTrainer(subject);
    setRandom(trainer, 5, 0.05);
    // Two tokens ask, and a third answers: no rule, so it must be remembered.
    const random = new Random(11);
    const count = 64;
    const tokens = Array.from({ length: count }, (_, i) => [i % 8, 8 + Math.floor(i / 8), random.integer(16, 63)]);
    const batch: Batch = {
      tokens: Int32Array.from(tokens.flat()),
      positions: Int32Array.from(tokens.flatMap(() => [0, 1, 2])),
      sequences: Int32Array.from({ length: count + 1 }, (_, i) => 3 * i),
      keys: Int32Array.from(tokens.flatMap((_, i) => [0, 1, 2].flatMap((r) => [3 * i, 3 * i + r + 1, 0, 0]))),
      targets: Int32Array.from(tokens.flatMap(([, , answer]) => [-1, answer, -1])),
      weights: new Float32Array(3 * count).fill(1 / count),
    };
    for (let step = 0; step < 300; step++) {
      await trainer.accumulate(batch, Math.min(1, step / 50));
      const rate = 0.01 * (1 - step / 300);
      await trainer.update({ ...updateOptions, matrices, matrixRate: rate, otherRate: rate, weightDecay: 0 });
    }
    const { loss, logits } = await trainer.evaluate(batch, 1, { logits: true });
    expect(loss).toBeLessThan(0.05);
    for (let i = 0; i < count; i++) {
      const row = logits!.subarray((3 * i + 1) * 64, (3 * i + 2) * 64);
      expect(row.indexOf(Math.max(...row))).toBe(tokens[i][2]);
    }
  });
});
