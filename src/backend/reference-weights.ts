// Reads a program's weights into the JavaScript heap: as f32 what is looked up or multiplied
// in f32, as ternary values with their scales what is multiplied in integers.

import {
  isTernary,
  packFloats,
  type TernaryTensor,
  tensorToFloats,
  unpackFloats,
  unpackTernary,
} from "../format/tensors/index.js";
import type { ModelFile, TensorInfo } from "../format/types.js";
import { UnmaskError } from "../util/errors.js";
import { blockTypeOf, headInMemory } from "./head.js";
import type { Op, Program } from "./program.js";
import type { Matrix, TernaryMatrix } from "./reference-ops.js";
import type { HeadType } from "./types.js";

export interface Weights {
  /** Embedding, stored head, norms and biases, whatever their type in the file. */
  floats: Map<string, Float32Array>;
  /** The head: one of these floats, unless it is requantised. */
  head: Float32Array | null;
  /** Weights of linear ops. */
  matrices: Map<string, Matrix>;
  bytes: number;
}

/** @throws UnmaskError tensor_missing, type_does_not_fit (head) */
export async function readWeights(
  program: Program,
  file: ModelFile,
  head: HeadType | undefined,
  onProgress: (done: number, total: number) => void,
): Promise<Weights> {
  const weights: Weights = { floats: new Map(), head: null, matrices: new Map(), bytes: 0 };
  for (const [done, op] of program.ops.entries()) {
    for (const { name, as } of weightsOf(op)) {
      if (weights[as].has(name)) continue;
      const tensor = find(file, name);
      const bytes = await file.read(tensor);
      if (as === "floats") {
        const values = tensorToFloats(tensor.type, bytes);
        weights.floats.set(name, values);
        weights.bytes += values.byteLength;
      } else {
        const matrix = toMatrix(tensor, bytes);
        weights.matrices.set(name, matrix);
        weights.bytes += matrix.values.byteLength;
      }
    }
    if (op.op === "head") addHead(weights, find(file, op.weight), head);
    onProgress(done + 1, program.ops.length);
  }
  return weights;
}

/** Of the floats of its tensor, which are there. */
function addHead(weights: Weights, stored: TensorInfo, head: HeadType | undefined): void {
  const values = weights.floats.get(stored.name)!;
  weights.head = values;
  if (head === undefined || headInMemory(stored, head) === stored) return;
  const type = blockTypeOf(head);
  weights.head = unpackFloats(type, packFloats(type, values));
  weights.bytes += weights.head.byteLength;
}

function weightsOf(op: Op): { name: string; as: "floats" | "matrices" }[] {
  switch (op.op) {
    case "embed":
    case "norm":
    case "head":
      return [{ name: op.weight, as: "floats" }];
    case "linear": {
      const weight = { name: op.weight, as: "matrices" } as const;
      return op.bias === null ? [weight] : [weight, { name: op.bias, as: "floats" }];
    }
    default:
      return [];
  }
}

function find(file: ModelFile, name: string): TensorInfo {
  const tensor = file.tensors.get(name);
  if (tensor === undefined)
    throw new UnmaskError("tensor_missing", `The file has no tensor '${name}'. Convert it again.`);
  return tensor;
}

function toMatrix({ type, shape }: TensorInfo, bytes: Uint8Array): Matrix {
  const columns = shape[0];
  if (isTernary(type)) return toTernaryMatrix(columns, unpackTernary(type, bytes));
  return { kind: "float", columns, values: tensorToFloats(type, bytes) };
}

function toTernaryMatrix(columns: number, tensor: TernaryTensor): TernaryMatrix {
  const { codes, group } = tensor;
  const shared = sharedScale(tensor);
  const scales = shared === null ? tensor.scales : Float32Array.of(shared);
  const values = new Int8Array(codes.length);
  for (let i = 0; i < values.length; i++) values[i] = codes[i] - 1;
  return { kind: "ternary", columns, values, scales, group };
}

/** The one scale of all blocks, or null. A block of zeros may carry any scale: it says nothing. */
function sharedScale({ codes, scales, group }: TernaryTensor): number | null {
  const speaking = scales.filter((_, block) => {
    return codes.subarray(block * group, (block + 1) * group).some((code) => code !== 1);
  });
  if (speaking.length === 0) return 0;
  return speaking.every((scale) => scale === speaking[0]) ? speaking[0] : null;
}
