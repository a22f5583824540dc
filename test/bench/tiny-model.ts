// A synthetic model small enough to answer on any backend in milliseconds.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Preset } from "../../src/bench/presets.js";
import { type SynthOptions, synthesise } from "../../src/bench/synthetic-model.js";

export const tinyShape = {
  hidden: 128,
  ffn: 256,
  layers: 1,
  heads: 2,
  kvHeads: 1,
  headDim: 64,
  vocabulary: 1000,
  contextLength: 160,
} satisfies Partial<Preset>;

export interface Folder {
  file(name: string): string;
  remove(): void;
}

export function temporaryFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "unmask-bench-"));
  return { file: (name) => join(path, name), remove: () => rmSync(path, { recursive: true }) };
}

/** Writes a tiny model; the preset gives architecture and pre-tokenizer. */
export async function writeTiny(path: string, options: Partial<SynthOptions> = {}) {
  const { preset = "smollm2-135m", shape = {}, ...rest } = options;
  return synthesise(path, { preset, type: "q2_0", ...rest, shape: { ...tinyShape, ...shape } });
}
