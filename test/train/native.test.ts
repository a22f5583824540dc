// The native trainer against PyTorch and, over random shapes, against the reference: losses,
// gradients, updates. K and V are rounded to f16 natively, as in the engine, so models with
// attention agree less closely, and where int8 codes flip still less.

import { describe, expect, test } from "vitest";
import { createReferenceTrainer } from "../../src/train/reference/trainer.js";
import type { Batch, Trainer } from "../../src/train/types.js";
import { Random } from "../backend/weights.js";
import {
  attentionOnly,
  causalBatch,
  feedForward,
  instructionSets,
  nativeTrainer,
  rangedBatch,
  relativeError,
  type Subject,
  setRandom,
  updateOptions,
  withoutNative,
} from "./native-models.js";
import { batch, fingerprint, fixture, fixtureModel, setInitial } from "./one-batch.js";

/** Both trainers with the same weights. */
async function pair(subject: Subject, isa: string, set: (trainer: Trainer) => void): Promise<[Trainer, Trainer]> {
  const trainers: [Trainer, Trainer] = [
    await nativeTrainer(subject, { isa }),
    createReferenceTrainer(subject.program, subject),
  ];
  for (const trainer of trainers) set(trainer);
  return trainers;
}

async function expectSamePass([native, reference]: Trainer[], batch: Batch, quantisation: number, tolerance: number) {
  const [found, expected] = [
    await native.accumulate(batch, quantisation),
    await reference.accumulate(batch, quantisation),
  ];
  expect(Math.abs(found.loss - expected.loss)).toBeLessThan(tolerance);
  expect(relativeError(found.losses, expected.losses)).toBeLessThan(tolerance);
  for (const { name } of native.parameters) {
    const error = relativeError(native.gradient(name), reference.gradient(name));
    expect(error, `gradient of ${name}`).toBeLessThan(tolerance);
  }
}

describe(`native trainer${withoutNative}`, () => {
  describe.each(instructionSets)("%s", (isa) => {
    test.each(fixture.passes)("agrees with PyTorch at quantisation $quantisation", async (pass) => {
      const trainer = await nativeTrainer(fixtureModel(), { isa });
      setInitial(trainer);
      const result = await trainer.accumulate(batch, pass.quantisation);
      const tolerance = pass.quantisation === 0 ? 2e-3 : 2e-2;
      expect(Math.abs(result.loss - pass.loss)).toBeLessThan(tolerance);
      for (const [i, { name }] of trainer.parameters.entries()) {
        const [norm, dot] = fingerprint(trainer.gradient(name), i);
        const expected = pass.gradients[name];
        expect(Math.abs(norm - expected[0]) / expected[0], `norm of ${name}`).toBeLessThan(tolerance);
        expect(Math.abs(dot - expected[1]) / expected[0], `dot of ${name}`).toBeLessThan(tolerance);
      }
      await trainer.dispose();
    });

    test.each(["silu", "relu2"] as const)("differentiates every row-wise op, with %s", async (activation) => {
      const subject = feedForward(activation);
      const random = new Random(5);
      for (const quantisation of [0, 0.4, 1]) {
        const trainers = await pair(subject, isa, (trainer) => setRandom(trainer, 3));
        const batch = causalBatch(random, subject.program.vocabulary, [37, 1, 30]);
        // Where weights are ternary, gradients are multiplied as int16.
        await expectSamePass(trainers, batch, quantisation, quantisation === 1 ? 1e-4 : 2e-5);
        await trainers[0].dispose();
      }
    });

    test.each([
      [2, 32],
      [6, 20],
      [4, 48],
    ])("attends to two ranges of keys: %i heads of %i", async (heads, headDim) => {
      const subject = attentionOnly(heads, headDim);
      const random = new Random(heads);
      const trainers = await pair(subject, isa, (trainer) => {
        const random = new Random(9);
        for (const { name, shape } of trainer.parameters) {
          trainer.set(
            name,
            random.normals(shape[0] * shape[1]).map((x) => Math.round(x * 64) / 64),
          );
        }
      });
      for (const lengths of [[1], [40, 3, 100], [33, 64]]) {
        await expectSamePass(trainers, rangedBatch(random, subject.program.vocabulary, lengths), 0, 2e-5);
        for (const trainer of trainers) await trainer.update({ ...updateOptions, otherRate: 0 });
      }
      await trainers[0].dispose();
    });

    test.each([
      ["adamw", 26, 38],
      ["muon", 26, 38],
      ["muon", 70, 100],
    ] as const)("updates as the reference does: %s, %i to %i", async (matrices, width, inner) => {
      const subject = feedForward("silu", width, inner);
      const trainers = await pair(subject, isa, (trainer) => setRandom(trainer, 4));
      const random = new Random(6);
      for (const clip of [0.01, Infinity, 0.02]) {
        const batch = causalBatch(random, subject.program.vocabulary, [20]);
        const norms: number[] = [];
        for (const trainer of trainers) {
          await trainer.accumulate(batch, 0);
          norms.push(await trainer.update({ ...updateOptions, matrices, clip }));
        }
        expect(Math.abs(norms[0] / norms[1] - 1)).toBeLessThan(1e-4);
      }
      for (const { name } of subject.parameters) {
        const change = trainers.map((trainer) => trainer.get(name));
        expect(relativeError(change[0], change[1]), name).toBeLessThan(1e-4);
        expect(trainers[0].gradient(name).every((g) => g === 0)).toBe(true);
      }
      await trainers[0].dispose();
    });
  });
});
