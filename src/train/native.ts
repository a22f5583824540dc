// The native trainer: the same contract as the reference, computed by the C++ addon in f32.
//
// Work happens on threads of the addon and settles one promise per call; one call at a time.
// Batches are checked here, so that the addon meets none that would lead it out of bounds.

import { loadAddon, settled } from "../backend/native.js";
import { type PackedProgram, packProgram } from "../backend/native-program.js";
import type { Program } from "../backend/program.js";
import type { TensorInfo } from "../format/types.js";
import { UnmaskError } from "../util/errors.js";
import { checkBatch } from "./batch.js";
import { sizeOf } from "./parameters.js";
import type { Batch, ParameterInfo, StepResult, Trainer, UpdateOptions } from "./types.js";

export interface NativeTrainerOptions {
  parameters: readonly ParameterInfo[];
  /** Most rows of one batch. */
  maxRows: number;
  /** 0 or absent: physical cores. */
  threads?: number;
  /** Force an instruction set ("scalar", "avx2", "avxvnni", "avx512vnni", "amx"); absent: UNMASK_ISA, or the best this CPU has. */
  isa?: string;
}

export interface NativeTrainer extends Trainer {
  readonly isa: string;
  readonly threads: number;
  /** Floating-point operations per second of the innermost loop alone, on all threads. Takes some milliseconds. */
  measurePeak(): number;
}

declare const handleBrand: unique symbol;
interface Handle {
  readonly [handleBrand]: true;
}

type Sums = Omit<StepResult, "losses">;

/** What native/train/bridge.cpp exports. */
interface Addon {
  trainerCreate(
    config: PackedProgram & { path: string; isa: string; threads: number; maxRows: number; pages: number },
    kinds: Int32Array, // [parameters, 2]
  ): Handle;
  trainerInfo(trainer: Handle): { isa: string; threads: number };
  trainerRun(
    trainer: Handle,
    training: boolean,
    batch: Batch,
    quantisation: number,
    losses: Float32Array,
    logits: Float32Array | null,
  ): Promise<Sums>;
  trainerUpdate(trainer: Handle, options: Float64Array): Promise<number>;
  trainerRead(trainer: Handle, parameter: number, array: number, out: Float32Array): void;
  trainerWrite(trainer: Handle, parameter: number, array: number, values: Float32Array): void;
  trainerSteps(trainer: Handle, steps: number): number;
  trainerPeak(trainer: Handle): number;
  trainerFree(trainer: Handle): void;
}

/** In the order of ParameterSpec::Kind in native/train/parameters.h. */
const kinds = ["embedding", "matrix", "vector"] as const;

/** Arrays of a parameter, as trainerRead numbers them. */
const arrays = { values: 0, gradient: 1, first: 2, second: 3, momentum: 4 } as const;
type ArrayName = keyof typeof arrays;

/** All parameters begin at 0; `set` gives them values.
 * @throws UnmaskError native_unavailable, config_invalid (isa; a ternary embedding), tensor_missing, out_of_memory
 */
export async function createNativeTrainer(program: Program, options: NativeTrainerOptions): Promise<NativeTrainer> {
  const addon = loadAddon<Addon>();
  const tensors = new Map(options.parameters.map((parameter) => [parameter.name, tensorOf(parameter)]));
  const packed = packProgram(program, { tensors });
  // The addon numbers parameters as the program first uses them.
  const order = packed.weightNames.map((name) => options.parameters.find((parameter) => parameter.name === name)!);
  if (order.length !== options.parameters.length) {
    const unused = options.parameters.find(({ name }) => !packed.weightNames.includes(name))!;
    throw new Error(`the program does not use parameter ${unused.name}`);
  }
  const { threads = 0, isa = process.env.UNMASK_ISA ?? "", maxRows } = options;
  const trainer = await settled(
    (async () =>
      addon.trainerCreate(
        { ...packed, path: "", isa, threads, maxRows, pages: 0 },
        Int32Array.from(order.flatMap(({ kind, ternary }) => [kinds.indexOf(kind), ternary ? 1 : 0])),
      ))(),
  );
  return new Native(addon, trainer, program, packed.weightNames, options);
}

/** A tensor that lies in no file. */
function tensorOf({ name, shape }: ParameterInfo): TensorInfo {
  return { name, type: "F32", shape, offset: 0, bytes: 0 };
}

class Native implements NativeTrainer {
  readonly parameters: readonly ParameterInfo[];
  readonly isa: string;
  readonly threads: number;
  readonly #addon: Addon;
  readonly #handle: Handle;
  readonly #program: Program;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #maxRows: number;
  #running: Promise<unknown> | null = null;
  #disposed = false;

  constructor(addon: Addon, handle: Handle, program: Program, names: string[], options: NativeTrainerOptions) {
    this.#addon = addon;
    this.#handle = handle;
    this.#program = program;
    this.#numbers = new Map(names.map((name, i) => [name, i]));
    this.#maxRows = options.maxRows;
    this.parameters = options.parameters;
    const { isa, threads } = addon.trainerInfo(handle);
    this.isa = isa;
    this.threads = threads;
  }

  get(name: string): Float32Array {
    return this.#read(name, "values");
  }

  set(name: string, values: Float32Array): void {
    this.#write(name, "values", values);
  }

  gradient(name: string): Float32Array {
    return this.#read(name, "gradient");
  }

  async accumulate(batch: Batch, quantisation: number): Promise<StepResult> {
    return this.#pass(batch, quantisation, true, null);
  }

  async evaluate(
    batch: Batch,
    quantisation: number,
    options: { logits?: boolean } = {},
  ): Promise<StepResult & { logits: Float32Array | null }> {
    const logits = options.logits ? new Float32Array(batch.tokens.length * this.#program.vocabulary) : null;
    return { ...(await this.#pass(batch, quantisation, false, logits)), logits };
  }

  async update(options: UpdateOptions): Promise<number> {
    const { matrixRate, otherRate, matrices, beta1, beta2, epsilon, momentum, weightDecay, clip } = options;
    const muon = matrices === "muon" ? 1 : 0;
    const numbers = [matrixRate, otherRate, muon, beta1, beta2, epsilon, momentum, weightDecay, clip];
    return this.#run(() => this.#addon.trainerUpdate(this.#handle, Float64Array.from(numbers)));
  }

  /** First the number of steps, then the arrays of every parameter in order. */
  saveState(): Float32Array[] {
    const steps = this.#addon.trainerSteps(this.#idle(), -1);
    return [Float32Array.of(steps), ...this.#states().map(([name, array]) => this.#read(name, array))];
  }

  loadState(state: readonly Float32Array[]): void {
    const own = this.#states();
    const fits =
      state.length === own.length + 1 &&
      own.every(([name], i) => state[i + 1].length === sizeOf(this.#parameter(name)));
    if (!fits) throw new Error("the optimiser's state is that of another model");
    this.#addon.trainerSteps(this.#idle(), state[0][0]);
    for (const [i, [name, array]] of own.entries()) this.#write(name, array, state[i + 1]);
  }

  measurePeak(): number {
    return this.#addon.trainerPeak(this.#idle());
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#running?.catch(() => {});
    this.#addon.trainerFree(this.#handle);
  }

  /** The optimiser's arrays of every parameter. */
  #states(): [name: string, array: ArrayName][] {
    return this.parameters.flatMap(({ name, kind }) => {
      const own: ArrayName[] = kind === "matrix" ? ["first", "second", "momentum"] : ["first", "second"];
      return own.map((array): [string, ArrayName] => [name, array]);
    });
  }

  async #pass(batch: Batch, quantisation: number, training: boolean, logits: Float32Array | null): Promise<StepResult> {
    checkBatch(this.#program, this.#maxRows, batch);
    if (!(quantisation >= 0 && quantisation <= 1)) throw new Error(`quantisation of ${quantisation}`);
    const losses = new Float32Array(batch.tokens.length);
    const sums = await this.#run(() =>
      this.#addon.trainerRun(this.#handle, training, batch, quantisation, losses, logits),
    );
    return { ...sums, losses };
  }

  async #run<T>(start: () => Promise<T>): Promise<T> {
    this.#idle();
    const running = settled(start());
    this.#running = running;
    try {
      return await running;
    } finally {
      this.#running = null;
    }
  }

  /** The handle, if nothing is at work on it. */
  #idle(): Handle {
    if (this.#disposed) throw new UnmaskError("disposed", "The trainer has been disposed of. Create it again.");
    if (this.#running !== null) throw new Error("the trainer is at work");
    return this.#handle;
  }

  #parameter(name: string): ParameterInfo {
    const parameter = this.parameters.find((each) => each.name === name);
    if (parameter === undefined) throw new Error(`there is no parameter ${name}`);
    return parameter;
  }

  #read(name: string, array: ArrayName): Float32Array {
    const out = new Float32Array(sizeOf(this.#parameter(name)));
    this.#addon.trainerRead(this.#idle(), this.#numbers.get(name)!, arrays[array], out);
    return out;
  }

  #write(name: string, array: ArrayName, values: Float32Array): void {
    const size = sizeOf(this.#parameter(name));
    if (values.length !== size) throw new Error(`${name} has ${size} values, not ${values.length}`);
    this.#addon.trainerWrite(this.#idle(), this.#numbers.get(name)!, arrays[array], values);
  }
}
