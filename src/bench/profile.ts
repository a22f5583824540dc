// Where the time of a forward goes, operation by operation, and what lies between two forwards.
//
// The native backend counts how long each thread works in each stage of its plan. What a forward
// takes beyond the slowest thread's sum is spent outside kernels: barriers, waking threads,
// JavaScript.

import type { NativeBackend, StageTime } from "../backend/native.js";
import type { Op, Program } from "../backend/program.js";
import type { Backend, Predictions, Span } from "../backend/types.js";
import { sumOfWork, type Tensors, type Work, workOf } from "./work.js";

export interface OperationTime {
  /** Kind and weights, all layers together: "matmul ffn_gate ffn_up". */
  name: string;
  /** Per forward. */
  calls: number;
  /** Of the slowest thread, per forward. */
  ms: number;
  work: Work;
}

export interface ForwardProfile {
  name: string;
  /** From request to result, per forward. */
  wallMs: number;
  /** The slowest thread's sum over all operations. */
  kernelMs: number;
  /** Slowest first. */
  operations: OperationTime[];
}

/** Microseconds per forward of a running answer, by what they were spent on. */
export interface StepTimes {
  name: string;
  forwards: number;
  kernels: number;
  /** From the call into the addon to the resolved promise, less the kernels. */
  handOver: number;
  /** Packing the request, before the addon is called. */
  packing: number;
  /** From one forward's result to the next one's request: decoder, scheduler, events, consumer. */
  between: number;
}

export function canProfile(backend: Backend): backend is NativeBackend {
  return "profile" in backend;
}

/** @param forwards run `times` times; all alike in work */
export async function profileForward(
  backend: NativeBackend,
  { program, tensors }: { program: Program; tensors: Tensors },
  { name, spans, times }: { name: string; spans: readonly Span[]; times: number },
): Promise<ForwardProfile> {
  await backend.forward(spans);
  backend.profile(); // begins
  const begun = performance.now();
  for (let i = 0; i < times; i++) await backend.forward(spans);
  const wallMs = (performance.now() - begun) / times;
  const stages = backend.profile();
  return {
    name,
    wallMs,
    kernelMs: slowestThread(stages) / times,
    operations: operationTimes(stages, times, { program, tensors }, spans),
  };
}

/** The greatest of the threads' sums over all stages. */
export function slowestThread(stages: readonly StageTime[]): number {
  const threads = stages[0]?.busy.length ?? 0;
  const sums = Array.from({ length: threads }, (_, thread) => stages.reduce((sum, { busy }) => sum + busy[thread], 0));
  return Math.max(0, ...sums);
}

/** Stages of the same kind and weights, over all layers. */
export function operationTimes(
  stages: readonly StageTime[],
  times: number,
  { program, tensors }: { program: Program; tensors: Tensors },
  spans: readonly Span[],
): OperationTime[] {
  const groups = new Map<string, OperationTime>();
  for (const stage of stages) {
    const name = nameOf(stage);
    const group = groups.get(name) ?? { name, calls: 0, ms: 0, work: { int8Ops: 0, floatOps: 0, bytes: 0 } };
    const works = opsOf(stage, program).map((op) => workOf(op, program, tensors, spans));
    groups.set(name, {
      name,
      calls: group.calls + 1,
      ms: group.ms + Math.max(...stage.busy) / times,
      work: sumOfWork([group.work, ...works]),
    });
  }
  return [...groups.values()].sort((a, b) => b.ms - a.ms);
}

function nameOf({ kind, weights }: StageTime): string {
  const short = weights.map((weight) => weight.replace(/^blk\.\d+\./, "").replace(/\.(weight|bias)$/, ""));
  return [kind, ...new Set(short)].join(" ");
}

/** What a stage computes of the program. Attention has no weights: one stage stands for one layer's. */
function opsOf({ kind, weights }: StageTime, { ops }: Program): Op[] {
  if (kind === "attend") return ops.filter((op) => op.op === "attend").slice(0, 1);
  if (kind !== "matmul" && kind !== "head") return [];
  return ops.filter((op) => (op.op === "linear" || op.op === "head") && weights.includes(op.weight));
}

/** A backend that notes when its forwards were asked for, handed over and answered. */
export class ClockedBackend implements Backend {
  readonly info;
  readonly marks: { asked: number; handedOver: number; answered: number }[] = [];
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.info = backend.info;
  }

  async forward(spans: readonly Span[]): Promise<(Predictions | null)[]> {
    const asked = performance.now();
    const running = this.#backend.forward(spans);
    const handedOver = performance.now();
    const predictions = await running;
    this.marks.push({ asked, handedOver, answered: performance.now() });
    return predictions;
  }

  dispose(): Promise<void> {
    return this.#backend.dispose();
  }
}

/** @param kernelMs of all these forwards together */
export function stepTimes(name: string, marks: ClockedBackend["marks"], kernelMs: number): StepTimes {
  const forwards = marks.length;
  const sum = (of: (mark: (typeof marks)[number], i: number) => number) =>
    marks.reduce((total, mark, i) => total + of(mark, i), 0);
  const each = (ms: number, count: number) => (1000 * ms) / Math.max(1, count);
  return {
    name,
    forwards,
    kernels: each(kernelMs, forwards),
    handOver: each(sum(({ handedOver, answered }) => answered - handedOver) - kernelMs, forwards),
    packing: each(
      sum(({ asked, handedOver }) => handedOver - asked),
      forwards,
    ),
    between: each(
      sum(({ asked }, i) => (i === 0 ? 0 : asked - marks[i - 1].answered)),
      forwards - 1,
    ),
  };
}
