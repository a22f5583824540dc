// An answer while it is being made: its text, its denoising events, and the whole at the end.
//
// The events are read as they arrive and kept, so the stream may be looped over in several
// ways at the same time (`for await (const text of stream)`, `stream.denoising`,
// `stream.events`), and `final` needs no loop at all. Leaving a loop early ends the request,
// and with it the server's work.

import type { Answer, ChatEvent, Denoising } from "./types.js";

export class ChatStream implements AsyncIterable<string> {
  /** The whole answer; rejects with what went wrong. */
  readonly final: Promise<Answer>;
  readonly #events: ChatEvent[] = [];
  readonly #controller: AbortController;
  #waiting: (() => void)[] = [];
  #end: { error: unknown } | null = null;

  /** @param controller aborts the request that `source` comes from */
  constructor(source: AsyncIterable<ChatEvent>, controller: AbortController) {
    this.#controller = controller;
    this.final = this.#read(source);
    this.final.catch(() => {}); // a caller who only loops gets the error from the loop
  }

  /** Ends the request; loops and `final` throw `aborted`. */
  abort(): void {
    this.#controller.abort();
  }

  /** Text and denoising events in their order, then `finish`. */
  get events(): AsyncIterable<ChatEvent> {
    return { [Symbol.asyncIterator]: () => this.#loop((event) => event) };
  }

  /** The forwards that filled positions; none unless asked for with `denoising: true`. */
  get denoising(): AsyncIterable<Denoising> {
    return { [Symbol.asyncIterator]: () => this.#loop((event) => (event.type === "denoising" ? event : null)) };
  }

  /** The pieces of the answer's text. */
  [Symbol.asyncIterator](): AsyncGenerator<string, void, void> {
    return this.#loop((event) => (event.type === "text" ? event.text : null));
  }

  async #read(source: AsyncIterable<ChatEvent>): Promise<Answer> {
    let answer: Answer | null = null;
    try {
      for await (const event of source) {
        if (event.type === "finish") answer = event.answer;
        this.#events.push(event);
        this.#wake();
      }
      this.#end = { error: null };
    } catch (error) {
      this.#end = { error };
      throw error;
    } finally {
      this.#wake();
    }
    return answer as Answer; // every source ends with `finish` or throws
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  async *#loop<T>(pick: (event: ChatEvent) => T | null): AsyncGenerator<T, void, void> {
    try {
      for (let next = 0; ; next++) {
        while (next === this.#events.length && this.#end === null) {
          await new Promise<void>((resume) => this.#waiting.push(resume));
        }
        if (next === this.#events.length) break;
        const item = pick(this.#events[next]);
        if (item !== null) yield item;
      }
      if (this.#end?.error) throw this.#end.error;
    } finally {
      if (this.#end === null) this.abort();
    }
  }
}
