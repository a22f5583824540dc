// The reference trainer: the definition of forward, backward and update, in double precision.
//
// It interprets the same list of operations as the engine, keeps every intermediate value, and
// runs the record backwards. It is slow on purpose; the native trainer is compared with it.

import type { Program } from "../../backend/program.js";
import { sizeOf } from "../parameters.js";
import type { Batch, ParameterInfo, StepResult, Trainer, UpdateOptions } from "../types.js";
import { attend } from "./attention.js";
import { crossEntropy, type Loss } from "./cross-entropy.js";
import { add, embed, gated, linear, norm, rope } from "./ops.js";
import { adamW, muon } from "./optimiser.js";
import { makeValue, Tape, type Value } from "./tape.js";

/** All parameters begin at 0; `set` gives them values. */
export function createReferenceTrainer(program: Program, options: { parameters: readonly ParameterInfo[] }): Trainer {
  return new ReferenceTrainer(program, options.parameters);
}

class ReferenceTrainer implements Trainer {
  readonly parameters: readonly ParameterInfo[];
  readonly #program: Program;
  readonly #values = new Map<string, Value>(); // data is always representable in f32
  readonly #ternary: ReadonlySet<string>;
  /** Per parameter: AdamW's two means, and for matrices Muon's momentum. */
  readonly #state = new Map<string, Float32Array[]>();
  #step = 0;

  constructor(program: Program, parameters: readonly ParameterInfo[]) {
    this.#program = program;
    this.parameters = parameters;
    this.#ternary = new Set(parameters.filter(({ ternary }) => ternary).map(({ name }) => name));
    for (const parameter of parameters) {
      const size = sizeOf(parameter);
      this.#values.set(parameter.name, makeValue(new Float64Array(size)));
      const states = parameter.kind === "matrix" ? 3 : 2;
      this.#state.set(
        parameter.name,
        Array.from({ length: states }, () => new Float32Array(size)),
      );
    }
  }

  get(name: string): Float32Array {
    return Float32Array.from(this.#value(name).data);
  }

  set(name: string, values: Float32Array): void {
    const { data } = this.#value(name);
    if (values.length !== data.length) throw new Error(`${name} has ${data.length} values, not ${values.length}`);
    data.set(values);
  }

  gradient(name: string): Float32Array {
    return Float32Array.from(this.#value(name).gradient);
  }

  async accumulate(batch: Batch, quantisation: number): Promise<StepResult> {
    const { tape, loss, flops, seconds } = this.#forward(batch, quantisation, false);
    const start = performance.now();
    tape.backward();
    const gemmSeconds = seconds + (performance.now() - start) / 1000;
    return { loss: loss.total, losses: Float32Array.from(loss.losses), gemmFlops: 3 * flops, gemmSeconds };
  }

  async evaluate(
    batch: Batch,
    quantisation: number,
    options: { logits?: boolean } = {},
  ): Promise<StepResult & { logits: Float32Array | null }> {
    const { loss, flops, seconds } = this.#forward(batch, quantisation, options.logits ?? false);
    const logits = loss.logits === null ? null : Float32Array.from(loss.logits);
    return {
      loss: loss.total,
      losses: Float32Array.from(loss.losses),
      gemmFlops: flops,
      gemmSeconds: seconds,
      logits,
    };
  }

  async update(options: UpdateOptions): Promise<number> {
    let squares = 0;
    for (const { gradient } of this.#values.values()) for (const g of gradient) squares += g * g;
    const norm = Math.sqrt(squares);
    if (Number.isFinite(norm)) this.#apply(options, norm > options.clip ? options.clip / norm : 1);
    for (const { gradient } of this.#values.values()) gradient.fill(0);
    return norm;
  }

  /** First the number of steps, then the arrays of every parameter in order. */
  saveState(): Float32Array[] {
    const arrays = this.parameters.flatMap(({ name }) => this.#state.get(name)!.map((array) => array.slice()));
    return [Float32Array.of(this.#step), ...arrays];
  }

  loadState(state: readonly Float32Array[]): void {
    const own = this.parameters.flatMap(({ name }) => this.#state.get(name)!);
    const fits = state.length === own.length + 1 && own.every((array, i) => array.length === state[i + 1].length);
    if (!fits) throw new Error("the optimiser's state is that of another model");
    this.#step = state[0][0];
    for (const [i, array] of own.entries()) array.set(state[i + 1]);
  }

  async dispose(): Promise<void> {
    this.#values.clear();
    this.#state.clear();
  }

  #value(name: string): Value {
    const value = this.#values.get(name);
    if (value === undefined) throw new Error(`there is no parameter ${name}`);
    return value;
  }

  #apply(options: UpdateOptions, factor: number): void {
    this.#step++;
    for (const { name, kind, shape } of this.parameters) {
      const { data, gradient } = this.#value(name);
      const [first, second, momentum] = this.#state.get(name)!;
      const scaled = gradient.map((g) => g * factor);
      const [rate, decay] = kind === "matrix" ? [options.matrixRate, options.weightDecay] : [options.otherRate, 0];
      if (kind === "matrix" && options.matrices === "muon") {
        muon(data, scaled, momentum, shape[0], options, rate, decay);
      } else {
        adamW(data, scaled, first, second, options, rate, decay, this.#step);
      }
    }
  }

  #forward(batch: Batch, quantisation: number, logits: boolean) {
    const { ops, widths, headDim, rope: table } = this.#program;
    const tape = new Tape();
    const named = new Map<string, Value>(); // an op that assigns a name again makes a new value
    const input = (name: string) => named.get(name)!;
    const weight = (name: string) => this.#value(name);
    const rows = batch.tokens.length;
    let loss: Loss = { total: 0, losses: new Float64Array(rows), logits: null };
    let [flops, seconds] = [0, 0];
    const timed = <T>(products: number, action: () => T): T => {
      const start = performance.now();
      const made = action();
      flops += 2 * products;
      seconds += (performance.now() - start) / 1000;
      return made;
    };

    for (const op of ops) {
      switch (op.op) {
        case "embed":
          named.set(op.out, embed(tape, weight(op.weight), batch.tokens, widths[op.out]));
          break;
        case "norm":
          named.set(op.out, norm(tape, input(op.input), weight(op.weight), op.eps));
          break;
        case "linear": {
          const [x, w] = [input(op.input), weight(op.weight)];
          const bias = op.bias === null ? null : weight(op.bias);
          const share = this.#ternary.has(op.weight) ? quantisation : 0;
          const made = timed(rows * w.data.length, () => linear(tape, x, w, bias, widths[op.input], share));
          named.set(op.out, made);
          break;
        }
        case "rope":
          named.set(op.input, rope(tape, input(op.input), op.heads, headDim, table, batch.positions));
          break;
        case "attend":
          named.set(op.out, attend(tape, input(op.q), input(op.k), input(op.v), this.#program, batch.keys));
          break;
        case "gate":
          named.set(op.out, gated(tape, input(op.gate), input(op.up), op.activation));
          break;
        case "add":
          named.set(op.out, add(tape, input(op.a), input(op.b)));
          break;
        case "head": {
          const [x, w] = [input(op.input), weight(op.weight)];
          const asked = batch.targets.reduce((n, target) => n + (target >= 0 ? 1 : 0), 0);
          loss = timed(asked * w.data.length, () => crossEntropy(tape, x, w, batch.targets, batch.weights, logits));
          break;
        }
        default:
          op satisfies never;
      }
    }
    return { tape, loss, flops, seconds };
  }
}
