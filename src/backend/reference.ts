// The reference backend: the definition of what a program computes, in plain TypeScript.
//
// It interprets the list of ops one by one over all rows of a forward. It is slow on purpose
// where speed would cost a reader anything; every fast path elsewhere is compared with it.
// One forward at a time; it gives the event loop a turn at every layer.

import type { ModelFile } from "../format/types.js";
import { uniform } from "../util/rng.js";
import type { Program } from "./program.js";
import { attend, PagedKV } from "./reference-attention.js";
import { add, gated, linear, norm, rope } from "./reference-ops.js";
import { readWeights, type Weights } from "./reference-weights.js";
import { predictRow } from "./sampling.js";
import { checkSpans } from "./spans.js";
import {
  type Backend,
  type BackendInfo,
  type BackendOptions,
  type HeadRequest,
  type Predictions,
  pageBytes,
  type Span,
} from "./types.js";

/**
 * Reads all weights into memory: 1 byte a ternary weight, 4 bytes any other.
 *
 * @param file stays the caller's to close, and may be closed once this resolves.
 * @throws UnmaskError tensor_missing, type_does_not_fit (head), and what reading the file throws
 */
export async function createReference(program: Program, file: ModelFile, options: BackendOptions): Promise<Backend> {
  const weights = await readWeights(program, file, options.head, options.onProgress ?? (() => {}));
  return new Reference(program, weights, options);
}

class Reference implements Backend {
  readonly info: BackendInfo;
  readonly #program: Program;
  readonly #weights: Weights;
  readonly #options: BackendOptions;
  readonly #kv: PagedKV;
  #running: Promise<(Predictions | null)[]> | null = null;
  #disposed = false;

  constructor(program: Program, weights: Weights, options: BackendOptions) {
    this.#program = program;
    this.#weights = weights;
    this.#options = options;
    this.#kv = new PagedKV(program, options.pages);
    this.info = {
      kind: "reference",
      isa: "typescript",
      threads: 1,
      weightBytes: weights.bytes,
      kvBytes: options.pages * pageBytes(program),
    };
  }

  async forward(spans: readonly Span[]): Promise<(Predictions | null)[]> {
    if (this.#disposed) throw new Error("forward after dispose");
    if (this.#running !== null) throw new Error("forward while another one runs");
    checkSpans(this.#program, this.#options, spans);
    this.#running = this.#run(spans);
    try {
      return await this.#running;
    } finally {
      this.#running = null;
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#running?.catch(() => {});
    this.#weights.floats.clear();
    this.#weights.head = null;
    this.#weights.matrices.clear();
    this.#kv.free();
  }

  async #run(spans: readonly Span[]): Promise<(Predictions | null)[]> {
    const { ops, widths, headDim, rope: table } = this.#program;
    const { floats, head, matrices } = this.#weights;
    const tokens = spans.flatMap((span) => [...span.tokens]); // [rows]
    const positions = Int32Array.from(spans.flatMap((span) => span.tokens.map((_, r) => span.position + r))); // [rows]
    const activations = new Map<string, Float32Array>(); // name -> [rows, widths[name]]
    const input = (name: string) => activations.get(name)!;
    const output = (name: string) => {
      const made = activations.get(name) ?? new Float32Array(tokens.length * widths[name]);
      activations.set(name, made);
      return made;
    };
    let predictions: (Predictions | null)[] = spans.map(() => null);

    for (const op of ops) {
      switch (op.op) {
        case "embed":
          embed(tokens, floats.get(op.weight)!, output(op.out));
          break;
        case "norm":
          norm(input(op.input), floats.get(op.weight)!, op.eps, output(op.out));
          break;
        case "linear":
          linear(
            input(op.input),
            matrices.get(op.weight)!,
            op.bias === null ? null : floats.get(op.bias)!,
            output(op.out),
          );
          break;
        case "rope":
          rope(input(op.input), op.heads, headDim, table, positions);
          break;
        case "attend":
          await turn();
          this.#attend(op.layer, spans, input(op.q), input(op.k), input(op.v), output(op.out));
          break;
        case "gate":
          gated(input(op.gate), input(op.up), op.activation, output(op.out));
          break;
        case "add":
          add(input(op.a), input(op.b), output(op.out));
          break;
        case "head": {
          const ofSpan = perSpan(spans, input(op.input));
          predictions = spans.map((span, i) =>
            span.head === null ? null : this.#predict(span.head, span, ofSpan[i], head!),
          );
          break;
        }
        default:
          op satisfies never;
      }
    }
    return predictions;
  }

  /** Every span writes before any reads, so spans of one sequence see each other's rows. */
  #attend(
    layer: number,
    spans: readonly Span[],
    q: Float32Array,
    k: Float32Array,
    v: Float32Array,
    out: Float32Array,
  ): void {
    const [qs, ks, vs, outs] = [q, k, v, out].map((activation) => perSpan(spans, activation));
    for (const [i, span] of spans.entries()) this.#kv.write(layer, span, ks[i], vs[i]);
    for (const [i, span] of spans.entries()) attend(this.#program, this.#kv, layer, span, qs[i], outs[i]);
  }

  /** @param hidden [span rows, width]; @param weight [vocabulary, width] */
  #predict(head: HeadRequest, span: Span, hidden: Float32Array, weight: Float32Array): Predictions {
    const { vocabulary } = this.#program;
    const columns = weight.length / vocabulary;
    const asked = head.rows.length;
    const predictions: Predictions = {
      token: new Int32Array(asked),
      probability: new Float32Array(asked),
      logprob: new Float32Array(asked),
      entropy: new Float32Array(asked),
      topToken: new Int32Array(asked * head.top).fill(-1),
      topLogprob: new Float32Array(asked * head.top).fill(-Infinity),
      logits: head.logits ? new Float32Array(asked * vocabulary) : null,
    };
    for (const [i, r] of head.rows.entries()) {
      const logits = new Float32Array(vocabulary);
      linear(hidden.subarray(r * columns, (r + 1) * columns), { kind: "float", columns, values: weight }, null, logits);
      predictions.logits?.set(logits, i * vocabulary);
      const row = predictRow(logits, head, uniform(head.seed, span.position + r, head.draw));
      predictions.token[i] = row.token;
      predictions.probability[i] = row.probability;
      predictions.logprob[i] = row.logprob;
      predictions.entropy[i] = row.entropy;
      for (const [j, { token, logprob }] of row.top.entries()) {
        predictions.topToken[i * head.top + j] = token;
        predictions.topLogprob[i * head.top + j] = logprob;
      }
    }
    return predictions;
  }
}

/** out[r] = table[tokens[r]] */
function embed(tokens: readonly number[], table: Float32Array, out: Float32Array): void {
  const width = out.length / tokens.length;
  for (const [r, token] of tokens.entries()) out.set(table.subarray(token * width, (token + 1) * width), r * width);
}

/** The rows of each span as views of one activation [rows, width]. */
function perSpan(spans: readonly Span[], activation: Float32Array): Float32Array[] {
  const width = activation.length / spans.reduce((rows, span) => rows + span.tokens.length, 0);
  let start = 0;
  return spans.map((span) => {
    const view = activation.subarray(start, start + span.tokens.length * width);
    start += view.length;
    return view;
  });
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
