// Runs that are interrupted, that go wrong, and that learn.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listCheckpoints } from "../../src/train/checkpoint.js";
import type { LogRecord } from "../../src/train/log.js";
import { groupsOf, train } from "../../src/train/loop.js";
import { nextTokenRows } from "../../src/train/objective.js";
import type { Trainer } from "../../src/train/types.js";
import { UnmaskError } from "../../src/util/errors.js";
import { temporaryFolder, unmaskError } from "../format/files.js";
import { configOf, parametersNow, phase, runOptions, tinyStream, tinyTrainer } from "./runs.js";

const root = temporaryFolder();
let folders = 0;
function folder(): string {
  const path = join(root, `run-${folders++}`);
  mkdirSync(path);
  return path;
}

const ramp = { quantisation: { from: 0, to: 1, steps: 5 } };
const two = configOf({
  phases: [
    { ...phase, ...ramp, steps: 8, warmup: 2 },
    { ...phase, name: "second", objective: "mixed", steps: 12, weight_decay: 0.1, weight_decay_share: 0.5 },
  ],
});

const records = (path: string): LogRecord[] =>
  readFileSync(join(path, "log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("resuming", () => {
  test.each([3, 8, 13])("after %s steps gives the bits of a run that was never interrupted", async (stop) => {
    const [straight, first, second] = [tinyTrainer(two), tinyTrainer(two), tinyTrainer(two)];
    await train(straight, runOptions(two, folder()));
    const path = folder();
    const place = await train(first, runOptions(two, path, { stopAfter: stop }));
    expect(place.total).toBe(stop);
    const end = await train(second, runOptions(two, path, { resume: true }));
    expect(end).toMatchObject({ phase: 2, total: 20 });
    expect(parametersNow(second)).toEqual(parametersNow(straight));
    expect(second.saveState()).toEqual(straight.saveState());
    expect(records(path).map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test("forgets what the log says of steps after the checkpoint", async () => {
    const path = folder();
    await train(tinyTrainer(two), runOptions(two, path, { stopAfter: 6 }));
    writeFileSync(join(path, "log.jsonl"), `${JSON.stringify({ step: 9 })}\n{"step": 7, `, { flag: "a" });
    await train(tinyTrainer(two), runOptions(two, path, { resume: true, stopAfter: 8 }));
    expect(records(path).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("goes on in a line of its own after one that was cut short", async () => {
    const path = folder();
    await train(tinyTrainer(two), runOptions(two, path, { stopAfter: 3 }));
    writeFileSync(join(path, "log.jsonl"), '{"step": 4, ', { flag: "a" });
    await train(tinyTrainer(two), runOptions(two, path, { resume: true, stopAfter: 5 }));
    expect(records(path).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
  });

  test("keeps the log when it cannot be shortened", async () => {
    const path = folder();
    await train(tinyTrainer(two), runOptions(two, path, { stopAfter: 3 }));
    writeFileSync(join(path, "log.jsonl"), `${JSON.stringify({ step: 9 })}\n`, { flag: "a" });
    mkdirSync(join(path, `.log.jsonl.${process.pid}.partial`)); // in the way
    const run = train(tinyTrainer(two), runOptions(two, path, { resume: true }));
    await expect(run).rejects.toEqual(unmaskError("file_write_failed", "log.jsonl"));
    expect(records(path).map(({ step }) => step)).toEqual([1, 2, 3, 9]);
  });

  test("is refused with other data", async () => {
    const path = folder();
    await train(tinyTrainer(two), runOptions(two, path, { stopAfter: 1 }));
    const other = runOptions(two, path, { resume: true, identity: "products" });
    await expect(train(tinyTrainer(two), other)).rejects.toEqual(unmaskError("checkpoint_invalid", "other data"));
  });

  test("is what an aborted run is saved for", async () => {
    const path = folder();
    const abort = new AbortController();
    const onStep = ({ total }: { total: number }) => {
      if (total === 4) abort.abort();
    };
    const place = await train(tinyTrainer(two), runOptions(two, path, { signal: abort.signal, onStep }));
    expect(place.total).toBe(4);
    expect((await listCheckpoints(join(path, "checkpoints")))[0]).toMatch(/step-00000004/);
  });
});

describe("checkpoints", () => {
  const interrupted = async (): Promise<{ path: string; newest: string; before: string }> => {
    const path = folder();
    for (const stopAfter of [3, 5, 7]) {
      await train(tinyTrainer(two), runOptions(two, path, { resume: true, stopAfter }));
    }
    const [newest, before, ...others] = await listCheckpoints(join(path, "checkpoints"));
    expect(others).toEqual([]);
    return { path, newest, before };
  };

  const damages: [string, (file: string) => void][] = [
    ["cut short", (file) => truncateSync(file, 1000)],
    ["empty", (file) => truncateSync(file, 0)],
    [
      "of another place",
      (file) => {
        const bytes = readFileSync(file);
        bytes[bytes.indexOf('cursor\\":') + 'cursor\\":'.length] ^= 1; // another digit
        writeFileSync(file, bytes);
      },
    ],
    [
      "flipped in one bit",
      (file) => {
        const bytes = readFileSync(file);
        bytes[bytes.length - 100] ^= 1;
        writeFileSync(file, bytes);
      },
    ],
  ];
  test.each(damages)("%s: the one before is taken, and said so", async (_, damage) => {
    const { path, newest, before } = await interrupted();
    damage(newest);
    const warnings: string[] = [];
    const trainer = tinyTrainer(two);
    const warn = (message: string) => warnings.push(message);
    await train(trainer, runOptions(two, path, { resume: true, stopAfter: 9, warn }));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(newest);
    expect(warnings[0]).toContain(before);
    const names = (await listCheckpoints(join(path, "checkpoints"))).map((file) => file.slice(-20));
    expect(names).toEqual(["00000009.safetensors", "00000008.safetensors"]); // a phase ended at 8
    expect(existsSync(`${newest}.damaged`)).toBe(true);
    const straight = tinyTrainer(two);
    await train(straight, runOptions(two, folder(), { stopAfter: 9 }));
    expect(parametersNow(trainer)).toEqual(parametersNow(straight));
  });

  test("what a killed run was writing is removed", async () => {
    const { path } = await interrupted();
    const left = join(path, "checkpoints", ".step-00000008.safetensors.1.partial");
    writeFileSync(left, "half");
    await train(tinyTrainer(two), runOptions(two, path, { resume: true, stopAfter: 9 }));
    expect(existsSync(left)).toBe(false);
  });

  test("all damaged: an error that names one", async () => {
    const { path, newest, before } = await interrupted();
    for (const file of [newest, before]) truncateSync(file, 500);
    const run = train(tinyTrainer(two), runOptions(two, path, { resume: true, warn: () => {} }));
    await expect(run).rejects.toEqual(unmaskError("safetensors_invalid", before));
  });

  test("of another model are refused", async () => {
    const { path } = await interrupted();
    const wider = configOf({ model: { ...two.model, ffn: 16 }, phases: two.phases });
    const run = train(tinyTrainer(wider), runOptions(wider, path, { resume: true, warn: () => {} }));
    await expect(run).rejects.toEqual(unmaskError("checkpoint_invalid", "other parameters"));
  });

  test("that cannot be written cost a warning while training, and an error at its end", async () => {
    const path = folder();
    const often = configOf({ ...two, output: { ...two.output, checkpoint_minutes: 1e-9 } });
    const warnings: string[] = [];
    const blocked = join(path, "checkpoints");
    const onStep = ({ total }: { total: number }) => {
      if (total !== 2) return;
      rmSync(blocked, { recursive: true });
      writeFileSync(blocked, "in the way"); // root may write anywhere, but not into a file
    };
    const warn = (message: string) => warnings.push(message);
    const run = train(tinyTrainer(often), runOptions(often, path, { stopAfter: 5, onStep, warn }));
    await expect(run).rejects.toEqual(unmaskError("file_write_failed"));
    expect(warnings.length).toBeGreaterThan(0);
    expect(warnings[0]).toContain("Training goes on");
  });

  test("a place that cannot hold one is found out before the first step", async () => {
    const path = folder();
    writeFileSync(join(path, "checkpoints"), "in the way");
    let steps = 0;
    const run = train(tinyTrainer(two), runOptions(two, path, { onStep: () => steps++ }));
    await expect(run).rejects.toEqual(unmaskError("file_write_failed", "checkpoints"));
    expect(steps).toBe(0);
  });
});

describe("a loss that is not a number", () => {
  /** A trainer whose loss or gradient breaks at one step. */
  function breaking(what: "loss" | "gradient", at: number): Trainer {
    const trainer = tinyTrainer(two);
    let step = 0;
    const { accumulate, update } = trainer;
    trainer.accumulate = async (batch, quantisation) => {
      const result = await accumulate.call(trainer, batch, quantisation);
      return what === "loss" && step === at ? { ...result, loss: Number.NaN } : result;
    };
    trainer.update = async (options) => {
      const norm = await update.call(trainer, options);
      return what === "gradient" && step++ === at ? Number.POSITIVE_INFINITY : norm;
    };
    if (what === "loss") {
      trainer.update = async (options) => {
        step++;
        return await update.call(trainer, options);
      };
    }
    return trainer;
  }

  test.each(["loss", "gradient"] as const)("(%s) stops the run; the last good checkpoint stays", async (what) => {
    const path = folder();
    const often = configOf({ ...two, output: { ...two.output, checkpoint_minutes: 1e-9 } });
    const run = train(breaking(what, 4), runOptions(often, path));
    await expect(run).rejects.toEqual(unmaskError("training_diverged", what, "step 5", "checkpoints"));
    const straight = tinyTrainer(two);
    await train(straight, runOptions(two, folder(), { stopAfter: 4 }));
    const resumed = tinyTrainer(two);
    await train(resumed, runOptions(two, path, { resume: true, stopAfter: 4 }));
    expect(parametersNow(resumed)).toEqual(parametersNow(straight));
  });
});

describe("a step", () => {
  test("is the same in one piece and in several, but for rounding", async () => {
    const phases = [{ ...phase, batch: 160 }];
    const [whole, pieces] = await Promise.all(
      [400, 40].map(async (rows) => {
        const config = configOf({ phases, rows });
        const trainer = tinyTrainer(config);
        const { accumulate } = trainer;
        const losses: number[] = [];
        let calls = 0;
        trainer.accumulate = async (...batch) => {
          calls++;
          return await accumulate.apply(trainer, batch);
        };
        const onRecord = ({ loss }: LogRecord) => losses.push(loss);
        await train(trainer, runOptions(config, folder(), { stopAfter: 4, onRecord }));
        return { losses, calls };
      }),
    );
    expect(whole.calls).toBe(4);
    expect(pieces.calls).toBeGreaterThan(12);
    for (const [i, loss] of whole.losses.entries()) expect(pieces.losses[i]).toBeCloseTo(loss, 5);
  });

  test("may have no targets but those that clean rows have on top", async () => {
    const sparse = { objective: "diffusion", batch: 24, length: 24, sub_block: 2, sub_block_share: 1 } as const;
    const phases = [{ ...phase, ...sparse, full_mask_share: 0, ahead_weight: 0, steps: 40 }];
    const config = configOf({ phases });
    const losses: number[] = [];
    const onRecord = ({ loss }: LogRecord) => losses.push(loss);
    await train(tinyTrainer(config), runOptions(config, folder(), { onRecord }));
    expect(losses).toHaveLength(40);
    expect(losses.every(Number.isFinite)).toBe(true);
  });

  test("that meets data which cannot be learnt costs none of the steps before", async () => {
    const path = folder();
    const stream = tinyStream();
    const { take } = stream;
    stream.take = (...budget) => {
      if (stream.cursor > 12) throw new UnmaskError("invalid_request", "An answer is empty.");
      return take.apply(stream, budget);
    };
    const run = train(tinyTrainer(two), runOptions(two, path, { stream }));
    await expect(run).rejects.toEqual(unmaskError("invalid_request", "empty"));
    const done = records(path).length;
    expect(done).toBeGreaterThan(1);
    const [newest] = await listCheckpoints(join(path, "checkpoints"));
    expect(newest).toContain(`step-${String(done).padStart(8, "0")}`);
  });

  test("puts sequences into groups of at most so many rows, in order", () => {
    const rows = (length: number) =>
      nextTokenRows({ tokens: new Int32Array(length + 1), learn: new Uint8Array(length + 1).fill(1, 1) });
    const groups = groupsOf([3, 4, 5, 2, 9].map(rows), 9);
    expect(groups.map((group) => group.map(({ tokens }) => tokens.length))).toEqual([[3, 4], [5, 2], [9]]);
    expect(() => groupsOf([rows(10)], 9)).toThrow(unmaskError("config_invalid", "10 rows"));
  });

  test("has something to learn, or the phase is refused", async () => {
    const short = configOf({ phases: [{ ...phase, length: 3 }] });
    await expect(train(tinyTrainer(short), runOptions(short, folder()))).rejects.toEqual(
      unmaskError("config_invalid", "first 3 tokens", '"first"'),
    );
  });
});

test("the log says rates, ternary shares and what is learnt by which objective", async () => {
  const path = folder();
  await train(tinyTrainer(two), runOptions(two, path));
  const all = records(path);
  expect(all.map(({ quantisation }) => quantisation).slice(0, 7)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1, 1]);
  expect(all[0].matrixRate).toBeCloseTo(phase.matrix_rate / 2, 9);
  expect(all[1].matrixRate).toBeCloseTo(phase.matrix_rate, 9);
  expect(all.slice(0, 8).every(({ maskedLoss, nextLoss }) => maskedLoss === null && nextLoss! > 0)).toBe(true);
  expect(all.slice(8).some(({ maskedLoss }) => maskedLoss! > 0)).toBe(true);
  expect(all[0].layers).toHaveLength(7);
  expect(all[0].layers!.every(({ flips, zeros }) => flips === null && zeros > 0.1 && zeros < 0.6)).toBe(true);
  expect(all.some(({ layers }) => layers!.some(({ flips }) => flips! > 0))).toBe(true);
  expect(readdirSync(join(path, "checkpoints")).every((name) => name.startsWith("step-"))).toBe(true);
});
