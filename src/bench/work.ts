// How much a forward has to do: operations and bytes, counted from the program.
//
// A multiply-add is two operations. Bytes are those that must come from memory once per forward
// whatever the implementation: ternary weights at 2 bits, other weights as stored, keys and
// values in f16. Activations stay in caches and do not count.

import { headInMemory, storedHead } from "../backend/head.js";
import type { Op, Program } from "../backend/program.js";
import { visibleEnd } from "../backend/reference-attention.js";
import type { HeadType, Span } from "../backend/types.js";
import { tensorTypeTable } from "../format/tensor-types.js";
import type { TensorInfo } from "../format/types.js";

export interface Work {
  /** Of ternary weights with 8-bit activations. */
  int8Ops: number;
  /** Of everything else, in f32. */
  floatOps: number;
  bytes: number;
}

export type Tensors = ReadonlyMap<string, TensorInfo>;

/** The file's tensors as forwards read them: the head as it is in memory. (An embedding is looked up and costs nothing.) */
export function tensorsInMemory(program: Program, tensors: Tensors, head: HeadType | undefined): Tensors {
  const stored = storedHead(program, tensors);
  return stored === undefined ? tensors : new Map([...tensors, [stored.name, headInMemory(stored, head)]]);
}

/** The work of a whole forward. */
export function workOfForward(program: Program, tensors: Tensors, spans: readonly Span[]): Work {
  return sumOfWork(program.ops.map((op) => workOf(op, program, tensors, spans)));
}

export function sumOfWork(works: readonly Work[]): Work {
  const total: Work = { int8Ops: 0, floatOps: 0, bytes: 0 };
  for (const { int8Ops, floatOps, bytes } of works) {
    total.int8Ops += int8Ops;
    total.floatOps += floatOps;
    total.bytes += bytes;
  }
  return total;
}

/** The work of one operation. Norms, gates and additions count nothing: they are not what a step costs. */
export function workOf(op: Op, program: Program, tensors: Tensors, spans: readonly Span[]): Work {
  switch (op.op) {
    case "linear":
      return product(tensors.get(op.weight)!, rowsOf(spans));
    case "head": {
      const asked = spans.reduce((sum, { head }) => sum + (head?.rows.length ?? 0), 0);
      const { bytes, shape } = tensors.get(op.weight)!;
      return asked === 0 ? none : { int8Ops: 0, floatOps: 2 * asked * shape[0] * shape[1], bytes };
    }
    case "attend":
      return attention(program, spans);
    default:
      return none;
  }
}

const none: Work = { int8Ops: 0, floatOps: 0, bytes: 0 };

function product({ type, shape, bytes }: TensorInfo, rows: number): Work {
  const weights = shape[0] * shape[1];
  const ops = 2 * rows * weights;
  return tensorTypeTable[type].ternary
    ? { int8Ops: ops, floatOps: 0, bytes: weights / 4 }
    : { int8Ops: 0, floatOps: ops, bytes };
}

/** q·k and p·v over the visible keys; keys and values are read once per span. */
function attention({ heads, kvHeads, headDim, blockLength }: Program, spans: readonly Span[]): Work {
  let pairs = 0;
  let positions = 0;
  for (const span of spans) {
    positions += span.keyEnd;
    for (const row of span.tokens.keys()) pairs += visibleEnd(span, span.position + row, blockLength);
  }
  return { int8Ops: 0, floatOps: 4 * pairs * heads * headDim, bytes: positions * kvHeads * headDim * 4 };
}

function rowsOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { tokens }) => sum + tokens.length, 0);
}
