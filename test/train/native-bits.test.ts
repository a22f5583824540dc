// What the native trainer promises to the bit: the same from run to run, from thread to thread and
// from instruction set to instruction set; resumed or not; cut into chunks or not. And what it
// does with numbers that are none, and with batches that are wrong.

import { describe, expect, test } from "vitest";
import type { Batch, Trainer } from "../../src/train/types.js";
import { Random } from "../backend/weights.js";
import {
  bitnet,
  causalBatch,
  instructionSets,
  nativeTrainer,
  rangedBatch,
  sameBits,
  setRandom,
  updateOptions,
  withoutNative,
} from "./native-models.js";

const subject = bitnet({ layers: 1, hidden: 70, ffn: 90, heads: 3, kvHeads: 1, headDim: 24, ropeDim: 24 });
const { vocabulary } = subject.program;
const batches = [1, 2, 3].map((seed) => rangedBatch(new Random(seed), vocabulary, [50, 33, 1, 64]));

/** Every number the run left. */
function bitsOf(trainer: Trainer): Float32Array[] {
  return [...trainer.parameters.map(({ name }) => trainer.get(name)), ...trainer.saveState()];
}

async function steps(trainer: Trainer, list: readonly Batch[], matrices: "adamw" | "muon"): Promise<number[]> {
  const seen: number[] = [];
  for (const [i, batch] of list.entries()) {
    const { loss } = await trainer.accumulate(batch, i === 0 ? 0.5 : 1);
    seen.push(loss, await trainer.update({ ...updateOptions, matrices }));
  }
  return seen;
}

/** A part of a batch that is whole sequences. */
function part(batch: Batch, from: number, to: number): Batch {
  const [first, end] = [batch.sequences[from], batch.sequences[to]];
  return {
    tokens: batch.tokens.slice(first, end),
    positions: batch.positions.slice(first, end),
    sequences: batch.sequences.slice(from, to + 1).map((row) => row - first),
    keys: batch.keys.slice(4 * first, 4 * end).map((row, i) => (i % 4 < 2 ? row - first : 0)),
    targets: batch.targets.slice(first, end),
    weights: batch.weights.slice(first, end),
  };
}

describe.runIf(instructionSets.length > 0)(`native trainer's bits${withoutNative}`, () => {
  test.each(["adamw", "muon"] as const)("depend on no thread and no instruction set: %s", async (matrices) => {
    const runs = [...instructionSets.map((isa) => ({ isa, threads: 1 })), { threads: 2 }, { threads: 3 }];
    let expected: { seen: number[]; bits: Float32Array[] } | null = null;
    for (const run of runs) {
      const trainer = await nativeTrainer(subject, run);
      setRandom(trainer, 1);
      const seen = await steps(trainer, batches, matrices);
      const bits = bitsOf(trainer);
      await trainer.dispose();
      expected ??= { seen, bits };
      expect(seen, JSON.stringify(run)).toEqual(expected.seen);
      expect(sameBits(bits, expected.bits), JSON.stringify(run)).toBe(true);
    }
  });

  test.each(["adamw", "muon"] as const)("are those of a run that was not interrupted: %s", async (matrices) => {
    const straight = await nativeTrainer(subject);
    setRandom(straight, 1);
    await steps(straight, batches, matrices);
    const first = await nativeTrainer(subject);
    setRandom(first, 1);
    await steps(first, batches.slice(0, 1), matrices);
    const second = await nativeTrainer(subject);
    for (const { name } of subject.parameters) second.set(name, first.get(name));
    second.loadState(first.saveState());
    await second.accumulate(batches[1], 1);
    await second.update({ ...updateOptions, matrices });
    await second.accumulate(batches[2], 1);
    await second.update({ ...updateOptions, matrices });
    expect(sameBits(bitsOf(second), bitsOf(straight))).toBe(true);
    expect(() => second.loadState(first.saveState().slice(1))).toThrow("another model");
  });

  test("are those of the parts of a large batch", async () => {
    const large = causalBatch(
      new Random(8),
      vocabulary,
      Array.from({ length: 40 }, () => 64),
    );
    const [whole, parts] = [await nativeTrainer(subject), await nativeTrainer(subject)];
    for (const trainer of [whole, parts]) setRandom(trainer, 2);
    const { losses } = await whole.accumulate(large, 1);
    const pieces = [part(large, 0, 32), part(large, 32, 40)]; // 2048 rows and the rest
    const found: number[] = [];
    for (const piece of pieces) found.push(...(await parts.accumulate(piece, 1)).losses);
    expect(Float32Array.from(found)).toEqual(losses);
    const gradients = (trainer: Trainer) => subject.parameters.map(({ name }) => trainer.gradient(name));
    expect(sameBits(gradients(parts), gradients(whole))).toBe(true);
  });

  test("say so when they are no numbers, and change nothing then", async () => {
    const trainer = await nativeTrainer(subject);
    setRandom(trainer, 1);
    const healthy = await trainer.evaluate(batches[0], 1);
    const weights = trainer.get("output_norm.weight");
    const before = bitsOf(trainer);
    trainer.set(
      "output_norm.weight",
      weights.map((w, i) => (i === 3 ? Number.NaN : w)),
    );
    expect((await trainer.evaluate(batches[0], 1)).loss).toBeNaN();
    expect((await trainer.accumulate(batches[0], 1)).loss).toBeNaN();
    expect(await trainer.update(updateOptions)).toBeNaN();
    trainer.set("output_norm.weight", weights);
    expect(sameBits(bitsOf(trainer), before)).toBe(true);
    expect(await trainer.evaluate(batches[0], 1)).toMatchObject({ loss: healthy.loss, losses: healthy.losses });
    await trainer.accumulate(batches[0], 0.3);
    expect(await trainer.update(updateOptions)).toBeGreaterThan(0);
  });

  test("a batch without targets has no loss and no gradient", async () => {
    const trainer = await nativeTrainer(subject);
    setRandom(trainer, 1);
    const batch = { ...batches[0], targets: batches[0].targets.map(() => -1) };
    expect((await trainer.accumulate(batch, 1)).loss).toBe(0);
    expect(await trainer.update(updateOptions)).toBe(0);
  });

  test("work happens off the event loop, one call at a time", async () => {
    const trainer = await nativeTrainer(subject);
    setRandom(trainer, 1);
    const running = trainer.accumulate(batches[0], 1);
    await expect(trainer.accumulate(batches[0], 1)).rejects.toThrow("at work");
    expect(() => trainer.get("output_norm.weight")).toThrow("at work");
    const disposal = trainer.dispose();
    await running;
    await disposal;
    await expect(trainer.update(updateOptions)).rejects.toMatchObject({ code: "disposed" });
  });

  test.each([
    ["tokens", 0, vocabulary, "token 300"],
    ["positions", 2, 256, "position 256"],
    ["targets", 1, -2, "target -2"],
    ["keys", 1, 51, "sees rows"],
    ["keys", 0, -1, "sees rows"],
    ["sequences", 1, 200, "ends before"],
    ["sequences", 4, 100, "do not cover"],
  ] as const)("a batch with wrong %s is refused", async (array, index, value, message) => {
    const trainer = await nativeTrainer(subject);
    const batch = causalBatch(new Random(1), vocabulary, [50, 33, 1, 64]);
    batch[array][index] = value;
    await expect(trainer.accumulate(batch, 0)).rejects.toThrow(message);
    const small = await nativeTrainer(subject, { maxRows: 100 });
    await expect(small.accumulate(batch, 0)).rejects.toThrow("at most 100");
  });
});
