// `unmask bench`: loads a model once, measures it part by part, and says what was found as data.

import { measurePeaks, type Peaks } from "../backend/native.js";
import type { BackendInfo } from "../backend/types.js";
import { loadParts } from "../engine/index.js";
import { EngineModel, type EngineParts } from "../engine/model.js";
import type { LoadOptions } from "../engine/types.js";
import { type ConcurrencyResult, concurrencyCandidate, concurrencyCases, concurrencyResults } from "./concurrency.js";
import { denoiseSpan, type ForwardCase, forwardCandidate, forwardCases, prefillCase } from "./forwards.js";
import { type GenerationResult, generationCandidate, generationCases, generationResult } from "./generation.js";
import { type HeadResult, measureHeads } from "./heads.js";
import { type Machine, OtherWork, thisMachine } from "./machine.js";
import {
  ClockedBackend,
  canProfile,
  type ForwardProfile,
  profileForward,
  type StepTimes,
  stepTimes,
  timesFor,
} from "./profile.js";
import { inTurns, type RoundOptions, throwIfAborted } from "./rounds.js";
import { type Spread, spreadOf } from "./statistics.js";
import { type SweepResult, sweepOne, threadCounts } from "./sweep.js";
import { sumOfWork, type Tensors, tensorsInMemory, type Work, workOfForward } from "./work.js";

export const benchParts = ["load", "forwards", "generation", "concurrency", "heads", "profile", "sweep"] as const;
export type BenchPart = (typeof benchParts)[number];

export interface SuiteOptions extends Omit<RoundOptions, "warmUp" | "onRun"> {
  parts: readonly BenchPart[];
  onProgress?: (doing: string) => void;
}

export interface Subject {
  file: string;
  bytes: number;
  architecture: string;
  attention: string;
  weightType: string;
  /** Type of the head's matrix, in use and as stored. */
  head: { type: string; stored: string };
  parameters: number;
  /** Random weights, which say nothing about quality. */
  synthetic: boolean;
}

export interface LoadResult {
  /** From the path to a model that answers. */
  seconds: Spread;
  tensorBytes: number;
  weightBytes: number;
  kvBytes: number;
  /** Of the whole process, mapped file included. */
  residentBytes: number;
  /** The most it has been. */
  peakBytes: number;
}

export interface ForwardResult {
  name: string;
  rows: number;
  ms: Spread;
  work: Work;
}

export interface Report {
  machine: Machine;
  /** Share of the machine that other processes used meanwhile. */
  otherWork: number;
  subject: Subject;
  backend: BackendInfo;
  maxRows: number;
  peaks: Peaks | null;
  rounds: number;
  load?: LoadResult;
  forwards?: ForwardResult[];
  generation?: GenerationResult[];
  concurrency?: ConcurrencyResult[];
  heads?: HeadResult[];
  profile?: { forwards: ForwardProfile[]; steps: StepTimes[] } | null;
  sweep?: SweepResult[];
}

type Loaded = Awaited<ReturnType<typeof loadParts>> & { tensors: Tensors };

const loads = 3;

/** @throws aborted, and what loading throws */
export async function measure(path: string, load: LoadOptions, options: SuiteOptions): Promise<Report> {
  const { parts, rounds, signal, onProgress = () => {} } = options;
  const wants = (part: BenchPart) => parts.includes(part);
  const others = new OtherWork();
  const open = async (more: LoadOptions = {}): Promise<Loaded> => {
    throwIfAborted(signal);
    onProgress("loading the model");
    const all = { ...load, ...more, prefixCache: false };
    const parts = await loadParts(path, all);
    return { ...parts, tensors: tensorsInMemory(parts.program, parts.file.tensors, all.head) };
  };
  const onRun = (name: string, done: number, total: number) => onProgress(`${name} (${done + 1}/${total})`);
  const turns: RoundOptions = { rounds, signal, onRun };
  // They load models of their own: before ours, so that one at a time is in memory.
  const heads = wants("heads") ? await measureHeads((head) => open({ head }), close, turns) : undefined;
  const times: number[] = [];
  let loaded = await timed(open, times);
  try {
    for (let i = 1; wants("load") && i < Math.min(loads, rounds); i++) {
      await close(loaded);
      loaded = await timed(open, times);
    }
    const load = wants("load") ? loadResult(loaded, times) : undefined; // before the peaks, which take memory
    const report: Report = { ...(await describe(loaded)), rounds, otherWork: 0, heads, load };
    if (wants("forwards")) report.forwards = await measureForwards(loaded, turns);
    if (wants("generation")) report.generation = await measureGeneration(loaded, turns);
    if (wants("concurrency")) report.concurrency = await measureConcurrency(loaded, turns);
    if (wants("profile")) report.profile = await measureProfile(loaded, options);
    if (wants("sweep")) {
      report.sweep = [];
      for (const threads of threadCounts(report.machine.cores)) {
        await close(loaded);
        loaded = await open({ threads });
        report.sweep.push(await sweepOne(loaded.backend, sweepCases(loaded), turns));
      }
    }
    return { ...report, otherWork: others.share() };
  } finally {
    await close(loaded);
  }
}

async function timed(open: () => Promise<Loaded>, times: number[]): Promise<Loaded> {
  const begun = performance.now();
  const loaded = await open();
  times.push((performance.now() - begun) / 1000);
  return loaded;
}

async function close({ backend, file }: Pick<Loaded, "backend" | "file">): Promise<void> {
  await backend.dispose();
  await file.close();
}

async function describe(
  loaded: Loaded,
): Promise<Pick<Report, "machine" | "subject" | "backend" | "maxRows" | "peaks">> {
  const { info, file, backend, maxRows } = loaded;
  const { id, bytes, architecture, attention, weightType, head, parameters } = info;
  const synthetic = file.metadata.get("unmask.synthetic") === true;
  return {
    machine: thisMachine(),
    subject: { file: `${id}.gguf`, bytes, architecture, attention, weightType, head, parameters, synthetic },
    backend: backend.info,
    maxRows,
    peaks: backend.info.kind === "native" ? measurePeaks(backend.info.threads, backend.info.isa) : null,
  };
}

function loadResult({ backend, file }: Loaded, times: readonly number[]): LoadResult {
  const { weightBytes, kvBytes } = backend.info;
  const tensorBytes = [...file.tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    seconds: spreadOf(times),
    tensorBytes,
    weightBytes,
    kvBytes,
    residentBytes: process.memoryUsage.rss(),
    peakBytes: 1024 * process.resourceUsage().maxRSS,
  };
}

async function measureForwards(loaded: Loaded, turns: RoundOptions): Promise<ForwardResult[]> {
  const cases = forwardCases(loaded);
  const samples = await inTurns(
    cases.map((test) => forwardCandidate(loaded.backend, test)),
    turns,
  );
  return cases.map((test, i) => ({
    name: test.name,
    rows: test.rows,
    ms: spreadOf(samples[i]),
    work: workOfCase(loaded, test),
  }));
}

function workOfCase({ program, tensors }: Loaded, { forwards }: ForwardCase): Work {
  return sumOfWork(forwards.map((spans) => workOfForward(program, tensors, spans)));
}

async function measureGeneration(loaded: Loaded, { signal, ...turns }: RoundOptions): Promise<GenerationResult[]> {
  const model = new EngineModel(loaded);
  const cases = generationCases(model);
  // The kernels are warm already, and a whole answer is long.
  const samples = await inTurns(
    cases.map((test) => generationCandidate(model, test, signal)),
    { ...turns, warmUp: 0, signal },
  );
  return cases.map((test, i) => generationResult(test, samples[i]));
}

async function measureConcurrency(loaded: Loaded, { signal, ...turns }: RoundOptions): Promise<ConcurrencyResult[]> {
  const model = new EngineModel(loaded);
  const cases = concurrencyCases(model);
  const samples = await inTurns(
    cases.map((test) => concurrencyCandidate(model, test, signal)),
    { ...turns, warmUp: 0, signal },
  );
  return concurrencyResults(cases, samples);
}

async function measureProfile(
  loaded: Loaded,
  { signal, onProgress = () => {} }: SuiteOptions,
): Promise<NonNullable<Report["profile"]> | null> {
  const { backend, program, tensors } = loaded;
  if (!canProfile(backend)) return null;
  const forwards: ForwardProfile[] = [];
  for (const { name, forwards: spans } of forwardCases(loaded)) {
    // A long prompt is a short one several times; a step with all of its head shows the others.
    if (spans.length > 1 || /no head|head of 1 row/.test(name)) continue;
    throwIfAborted(signal);
    onProgress(`profile of ${name}`);
    const once = await milliseconds(() => backend.forward(spans[0]));
    const test = { name, spans: spans[0], times: timesFor(once) };
    forwards.push(await profileForward(backend, { program, tensors }, test));
  }
  const clocked = new ClockedBackend(backend);
  const model = new EngineModel({ ...loaded, backend: clocked });
  const steps: StepTimes[] = [];
  for (const test of generationCases(model).filter(({ newTokens }) => newTokens === 64)) {
    throwIfAborted(signal);
    onProgress(`profile of ${test.name}`);
    const { run } = generationCandidate(model, test, signal);
    const times = timesFor(await milliseconds(run));
    for (let i = 1; i < times; i++) await run();
    const answers = [];
    backend.profile();
    for (let i = 0; i < times; i++) {
      clocked.marks = [];
      await run();
      answers.push(clocked.marks);
    }
    steps.push(stepTimes(`${test.name}, prompt of ${test.promptTokens}`, answers, backend.profile()));
  }
  return { forwards, steps };
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** The case that decides how many threads are best comes first. */
export function sweepCases(loaded: Pick<EngineParts, "info" | "facts" | "maxRows">): ForwardCase[] {
  const block = loaded.facts.blockLength;
  const spans = denoiseSpan(loaded, [block - 1]);
  const denoise = { name: `denoise ${block} rows`, rows: block, forwards: [[spans]] };
  const decode = forwardCases(loaded).filter(({ name }) => name.startsWith("decode"));
  return [denoise, prefillCase(loaded, 128), ...decode];
}
