// Checkpoints of a training run: parameters, optimiser state and the place in the run, in one
// safetensors file with a checksum of all of them.
//
// A checkpoint appears whole or not at all. The newest two are kept: when the newest turns out to
// be damaged, the run goes on from the one before.

import { createHash } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { openSafetensors, type SafetensorSource, writeSafetensors } from "../format/safetensors.js";
import { UnmaskError } from "../util/errors.js";
import type { Trainer } from "./types.js";

const whole = z.int().nonnegative();
const placeSchema = z.strictObject({
  /** Index of the phase, and steps done in it and in all. */
  phase: whole,
  step: whole,
  total: whole,
  /** Examples taken. */
  cursor: whole,
  /** What the run is made of; a checkpoint of another run is refused. */
  run: z.strictObject({ seed: whole, identity: z.string() }),
});
export type Place = z.infer<typeof placeSchema>;

const kept = 2;
const format = "unmask training 2";
const namePattern = /^step-(\d{8})\.safetensors$/;
const partialPattern = /^\.step-\d{8}\.safetensors\.\d+\.partial$/;

/**
 * Writes step-NNNNNNNN.safetensors and removes all but the newest two.
 * @throws UnmaskError file_write_failed; what was there before stays
 */
export async function saveCheckpoint(directory: string, trainer: Trainer, place: Place): Promise<string> {
  const arrays: [string, Float32Array, number[]][] = [
    ...trainer.parameters.map(({ name, shape }): [string, Float32Array, number[]] => [
      `parameter/${name}`,
      trainer.get(name),
      shape.toReversed(),
    ]),
    ...trainer.saveState().map((array, i): [string, Float32Array, number[]] => [`state/${i}`, array, [array.length]]),
  ];
  const tensors = arrays.map(([name, array, shape]): SafetensorSource => {
    return { name, dtype: "F32", shape, produce: () => [bytesOf(array)] };
  });
  const placed = JSON.stringify(place);
  const hash = createHash("sha256").update(placed);
  for (const [, array] of arrays) hash.update(bytesOf(array));
  const path = join(directory, `step-${String(place.total).padStart(8, "0")}.safetensors`);
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw new UnmaskError("file_write_failed", `Cannot make ${directory}: ${(cause as Error).message}.`, { cause });
  }
  await removePartial(directory);
  await writeSafetensors(path, tensors, { format, place: placed, sha256: hash.digest("hex") });
  for (const old of (await listCheckpoints(directory)).slice(kept)) await rm(old, { force: true });
  return path;
}

/** What was being written when a run was killed. */
async function removePartial(directory: string): Promise<void> {
  const left = (await readdir(directory)).filter((name) => partialPattern.test(name));
  for (const name of left) await rm(join(directory, name), { force: true });
}

/** Newest first. @throws UnmaskError file_not_found for a folder that is there and cannot be read */
export async function listCheckpoints(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((cause): string[] => {
    if (cause.code === "ENOENT") return [];
    throw new UnmaskError("file_not_found", `${directory} cannot be read: ${cause.message}.`, { param: "out", cause });
  });
  const sorted = names.filter((name) => namePattern.test(name)).sort();
  return sorted.reverse().map((name) => join(directory, name));
}

/**
 * Gives the trainer what the newest sound checkpoint holds; damaged ones before it are renamed to .damaged.
 * @param warn told about each damaged one
 * @returns null when there is none
 * @throws UnmaskError checkpoint_invalid when all are damaged or of another model
 */
export async function loadNewest(
  directory: string,
  trainer: Trainer,
  warn: (message: string) => void,
): Promise<Place | null> {
  const paths = await listCheckpoints(directory);
  for (const [i, path] of paths.entries()) {
    try {
      const place = await loadCheckpoint(path, trainer);
      // Out of the way: they would count among the newest two.
      for (const damaged of paths.slice(0, i)) await rename(damaged, `${damaged}.damaged`);
      return place;
    } catch (error) {
      if (!(error instanceof UnmaskError) || i === paths.length - 1) throw error;
      warn(`${error.message} Going on from the checkpoint before it, ${paths[i + 1]}.`);
    }
  }
  return null;
}

/** @throws UnmaskError file_not_found, safetensors_invalid, checkpoint_invalid; the trainer is then as before */
export async function loadCheckpoint(path: string, trainer: Trainer): Promise<Place> {
  const file = await openSafetensors(path);
  try {
    const { metadata, tensors } = file;
    const place = metadata.format === format ? parsePlace(metadata.place) : null;
    if (place === null) throw invalid(path, "is not a checkpoint of `unmask train`");
    const hash = createHash("sha256").update(metadata.place ?? "");
    const arrays = new Map<string, Float32Array>();
    for (const tensor of tensors.values()) {
      const bytes = await file.read(tensor);
      hash.update(bytes);
      arrays.set(tensor.name, new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
    }
    if (hash.digest("hex") !== metadata.sha256) throw invalid(path, "is damaged: its checksum is wrong");
    const state = Array.from({ length: arrays.size - trainer.parameters.length }, (_, i) => arrays.get(`state/${i}`));
    const own = trainer.saveState();
    const values = trainer.parameters.map(({ name }) => arrays.get(`parameter/${name}`));
    const fits =
      trainer.parameters.every(({ name, shape }, i) => {
        const size = shape.reduce((product, n) => product * n, 1);
        return values[i]?.length === size && tensors.has(`parameter/${name}`);
      }) &&
      state.length === own.length &&
      own.every((array, i) => state[i]?.length === array.length);
    if (!fits) {
      const message = `The checkpoint ${path} is of a model with other parameters, or of another trainer. Resume with the configuration and --init that the run began with, or train into another folder (-o).`;
      throw new UnmaskError("checkpoint_invalid", message, { param: "resume" });
    }
    for (const [i, { name }] of trainer.parameters.entries()) trainer.set(name, values[i]!);
    trainer.loadState(state as Float32Array[]);
    return place;
  } finally {
    await file.close();
  }
}

function parsePlace(text: string | undefined): Place | null {
  try {
    return placeSchema.parse(JSON.parse(text ?? ""));
  } catch {
    return null;
  }
}

/** Files are little-endian, as every machine this runs on is. */
function bytesOf(array: Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function invalid(path: string, what: string): UnmaskError {
  return new UnmaskError(
    "checkpoint_invalid",
    `The checkpoint ${path} ${what}. Remove it, or train into another folder (-o).`,
    { param: "resume" },
  );
}
