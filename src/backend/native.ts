// The native backend: the same contract as the reference, executed by the C++ addon.
//
// One native call per forward. The work happens on the addon's own threads and the event loop is
// free meanwhile, unless the forward is quicker than handing it over: then it is done in the call,
// and the event loop gets a turn after it. The addon is loaded on first use from build/native, or not at all: then
// nativeAvailable says why and the reference can answer.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { ModelFile } from "../format/types.js";
import { type ErrorCode, errorTable, UnmaskError } from "../util/errors.js";
import { headInMemory, storedHead } from "./head.js";
import { type PackedProgram, packProgram } from "./native-program.js";
import { Answers, RequestPacker } from "./native-request.js";
import type { Program } from "./program.js";
import { checkSpans } from "./spans.js";
import type { Backend, BackendInfo, BackendOptions, Predictions, Span } from "./types.js";

type StageKind = "rows" | "matmul" | "writeKv" | "attend" | "head" | "finish";

/** Where the time of forwards went, stage by stage of the native plan. */
export interface StageTime {
  kind: StageKind;
  /** Over the rows with a head request only. */
  asked: boolean;
  /** Names of the weights it reads. */
  weights: string[];
  /** Milliseconds each thread was at work. */
  busy: number[];
}

export interface Profile {
  stages: StageTime[];
  /** Milliseconds that forwards took inside the addon: the stages and the threads' waiting for each other. */
  runMs: number;
}

/** A backend that can say where its time went. */
export interface NativeBackend extends Backend {
  /** Since the last call; the first call starts the measurement. Not while a forward runs. */
  profile(): Profile;
}

/** What native/addon.cpp exports. */
interface Addon {
  isa(): string[];
  create(
    config: PackedProgram & { path: string; isa: string; threads: number; maxRows: number; pages: number },
  ): Session;
  load(session: Session, onProgress: (done: number, total: number) => void): Promise<void>;
  info(session: Session): { isa: string; threads: number; weightBytes: number; kvBytes: number };
  forward(
    session: Session,
    ints: Int32Array,
    reals: Float64Array,
    answers: Int32Array,
    logits: Float32Array | null,
  ): Promise<void> | undefined;
  unload(session: Session): Promise<void>;
  stages(session: Session): { kind: StageKind; asked: boolean; weights: number[] }[];
  profile(session: Session): Float64Array;
  peaks(threads: number, isa: string): number[];
}

declare const sessionBrand: unique symbol;
interface Session {
  readonly [sessionBrand]: true;
}

const buildCommand = "npm run build:native";

/** The addon lies beside src/ and dist/ alike: two folders up from this file. */
function addonPath(): string {
  const name = `unmask-${process.platform}-${process.arch}.node`;
  return fileURLToPath(new URL(`../../build/native/${name}`, import.meta.url));
}

/** What the addon exports, for a caller that knows it. Throws `native_unavailable`. */
export function loadAddon<Exports = Addon>(): Exports {
  const path = addonPath();
  if (!existsSync(path)) {
    throw new UnmaskError(
      "native_unavailable",
      `The native addon ${path} is not built. Build it with: ${buildCommand}`,
    );
  }
  try {
    return createRequire(import.meta.url)(path) as Exports; // Node caches it
  } catch (cause) {
    throw new UnmaskError(
      "native_unavailable",
      `The native addon ${path} cannot be loaded: ${(cause as Error).message}. Build it again with: ${buildCommand}`,
      { cause },
    );
  }
}

/** Whether the native backend can run here, and with which instruction sets, best first. */
export function nativeAvailable(): { ok: true; isa: string[] } | { ok: false; reason: string } {
  try {
    return { ok: true, isa: loadAddon().isa() };
  } catch (error) {
    return { ok: false, reason: (error as Error).message };
  }
}

/** What a machine can do at most; 1e9 a second, over all threads. A multiply-add counts as two operations. */
export interface Peaks {
  /** 8-bit multiply-adds of the best instruction there is. */
  int8Gops: number;
  /** f32 fused multiply-adds. */
  floatGops: number;
  /** Reading memory far beyond the caches. */
  readGBs: number;
}

/** Measures with native loops that do nothing else; half a second in which nothing else runs. */
export function measurePeaks(threads: number, isa: string): Peaks {
  const [int8Gops, floatGops, readGBs] = loadAddon().peaks(threads, isa);
  return { int8Gops, floatGops, readGBs };
}

/**
 * Maps the file's weights, repacks the ternary ones and requantises the head if asked, on the addon's threads.
 *
 * @param file is read by path while the backend lives and must not shrink; it may be closed.
 * @param options isa may also come from UNMASK_ISA.
 * @throws UnmaskError native_unavailable, config_invalid (isa), tensor_missing, tensor_shape_mismatch,
 *   type_does_not_fit (head), file_not_found, gguf_invalid, out_of_memory
 */
export async function createNative(program: Program, file: ModelFile, options: BackendOptions): Promise<NativeBackend> {
  const addon = loadAddon();
  const head = storedHead(program, file.tensors);
  if (head !== undefined) headInMemory(head, options.head); // refuses what does not fit
  const packed = packProgram(program, file, options.head);
  const session = addon.create({
    ...packed,
    path: file.path,
    isa: options.isa ?? process.env.UNMASK_ISA ?? "",
    threads: options.threads ?? 0,
    maxRows: options.maxRows,
    pages: options.pages,
  });
  await settled(addon.load(session, options.onProgress ?? (() => {})));
  return new Native(addon, session, program, packed.weightNames, options);
}

class Native implements NativeBackend {
  readonly info: BackendInfo;
  readonly #addon: Addon;
  readonly #session: Session;
  readonly #program: Program;
  readonly #weightNames: string[];
  readonly #limits: BackendOptions;
  readonly #request = new RequestPacker();
  #running: Promise<void> | null = null;
  #disposal: Promise<void> | null = null;

  constructor(addon: Addon, session: Session, program: Program, weightNames: string[], limits: BackendOptions) {
    this.#addon = addon;
    this.#session = session;
    this.#program = program;
    this.#weightNames = weightNames;
    this.#limits = limits;
    this.info = { kind: "native", ...addon.info(session) };
  }

  async forward(spans: readonly Span[]): Promise<(Predictions | null)[]> {
    if (this.#disposal !== null) throw new UnmaskError("disposed", "The model has been disposed of. Load it again.");
    if (this.#running !== null) throw new Error("forward while another one runs");
    checkSpans(this.#program, this.#limits, spans);
    const { vocabulary } = this.#program;
    this.#request.pack(spans);
    const answers = new Answers(this.#request, vocabulary);
    this.#running = this.#run(answers);
    try {
      await settled(this.#running);
    } finally {
      this.#running = null;
    }
    return answers.read(spans, vocabulary);
  }

  async #run({ words, logits }: Answers): Promise<void> {
    const { ints, reals } = this.#request;
    const running = this.#addon.forward(this.#session, ints, reals, words, logits);
    await (running ?? new Promise(setImmediate));
  }

  profile(): Profile {
    const times = this.#addon.profile(this.#session); // nanoseconds [threads, stages], [1]
    const stages = this.#addon.stages(this.#session);
    const { threads } = this.info;
    return {
      stages: stages.map(({ kind, asked, weights }, s) => ({
        kind,
        asked,
        weights: weights.map((weight) => this.#weightNames[weight]),
        busy: Array.from({ length: threads }, (_, thread) => times[thread * stages.length + s] / 1e6),
      })),
      runMs: times[threads * stages.length] / 1e6,
    };
  }

  dispose(): Promise<void> {
    this.#disposal ??= (async () => {
      await this.#running?.catch(() => {});
      await this.#addon.unload(this.#session);
    })();
    return this.#disposal;
  }
}

/** What the addon rejects with carries one of our codes. */
export async function settled<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === undefined || !(code in errorTable)) throw error;
    throw new UnmaskError(code as ErrorCode, message, { cause: error });
  }
}
