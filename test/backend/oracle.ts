// Reads an oracle: a tiny model, the forwards that were run on it, and the logits they gave.
// scripts/oracles/model_fixtures.py makes them.

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Program } from "../../src/backend/program.js";
import type { Visibility } from "../../src/backend/types.js";
import { openGguf } from "../../src/format/gguf.js";
import { tensorToFloats } from "../../src/format/tensors/index.js";
import type { ModelFile } from "../../src/format/types.js";
import { readHyperParameters } from "../../src/model/hyperparameters.js";
import { buildProgram, checkWeights } from "../../src/model/program.js";

export const floatModels = [
  "llama",
  "llama-rope-factors",
  "qwen2-tied",
  "qwen2-untied",
  "bitnet-float",
  "bitnet-b1.58-float",
] as const;
export const ternaryModels = ["bitnet-i2_s", "bitnet-25-tq2_0", "bitnet-b1.58-tq1_0", "llama-q2_0"] as const;

export interface Run {
  tokens: number[];
  position: number;
  keyEnd: number;
  visibility: Visibility;
  /** Its K/V are thrown away: the last page is another one than the committed tokens'. */
  scratch: boolean;
  /** Rows whose logits are known. */
  rows: number[];
  expected: Float32Array; // [rows, vocabulary]
}

export interface Oracle {
  file: ModelFile;
  program: Program;
  cases: Map<string, Run[]>;
}

const folder = new URL("../fixtures/oracles/", import.meta.url);

export async function openOracle(name: string): Promise<Oracle> {
  const file = await openGguf(fileURLToPath(new URL(`${name}.gguf`, folder)));
  const hp = readHyperParameters(file.metadata, file.tensors);
  const factors = file.tensors.get("rope_freqs.weight");
  const ropeFreqs = factors && tensorToFloats(factors.type, await file.read(factors));
  const { program, roles } = buildProgram(hp, { ropeFreqs });
  checkWeights(roles, file.tensors);

  const bytes = await readFile(new URL(`${name}.bin`, folder));
  const logits = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  let next = 0;
  const cases = new Map<string, Run[]>();
  for (const { name: caseName, runs } of readJson(`${name}.json`).cases as { name: string; runs: Run[] }[]) {
    cases.set(
      caseName,
      runs.map((run) => {
        const expected = logits.subarray(next, next + run.rows.length * program.vocabulary);
        next += expected.length;
        return { ...run, expected };
      }),
    );
  }
  return { file, program, cases };
}

// biome-ignore lint/suspicious/noExplicitAny: the fixtures are ours
export function readJson(name: string): any {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8"));
}
