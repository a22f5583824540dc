// A program and its tensors as plain numbers, the form in which the addon receives them once.
//
// Names become indices: activations in the order of Program.widths, weights in the order of
// first use. native/program.h and readSpec in native/addon.cpp are the other side.

import { type ModelFile, tensorTypes } from "../format/types.js";
import { UnmaskError } from "../util/errors.js";
import { blockTypeOf } from "./head.js";
import type { Op, Program } from "./program.js";
import type { HeadType } from "./types.js";

/** In the order of OpKind in native/program.h. */
const opKinds = ["embed", "norm", "linear", "rope", "attend", "gate", "add", "head"] as const;
const activations = ["silu", "relu2"] as const;

export interface PackedProgram {
  weightNames: string[]; // by index
  tensors: Float64Array; // [weights, 5] type, offset, bytes, columns, rows
  ops: Int32Array; // [ops, 8] kind, a, b, c, out, weight, bias, param
  opReals: Float64Array; // [ops] eps
  widths: Int32Array; // [activations]
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocabulary: number;
  contextLength: number;
  blockLength: number;
  attentionScale: number;
  ropeDim: number;
  ropeAdjacent: number; // 0 or 1
  headType: number; // what to requantise the head to, -1: as stored
  cos: Float32Array;
  sin: Float32Array;
}

/** @throws UnmaskError tensor_missing */
export function packProgram(program: Program, file: Pick<ModelFile, "tensors">, head?: HeadType): PackedProgram {
  const weights = new Map<string, number>();
  const tensors: number[] = [];
  const weight = (name: string | null): number => {
    if (name === null) return -1;
    const known = weights.get(name);
    if (known !== undefined) return known;
    const info = file.tensors.get(name);
    if (info === undefined) {
      throw new UnmaskError("tensor_missing", `The model file has no tensor '${name}'. Convert the model again.`, {
        param: name,
      });
    }
    const [columns, rows = 1] = info.shape;
    tensors.push(tensorTypes.indexOf(info.type), info.offset, info.bytes, columns, rows);
    weights.set(name, weights.size);
    return weights.size - 1;
  };
  const names = Object.keys(program.widths);
  const activation = (name: string) => names.indexOf(name);
  const ops = program.ops.flatMap((op) => packOp(op, activation, weight));
  return {
    weightNames: [...weights.keys()],
    tensors: Float64Array.from(tensors),
    ops: Int32Array.from(ops),
    opReals: Float64Array.from(program.ops, (op) => (op.op === "norm" ? op.eps : 0)),
    widths: Int32Array.from(names, (name) => program.widths[name]),
    layers: program.layers,
    heads: program.heads,
    kvHeads: program.kvHeads,
    headDim: program.headDim,
    vocabulary: program.vocabulary,
    contextLength: program.contextLength,
    blockLength: program.blockLength,
    attentionScale: program.attentionScale,
    ropeDim: program.rope.dim,
    ropeAdjacent: program.rope.pairing === "adjacent" ? 1 : 0,
    headType: head === undefined ? -1 : tensorTypes.indexOf(blockTypeOf(head)),
    cos: program.rope.cos,
    sin: program.rope.sin,
  };
}

function packOp(op: Op, activation: (name: string) => number, weight: (name: string | null) => number): number[] {
  const kind = opKinds.indexOf(op.op);
  switch (op.op) {
    case "embed":
      return [kind, -1, -1, -1, activation(op.out), weight(op.weight), -1, 0];
    case "norm":
      return [kind, activation(op.input), -1, -1, activation(op.out), weight(op.weight), -1, 0];
    case "linear":
      return [kind, activation(op.input), -1, -1, activation(op.out), weight(op.weight), weight(op.bias), 0];
    case "rope":
      return [kind, activation(op.input), -1, -1, activation(op.input), -1, -1, op.heads];
    case "attend":
      return [kind, activation(op.q), activation(op.k), activation(op.v), activation(op.out), -1, -1, op.layer];
    case "gate": {
      const [gate, up, out] = [op.gate, op.up, op.out].map(activation);
      return [kind, gate, up, -1, out, -1, -1, activations.indexOf(op.activation)];
    }
    case "add":
      return [kind, activation(op.a), activation(op.b), -1, activation(op.out), -1, -1, 0];
    case "head":
      return [kind, activation(op.input), -1, -1, -1, weight(op.weight), -1, 0];
  }
}
