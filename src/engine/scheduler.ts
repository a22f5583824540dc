// Continuous batching: which sequences run, and what goes into the next forward.
//
// Each live sequence says which rows it wants; decode spans are taken first, least recently
// served first, then prefill chunks, up to maxRows in all. There is no lockstep: a sequence
// moves on the moment its own span is answered. Requests wait in order until the pages for
// prompt + max_tokens can be had, so a running sequence never runs out. One forward is in
// flight at a time; a cancelled sequence gives its pages back when no forward touches them.

import type { Backend } from "../backend/types.js";
import { UnmaskError } from "../util/errors.js";
import type { PagePool } from "./pages.js";
import type { Sequence } from "./sequence.js";

export interface SchedulerLimits {
  /** Most rows of one forward. */
  maxRows: number;
  maxSequences: number;
  /** Rows that decoding leaves to waiting prompts in every forward: the smallest useful prefill chunk. */
  prefillRows: number;
}

export class Scheduler {
  readonly #backend: Backend;
  readonly #pool: PagePool;
  readonly #maxRows: number;
  readonly #maxSequences: number;
  readonly #prefillRows: number;
  readonly #waiting: Sequence[] = [];
  #live: Sequence[] = [];
  #loop: Promise<void> | null = null;
  #disposed = false;
  forwards = 0;
  rows = 0;

  constructor(backend: Backend, pool: PagePool, limits: SchedulerLimits) {
    this.#backend = backend;
    this.#pool = pool;
    this.#maxRows = limits.maxRows;
    this.#maxSequences = limits.maxSequences;
    this.#prefillRows = limits.prefillRows;
  }

  get running(): number {
    return this.#live.length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Queues a sequence. It must fit an empty pool, or it would wait for ever. */
  submit(sequence: Sequence): void {
    if (this.#disposed) throw disposedError();
    this.#waiting.push(sequence);
    this.#wake();
  }

  /** Stops a sequence; its pages are free again after the forward in flight, if it is part of one. */
  cancel(sequence: Sequence): void {
    sequence.cancelled = true;
    const index = this.#waiting.indexOf(sequence);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const sequence of [...this.#waiting, ...this.#live]) {
      sequence.fail(disposedError());
      this.cancel(sequence);
    }
    await this.#loop;
  }

  #wake(): void {
    this.#loop ??= this.#run().finally(() => {
      this.#loop = null;
      // Submitted between the loop's last look and now.
      if (this.#waiting.length > 0) this.#wake();
    });
  }

  async #run(): Promise<void> {
    // One turn of the event loop, so that requests that arrive together share the first forward.
    await new Promise(setImmediate);
    for (;;) {
      this.#retire();
      this.#admit();
      const batch = this.#collect();
      if (batch.length === 0) return;
      const spans = batch.map((sequence) => sequence.span());
      for (const span of spans) this.rows += span.tokens.length;
      this.forwards++;
      try {
        const predictions = await this.#backend.forward(spans);
        for (let i = 0; i < batch.length; i++) {
          if (!batch[i].cancelled) batch[i].accept(predictions[i], this.#pool);
        }
      } catch (error) {
        for (const sequence of batch) sequence.fail(error);
      }
      // Those served go to the back of the line.
      const served = new Set(batch);
      this.#live = [...this.#live.filter((sequence) => !served.has(sequence)), ...batch];
    }
  }

  #retire(): void {
    this.#live = this.#live.filter((sequence) => {
      if (!sequence.cancelled && !sequence.done) return true;
      sequence.release(this.#pool);
      return false;
    });
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#live.length < this.#maxSequences) {
      if (!this.#waiting[0].start(this.#pool)) {
        return;
      }
      this.#live.push(this.#waiting.shift()!);
    }
  }

  #collect(): Sequence[] {
    const prefilling = this.#live.filter((sequence) => sequence.decoder.phase === "prefill");
    const batch: Sequence[] = [];
    // While prompts wait, decoding leaves them some rows, so neither starves the other.
    const reserved = prefilling.length > 0 ? this.#prefillRows : 0;
    let room = this.#maxRows - reserved;
    for (const sequence of this.#live) {
      if (sequence.decoder.phase === "prefill") continue;
      const rows = sequence.request(this.#maxRows).tokens.length;
      if (rows > room && batch.length > 0) continue;
      batch.push(sequence);
      room -= rows;
    }
    room += reserved;
    for (const sequence of prefilling) {
      if (room < 1) break;
      const rows = sequence.request(room).tokens.length;
      if (rows > room && batch.length > 0) break;
      batch.push(sequence);
      room -= rows;
    }
    return batch;
  }
}

function disposedError(): UnmaskError {
  return new UnmaskError("disposed", "The model has been disposed of. Load it again to generate.");
}
