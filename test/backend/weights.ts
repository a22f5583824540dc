// Model files made for a test: tensors from numbers, written to a temporary folder, and programs of
// a few ops to run over them.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Op, Program } from "../../src/backend/program.js";
import { openGguf } from "../../src/format/gguf.js";
import { type TensorSource, writeGguf } from "../../src/format/gguf-writer.js";
import { fitsType } from "../../src/format/tensor-types.js";
import { type FloatType, isTernary, packFloats, packTernary } from "../../src/format/tensors/index.js";
import { type ModelFile, type TensorType, tensorTypes } from "../../src/format/types.js";
import { ropeTable } from "../../src/model/rope.js";
import { uniform } from "../../src/util/rng.js";

/** A matrix [rows, columns] or a vector; ternary ones are `codes` (t + 1) times `scale`. */
export type Tensor = { name: string; shape: number[] } & (
  | { type: FloatType; values: Float32Array }
  | { type: "I2_S" | "TQ1_0" | "TQ2_0" | "Q2_0"; codes: Uint8Array; scale: number }
  | { type: TensorType; bytes: Uint8Array }
);

/** Opens a file with these tensors and no metadata; `close` also deletes it. */
export async function fileOf(tensors: readonly Tensor[]): Promise<ModelFile> {
  const folder = await mkdtemp(join(tmpdir(), "unmask-test-"));
  const path = join(folder, "model.gguf");
  await writeGguf(path, { metadata: new Map(), tensors: tensors.map(toSource) });
  const file = await openGguf(path);
  return {
    path,
    size: file.size,
    metadata: file.metadata,
    tensors: file.tensors,
    read: (tensor) => file.read(tensor),
    close: async () => {
      await file.close();
      await rm(folder, { recursive: true });
    },
  };
}

function toSource(tensor: Tensor): TensorSource {
  const { name, type, shape } = tensor;
  return { name, type, shape, produce: () => [toBytes(tensor)] };
}

function toBytes(tensor: Tensor): Uint8Array {
  if ("bytes" in tensor) return tensor.bytes;
  if ("values" in tensor) return packFloats(tensor.type, tensor.values);
  return packTernary(tensor.type, tensor.codes, tensor.scale);
}

/** A program of these ops alone; no attention. */
export function bareProgram(ops: Op[], widths: Record<string, number>, vocabulary: number): Program {
  return {
    architecture: "test",
    ops,
    widths,
    layers: 1,
    heads: 1,
    kvHeads: 1,
    headDim: 2,
    vocabulary,
    contextLength: 1024,
    blockLength: 32,
    attentionScale: 1,
    rope: ropeTable(1024, { dim: 2, pairing: "half", base: 10_000, scale: 1 }),
  };
}

/** [size, size], so that a head shows its input as logits. */
export function identity(size: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
}

/** Repeatable random numbers. */
export class Random {
  readonly #seed: number;
  #next = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  uniform(): number {
    return uniform(this.#seed, this.#next++, 0);
  }

  integer(least: number, most: number): number {
    return least + Math.floor(this.uniform() * (most - least + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)];
  }

  normals(length: number, spread = 1, mean = 0): Float32Array {
    return Float32Array.from({ length }, () => {
      return mean + spread * Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
    });
  }

  /** Codes t + 1. */
  codes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.integer(0, 2));
  }

  shuffled(count: number): number[] {
    const items = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }

  /** A float type rows of `columns` weights can be stored in. */
  floatType(columns: number): FloatType {
    const fitting = tensorTypes.filter((type) => !isTernary(type) && fitsType(type, columns));
    return this.pick(fitting) as FloatType;
  }
}
