// A conversation: its messages, its options, and the commands that change them.
//
// Nothing is read or written here: a line goes in, and out comes what is to be done with it.

import { hasThreshold } from "../decode/types.js";
import { modeFor } from "../engine/options.js";
import type { ChatMessage, GenerateOptions, ModelInfo } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";
import { nearest } from "../util/nearest.js";

export type Step =
  | { type: "nothing" }
  | { type: "say"; text: string }
  | { type: "ask"; messages: ChatMessage[] }
  | { type: "quit" };

export const help = `  /help              this list
  /reset             forget the conversation
  /system TEXT       what the model is told before the conversation; without TEXT, nothing
  /mode MODE         decode mode: verified, iterative, adaptive, greedy, autoregressive
  /threshold NUMBER  how sure what commits must be (iterative, adaptive)
  /seed NUMBER       the same seed gives the same answers; /seed random
  /quit              leave (so do Ctrl-D, and Ctrl-C twice)
  Anything else is said to the model; begin with a space to say something that starts with /.`;

export class Session {
  readonly #info: ModelInfo;
  #messages: ChatMessage[] = [];
  #system: string | null;
  #options: GenerateOptions;

  /** @param options of every answer, until commands change them */
  constructor(info: ModelInfo, system: string | null, options: GenerateOptions) {
    this.#info = info;
    this.#system = system;
    this.#options = options;
  }

  get options(): GenerateOptions {
    return this.#options;
  }

  /** The decode mode of the next answer. */
  get mode(): string {
    return modeFor(this.#options, this.#info.defaults.decodeMode, this.#info.decodeModes);
  }

  /** What a line that was typed asks for. */
  take(line: string): Step {
    if (line.startsWith("/")) return this.#command(line);
    if (line.trim() === "") return { type: "nothing" };
    const system: ChatMessage[] = this.#system === null ? [] : [{ role: "system", content: this.#system }];
    return { type: "ask", messages: [...system, ...this.#messages, { role: "user", content: line.trim() }] };
  }

  /** Remembers a question and its answer; not called for an answer that failed. */
  remember(step: Extract<Step, { type: "ask" }>, answer: string): void {
    const question = step.messages[step.messages.length - 1];
    this.#messages.push(question, { role: "assistant", content: answer });
  }

  #command(line: string): Step {
    const [, name, rest] = /^\/(\S*)\s*(.*)$/s.exec(line) as RegExpExecArray;
    if (Object.hasOwn(this.#commands, name)) return this.#commands[name](rest.trim());
    const meant = nearest(name, Object.keys(this.#commands));
    const hint = meant === null ? "/help lists the commands." : `Did you mean /${meant}?`;
    return say(`There is no command /${name}. ${hint}`);
  }

  readonly #commands: Readonly<Record<string, (rest: string) => Step>> = {
    help: () => say(help),
    quit: () => ({ type: "quit" }),
    exit: () => ({ type: "quit" }),
    reset: () => {
      this.#messages = [];
      return say("The conversation begins anew.");
    },
    system: (text) => {
      this.#system = text === "" ? null : text;
      this.#messages = [];
      const what = text === "" ? "No system message." : "The system message is set.";
      return say(`${what} The conversation begins anew.`);
    },
    mode: (text) => {
      const modes = this.#info.decodeModes;
      const mode = modes.find((known) => known === text);
      if (mode === undefined) return say(`Modes of this model: ${modes.join(", ")}. Now: ${this.mode}.`);
      const { threshold, ...others } = this.#options;
      this.#options = { ...others, ...(hasThreshold(mode) ? { threshold } : {}), decodeMode: mode };
      return say(`Mode ${mode}.`);
    },
    threshold: (text) => {
      const threshold = Number(text);
      if (!(threshold > 0 && threshold <= 1)) {
        const now = this.#options.threshold ?? this.#info.defaults.threshold;
        return say(`The threshold must be a number above 0 and at most 1, such as 0.9. Now: ${now}.`);
      }
      const { decodeMode } = this.#options;
      if (decodeMode !== undefined && !hasThreshold(decodeMode)) {
        return say(`The mode ${decodeMode} has no threshold; /mode iterative and /mode adaptive have.`);
      }
      this.#options = { ...this.#options, threshold };
      return say(`Threshold ${threshold}, mode ${this.mode}.`);
    },
    seed: (text) => {
      const seed = text === "" ? Number.NaN : Number(text);
      if (text !== "random" && !Number.isSafeInteger(seed)) {
        return say(`The seed must be a whole number or random. Now: ${this.#options.seed ?? "random"}.`);
      }
      this.#options = { ...this.#options, seed: text === "random" ? undefined : seed };
      return say(`Seed ${text}.`);
    },
  };
}

function say(text: string): Step {
  return { type: "say", text };
}

/** What to tell about an answer that failed, or null when it is a bug and must not be swallowed. */
export function explain(error: unknown): string | null {
  if (!(error instanceof UnmaskError) || error.code === "internal") return null;
  const hint = error.code === "context_length_exceeded" ? " /reset begins anew." : "";
  return `error [${error.code}]: ${error.message}${hint}`;
}
