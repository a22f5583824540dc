// Where the time of a forward goes, operation by operation, and what lies between two forwards.
//
// The native backend counts how long each thread works in each stage of its plan. What a forward
// takes beyond the slowest thread's sum is spent outside kernels: barriers, waking threads,
// JavaScript.

import type { NativeBackend, Profile, StageTime } from "../backend/native.js";
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
  /** Inside the addon, per forward. */
  runMs: number;
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
  /** Threads waiting for each other: barriers, uneven shares. */
  waiting: number;
  /** From request to result, less the time in the addon's run: packing, waking threads, promises. */
  handOver: number;
  /** From one forward's result to the next one's request: decoder, scheduler, events, consumer. */
  between: number;
}

export function canProfile(backend: Backend): backend is NativeBackend {
  return "profile" in backend;
}

/** A second of work, in how often something is done that took so long once. */
export function timesFor(milliseconds: number): number {
  return Math.max(1, Math.min(1000, Math.round(1000 / milliseconds)));
}

/** @param times how often it runs to warm up, the compiler of JavaScript too, and how often it is measured */
export async function profileForward(
  backend: NativeBackend,
  { program, tensors }: { program: Program; tensors: Tensors },
  { name, spans, times }: { name: string; spans: readonly Span[]; times: number },
): Promise<ForwardProfile> {
  for (let i = 0; i < times; i++) await backend.forward(spans);
  backend.profile(); // begins
  const begun = performance.now();
  for (let i = 0; i < times; i++) await backend.forward(spans);
  const wallMs = (performance.now() - begun) / times;
  const { stages, runMs } = backend.profile();
  return {
    name,
    wallMs,
    runMs: runMs / times,
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

interface Mark {
  asked: number;
  answered: number;
}

/** A backend that notes when its forwards were asked for and answered. */
export class ClockedBackend implements Backend {
  readonly info;
  marks: Mark[] = [];
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.info = backend.info;
  }

  async forward(spans: readonly Span[]): Promise<(Predictions | null)[]> {
    const asked = performance.now();
    const predictions = await this.#backend.forward(spans);
    this.marks.push({ asked, answered: performance.now() });
    return predictions;
  }

  dispose(): Promise<void> {
    return this.#backend.dispose();
  }
}

/**
 * @param answers the forwards of each answer, one answer after the other
 * @param profile of all these forwards together
 */
export function stepTimes(name: string, answers: Mark[][], { stages, runMs }: Profile): StepTimes {
  const kernelMs = slowestThread(stages);
  const forwards = answers.flat().length;
  const sum = (of: (mark: Mark, i: number, marks: Mark[]) => number) =>
    answers.reduce((total, marks) => marks.reduce((sum, mark, i) => sum + of(mark, i, marks), total), 0);
  const each = (ms: number, count: number) => (1000 * ms) / Math.max(1, count);
  return {
    name,
    forwards,
    kernels: each(kernelMs, forwards),
    waiting: each(runMs - kernelMs, forwards),
    handOver: each(sum(({ asked, answered }) => answered - asked) - runMs, forwards),
    between: each(
      sum(({ asked }, i, marks) => (i === 0 ? 0 : asked - marks[i - 1].answered)),
      forwards - answers.length,
    ),
  };
}
