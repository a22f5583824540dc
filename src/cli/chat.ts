// `unmask chat`: a conversation at a terminal, or line by line through pipes.
//
// In a terminal an answer is drawn while its block unmasks (screen.ts); elsewhere it is streamed as
// plain text. What is typed during an answer waits for the next prompt.

import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import type { LoadedConfig } from "../config/load.js";
import type { Model } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";
import { describeBackend, describeDecoding } from "./banner.js";
import { openModel } from "./model.js";
import { type SamplingFlags, samplingOptions } from "./sampling.js";
import { LiveScreen, PlainScreen } from "./screen.js";
import { explain, Session, type Step } from "./session.js";
import { summary } from "./summary.js";
import type { Output, Surroundings } from "./surroundings.js";

export interface ChatFlags extends SamplingFlags {
  live: boolean;
  /** Milliseconds that every picture of a block stays at least. */
  pace: number;
}

type Ask = Extract<Step, { type: "ask" }>;

export async function chat(flags: ChatFlags, loaded: LoadedConfig, surroundings: Surroundings): Promise<void> {
  const { stderr } = surroundings;
  for (const note of loaded.notes) stderr.write(`warning: ${note}\n`);
  const model = await openModel(loaded.config, surroundings, (level, message) => {
    if (level === "warn") stderr.write(`warning: ${message}\n`);
  });
  try {
    await new Chat(model, flags, surroundings).run();
  } finally {
    await model.dispose();
  }
}

class Chat {
  readonly #model: Model;
  readonly #session: Session;
  readonly #pace: number;
  readonly #stdout: Output;
  readonly #surroundings: Surroundings;
  readonly #terminal: boolean;
  readonly #live: boolean;
  /** Aborts the answer in progress; null at the prompt. */
  #answering: AbortController | null = null;
  #warned = false; // Ctrl-C was pressed once at this prompt
  #waiting = 0; // lines that were typed, unseen, during an answer

  constructor(model: Model, flags: ChatFlags, surroundings: Surroundings) {
    this.#model = model;
    this.#session = new Session(model.info, flags.system ?? null, samplingOptions(flags));
    this.#pace = flags.pace;
    this.#surroundings = surroundings;
    this.#stdout = surroundings.stdout;
    this.#terminal = Boolean(surroundings.stdin.isTTY && surroundings.stdout.isTTY);
    this.#live = this.#terminal && flags.live && !surroundings.environment.NO_COLOR;
  }

  async run(): Promise<void> {
    if (this.#terminal) {
      const { info } = this.#model;
      this.#stdout.write(`${info.id}: ${describeBackend(info)}; ${describeDecoding(info)}\n/help lists commands.\n\n`);
    }
    const typed = this.#readline();
    const release = this.#terminal ? () => {} : this.#surroundings.onInterrupt(() => this.#interrupt(typed));
    try {
      let left = false; // by /quit
      this.#prompt(typed);
      for await (const line of typed) {
        this.#warned = false;
        if (this.#waiting > 0) {
          this.#waiting--;
          this.#stdout.write(`${line}\n`);
        }
        const step = this.#session.take(line);
        left = step.type === "quit";
        if (left) break;
        if (step.type === "say") this.#stdout.write(`${step.text}\n\n`);
        if (step.type === "ask") await this.#answer(step);
        this.#prompt(typed);
      }
      if (this.#terminal && !left) this.#stdout.write("\n");
    } finally {
      typed.close();
      release();
    }
  }

  /** In a terminal, keys are echoed only while no answer is being drawn. */
  #readline(): Interface {
    const { stdin } = this.#surroundings;
    if (!this.#terminal) return createInterface({ input: stdin });
    const stdout = this.#stdout;
    const echo = new Writable({
      write: (chunk, _, done) => {
        if (this.#answering === null) stdout.write(chunk);
        done();
      },
    });
    Object.defineProperty(echo, "columns", { get: () => stdout.columns });
    const typed = createInterface({ input: stdin, output: echo, terminal: true, prompt: "> " });
    typed.on("SIGINT", () => this.#interrupt(typed));
    typed.on("line", () => {
      if (this.#answering !== null) this.#waiting++;
    });
    return typed;
  }

  #prompt(typed: Interface): void {
    if (this.#terminal) typed.prompt(true);
  }

  /** Ctrl-C: ends the answer; at the prompt, the second one ends the chat. */
  #interrupt(typed: Interface): void {
    if (this.#answering !== null) this.#answering.abort(new UnmaskError("aborted", "The answer was stopped."));
    else if (this.#warned || !this.#terminal) typed.close();
    else {
      this.#warned = true;
      typed.write(null, { ctrl: true, name: "u" }); // the line that was begun
      this.#stdout.write("\n(Ctrl-C again or /quit leaves)\n");
      this.#prompt(typed);
    }
  }

  async #answer(step: Ask): Promise<void> {
    const stop = new AbortController();
    this.#answering = stop;
    const options = { ...this.#session.options, denoising: this.#live, signal: stop.signal };
    const screen = this.#live ? new LiveScreen(this.#stdout, this.#pace, stop.signal) : new PlainScreen(this.#stdout);
    let text = "";
    let remark = "stopped";
    try {
      for await (const event of this.#model.generate({ messages: step.messages }, options)) {
        if (event.type === "text") text += event.text;
        if (event.type === "finish") remark = summary(event, this.#session.mode);
        await screen.show(event);
        stop.signal.throwIfAborted();
      }
      screen.end();
    } catch (error) {
      screen.end();
      const said = explain(error);
      if (said === null || !this.#terminal) throw error;
      if (!stop.signal.aborted) {
        this.#surroundings.stderr.write(`${said}\n\n`);
        return;
      }
    } finally {
      this.#answering = null;
    }
    this.#session.remember(step, text);
    if (this.#terminal) this.#remark(remark);
  }

  #remark(text: string): void {
    const dim = !this.#surroundings.environment.NO_COLOR;
    this.#stdout.write(dim ? `\x1b[2m${text}\x1b[0m\n\n` : `${text}\n\n`);
  }
}
