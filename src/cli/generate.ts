// `unmask generate`: one prompt, one answer, to stdout as it comes.

import { text as readAll } from "node:stream/consumers";
import type { LoadedConfig } from "../config/load.js";
import type { ChatMessage, GenerateInput, Model } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";
import { openModel } from "./model.js";
import { safeText } from "./safe-text.js";
import { type SamplingFlags, samplingOptions } from "./sampling.js";
import { details } from "./summary.js";
import type { Surroundings } from "./surroundings.js";

export interface GenerateFlags extends SamplingFlags {
  raw?: boolean;
  json?: boolean;
  timings?: boolean;
  verbose?: boolean;
}

/** @param words the prompt; "-" or nothing (when there is no terminal) reads stdin */
export async function generate(
  words: readonly string[],
  flags: GenerateFlags,
  loaded: LoadedConfig,
  surroundings: Surroundings,
): Promise<void> {
  const input = inputOf(await promptOf(words, surroundings), flags);
  const stop = new AbortController();
  const release = surroundings.onInterrupt(() => stop.abort());
  let model: Model | null = null;
  try {
    const { stderr } = surroundings;
    for (const note of loaded.notes) stderr.write(`warning: ${note}\n`);
    model = await openModel(loaded.config, surroundings, (level, message) => {
      if (level === "warn") stderr.write(`warning: ${message}\n`);
      else if (flags.verbose) stderr.write(`${message}\n`);
    });
    await answer(model, input, flags, stop.signal, surroundings);
  } finally {
    release();
    await model?.dispose();
  }
}

async function promptOf(words: readonly string[], { stdin }: Surroundings): Promise<string> {
  const fromStdin = (words.length === 0 && !stdin.isTTY) || (words.length === 1 && words[0] === "-");
  const prompt = fromStdin ? (await readAll(stdin)).replace(/\r?\n$/, "") : words.join(" ");
  if (prompt !== "") return prompt;
  const message = 'There is no prompt. Give one, as in `unmask generate "What is 2+2?"`, or pipe one in and write `-`.';
  throw new UnmaskError("option_missing", message, { param: "prompt" });
}

function inputOf(prompt: string, { raw, system }: GenerateFlags): GenerateInput {
  if (raw) {
    if (system === undefined) return { prompt };
    const message = "--raw has no place for a system message. Leave out --system, or write it into the prompt.";
    throw new UnmaskError("invalid_request", message, { param: "system" });
  }
  const messages: ChatMessage[] = [{ role: "user", content: prompt }];
  if (system !== undefined) messages.unshift({ role: "system", content: system });
  return { messages };
}

async function answer(
  model: Model,
  input: GenerateInput,
  flags: GenerateFlags,
  signal: AbortSignal,
  { stdout, stderr }: Surroundings,
): Promise<void> {
  let whole = "";
  try {
    for await (const event of model.generate(input, { ...samplingOptions(flags), signal })) {
      if (event.type === "text") {
        whole += event.text;
        if (!flags.json) stdout.write(stdout.isTTY ? safeText(event.text) : event.text);
      } else if (event.type === "finish") {
        const { reason, usage, timings, seed } = event;
        if (flags.json) stdout.write(`${JSON.stringify({ text: whole, reason, usage, timings, seed })}\n`);
        else if (!whole.endsWith("\n")) stdout.write("\n");
        const mode = model.info.defaults.decodeMode;
        if (flags.timings || flags.verbose) stderr.write(`${details(event, mode)}\n`);
      }
    }
  } catch (error) {
    if (!flags.json && whole !== "" && !whole.endsWith("\n")) stdout.write("\n");
    throw error;
  }
}
