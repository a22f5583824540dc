// Where the answers of a chat appear: drawn live in a terminal, or streamed as plain text.

import { setTimeout as pause } from "node:timers/promises";
import type { GenerateEvent } from "../engine/types.js";
import { emptyView, forget, layout, see } from "./live.js";
import { Painter } from "./painter.js";
import { safeText } from "./safe-text.js";
import type { Output } from "./surroundings.js";

export interface Screen {
  /** Shows one event of an answer, in order. */
  show(event: GenerateEvent): Promise<void>;
  /** After the last event, or when the answer was stopped: leaves the cursor on a fresh line. */
  end(): void;
}

export class PlainScreen implements Screen {
  readonly #output: Output;
  #begun = false;

  constructor(output: Output) {
    this.#output = output;
  }

  async show(event: GenerateEvent): Promise<void> {
    if (event.type === "text") this.#output.write(this.#output.isTTY ? safeText(event.text) : event.text);
    this.#begun = true;
  }

  end(): void {
    if (this.#begun) this.#output.write("\n");
  }
}

export class LiveScreen implements Screen {
  readonly #output: Output;
  readonly #painter: Painter;
  readonly #pace: number;
  readonly #signal: AbortSignal;
  #view = emptyView;

  /** @param pace milliseconds that a picture stays at least, unless the signal fires; the engine does not wait for it */
  constructor(output: Output, pace: number, signal: AbortSignal) {
    this.#output = output;
    this.#painter = new Painter(output);
    this.#pace = pace;
    this.#signal = signal;
  }

  async show(event: GenerateEvent): Promise<void> {
    this.#view = see(this.#view, event);
    if (event.type !== "denoising") return; // the text that a forward settled follows it at once
    this.#paint();
    if (this.#pace > 0) await pause(this.#pace, undefined, { signal: this.#signal }).catch(() => {});
  }

  end(): void {
    this.#view = { ...this.#view, cells: new Map() };
    this.#paint();
    this.#painter.end();
  }

  #paint(): void {
    const rows = layout(this.#view, this.#output.columns ?? 80);
    this.#painter.paint(rows);
    this.#view = forget(this.#view, rows);
  }
}
