// The reference trainer against PyTorch: loss, every gradient, and what two steps make of the parameters.

import { describe, expect, test } from "vitest";
import { createReferenceTrainer } from "../../src/train/reference/trainer.js";
import type { Trainer } from "../../src/train/types.js";
import { batch, type Fingerprint, fingerprint, fixture, fixtureModel, setInitial } from "./one-batch.js";

function fresh(): Trainer {
  const { program, parameters } = fixtureModel();
  const trainer = createReferenceTrainer(program, { parameters });
  setInitial(trainer);
  return trainer;
}

function expectClose(found: number, expected: number, what: string, relative = 1e-6, absolute = 1e-9): void {
  const error = Math.abs(found - expected);
  expect(error, `${what}: ${found} beside ${expected}`).toBeLessThanOrEqual(absolute + relative * Math.abs(expected));
}

function expectFingerprint([norm, dot]: Fingerprint, expected: Fingerprint, what: string, relative = 1e-6): void {
  expectClose(norm, expected[0], `norm of ${what}`, relative);
  expectClose(dot, expected[1], `dot of ${what}`, relative, relative * expected[0]);
}

describe.each(fixture.passes)("quantisation $quantisation", ({ quantisation, loss, losses, gradients }) => {
  test("gives PyTorch's loss and gradients", async () => {
    const trainer = fresh();
    const result = await trainer.accumulate(batch, quantisation);
    expectClose(result.loss, loss, "loss");
    for (const [r, expected] of losses.entries()) expectClose(result.losses[r], expected, `row ${r}`);
    for (const [i, { name }] of trainer.parameters.entries()) {
      expectFingerprint(fingerprint(trainer.gradient(name), i), gradients[name], name);
    }
  });

  test("evaluates to the same loss, to logits whose softmax says so, and leaves no gradient", async () => {
    const trainer = fresh();
    const result = await trainer.evaluate(batch, quantisation, { logits: true });
    expectClose(result.loss, loss, "loss");
    const logits = result.logits!;
    const { vocabulary } = fixture.model;
    for (const [r, target] of batch.targets.entries()) {
      if (target < 0) continue;
      const row = logits.subarray(r * vocabulary, (r + 1) * vocabulary);
      const sum = row.reduce((total, logit) => total + Math.exp(logit), 0);
      expectClose(Math.log(sum) - row[target], losses[r], `row ${r}`, 1e-5);
    }
    expect(trainer.parameters.every(({ name }) => trainer.gradient(name).every((g) => g === 0))).toBe(true);
  });
});

test("gradients add up", async () => {
  const [once, twice] = [fresh(), fresh()];
  await once.accumulate(batch, 1);
  await twice.accumulate(batch, 1);
  await twice.accumulate(batch, 1);
  for (const { name } of once.parameters) {
    const [a, b] = [once.gradient(name), twice.gradient(name)];
    for (let i = 0; i < a.length; i++) expectClose(b[i], 2 * a[i], `${name}[${i}]`, 1e-5, 1e-7);
  }
});

describe.each(["adamw", "muon"] as const)("%s", (matrices) => {
  const expected = fixture.updates[matrices];

  test("takes PyTorch's steps", async () => {
    const trainer = fresh();
    for (let step = 0; step < fixture.steps; step++) {
      await trainer.accumulate(batch, 1);
      expectClose(await trainer.update({ ...fixture.options, matrices }), expected.norms[step], "gradient norm", 1e-4);
    }
    for (const [i, { name }] of trainer.parameters.entries()) {
      expectFingerprint(fingerprint(trainer.get(name), i), expected.parameters[name], name, 1e-5);
      expect(trainer.gradient(name).every((g) => g === 0)).toBe(true);
    }
  });

  test("goes on from its state with the same bits", async () => {
    const options = { ...fixture.options, matrices };
    const [straight, first] = [fresh(), fresh()];
    for (const trainer of [straight, first]) {
      await trainer.accumulate(batch, 1);
      await trainer.update(options);
    }
    const second = fresh();
    for (const { name } of first.parameters) second.set(name, first.get(name));
    second.loadState(first.saveState());
    for (const trainer of [straight, second]) {
      await trainer.accumulate(batch, 1);
      await trainer.update(options);
    }
    for (const { name } of straight.parameters) expect(second.get(name)).toEqual(straight.get(name));
  });
});

test("gradients that are not numbers change nothing", async () => {
  const trainer = fresh();
  const before = trainer.parameters.map(({ name }) => trainer.get(name));
  await trainer.accumulate({ ...batch, weights: batch.weights.map(() => Number.NaN) }, 1);
  expect(await trainer.update({ ...fixture.options, matrices: "adamw" })).toBeNaN();
  for (const [i, { name }] of trainer.parameters.entries()) expect(trainer.get(name)).toEqual(before[i]);
});
