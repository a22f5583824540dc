// The decoder shell: what all machines share. It runs the prompt, keeps the span that was asked
// for until it is answered, counts decode forwards and settles what was filled.
//
// A machine knows one way to decode and nothing of settling or turns. One whose windows follow causal rows takes the last
// rows of the prompt along in its own first span: to it they are causal rows like others.

import type { Predictions } from "../backend/types.js";
import type { Canvas } from "./canvas.js";
import { fillNext, type Request } from "./head.js";
import { type PrefillPlan, prefillSpan } from "./prefill.js";
import { Settler } from "./settle.js";
import type { DecodeEvent, Decoder, Denoised, SpanRequest } from "./types.js";

/** One way to decode, once the prompt rows are done and while the answer is not. */
export interface Machine {
  /** Rows that go behind the prompt's last ones in its first span. Absent: it begins once the prompt is done. */
  readonly ahead?: number;
  /** The span wanted next; asking changes nothing. `draw` goes into its head request. */
  next(draw: number): SpanRequest;
  /** Fills the canvas with what the span's predictions say and moves `committed`. */
  accept(span: SpanRequest, predictions: Predictions | null): Denoised[];
}

export class MachineDecoder implements Decoder {
  readonly #canvas: Canvas;
  readonly #request: Request;
  readonly #prefill: PrefillPlan;
  readonly #machine: Machine;
  readonly #settler: Settler;
  #pending: SpanRequest | null = null;
  #pendingRows = 0; // maxRows it was asked with
  #forwards = 0; // decode forwards answered

  constructor(canvas: Canvas, request: Request, prefill: PrefillPlan, machine: Machine) {
    this.#canvas = canvas;
    this.#request = request;
    this.#prefill = prefill;
    this.#machine = machine;
    this.#settler = new Settler(canvas, request.options);
  }

  get committed(): number {
    return this.#canvas.committed;
  }

  get finished(): boolean {
    return this.#settler.finished;
  }

  get phase(): "prefill" | "decode" {
    return this.#canvas.committed < this.#prefill.to ? "prefill" : "decode";
  }

  committedTokens(): readonly number[] {
    return this.#canvas.tokens(0, this.#canvas.committed, -1);
  }

  /** Another maxRows may give a span of the prompt another length; the last one asked for counts. */
  next(maxRows: number): SpanRequest {
    if (this.finished) throw new Error("The decoder has finished: there is no next span.");
    if (this.phase === "prefill") {
      if (this.#pending === null || this.#pendingRows !== maxRows) {
        this.#pending = this.#promptSpan(maxRows);
        this.#pendingRows = maxRows;
      }
    } else {
      this.#pending ??= this.#machine.next(this.#forwards + 1);
    }
    return this.#pending;
  }

  accept(predictions: Predictions | null): DecodeEvent[] {
    const span = this.#pending;
    if (span === null) throw new Error("Predictions came without a span being asked for.");
    if ((predictions?.token.length ?? 0) !== (span.head?.rows.length ?? 0)) {
      throw new Error("The predictions do not answer the span asked for.");
    }
    this.#pending = null;
    let filled: Denoised[] = [];
    if (span.phase === "prefill" && span.causalRows === undefined) {
      this.#canvas.committed = span.position + span.tokens.length;
      if (predictions !== null) filled = [fillNext(this.#canvas, this.#request, span, predictions)];
    } else {
      if (span.phase !== "prefill") this.#forwards++;
      filled = this.#machine.accept(span, predictions);
    }
    return [...filled, ...this.#settler.settle()];
  }

  /** A chunk of the prompt; the last one is the machine's where it goes on behind causal rows, however it is cut. */
  #promptSpan(maxRows: number): SpanRequest {
    const { ahead } = this.#machine;
    if (ahead === undefined) return prefillSpan(this.#canvas, this.#request, this.#prefill, maxRows);
    const left = this.#prefill.to - this.#canvas.committed;
    if (left <= Math.max(1, maxRows - ahead)) return { ...this.#machine.next(0), phase: "prefill" };
    return prefillSpan(this.#canvas, this.#request, this.#prefill, Math.min(maxRows, left - 1));
  }
}
