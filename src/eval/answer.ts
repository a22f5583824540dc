// One answer of a model and what it cost; and many of them, a few at a time. Knows no questions.

import type { GenerateInput, GenerateOptions, Model } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";

export interface Answer {
  text: string;
  ended: "stop" | "length";
  /** Generated tokens, forwards and rows of decoding (the prompt's apart). */
  tokens: number;
  forwards: number;
  rows: number;
  /** Of decoding, and of everything from the request to the last token. */
  decodeMs: number;
  wallMs: number;
}

/**
 * @param about what is asked, for errors
 * @throws what the model throws, with the question named when it does not fit the context
 */
export async function answerOf(
  model: Model,
  input: GenerateInput,
  options: GenerateOptions,
  about: string,
): Promise<Answer> {
  const begun = performance.now();
  let text = "";
  try {
    // One signal listens for many questions at a time; Node takes more than ten listeners for a leak.
    const signal = options.signal && AbortSignal.any([options.signal]);
    for await (const event of model.generate(input, { ...options, signal })) {
      if (event.type === "text") text += event.text;
      if (event.type !== "finish") continue;
      const { predictedN: tokens, predictedMs: decodeMs, forwards, rows } = event.timings;
      return { text, ended: event.reason, tokens, forwards, rows, decodeMs, wallMs: performance.now() - begun };
    }
  } catch (error) {
    if (!(error instanceof UnmaskError) || error.code !== "context_length_exceeded") throw error;
    const message = `The question ${JSON.stringify(about.slice(0, 80))}: ${error.message}`;
    throw new UnmaskError(error.code, message, { param: "data", cause: error });
  }
  throw new Error("the model ended an answer without a finish event");
}

/**
 * Runs `work(0)` to `work(count - 1)`, at most `concurrency` at a time.
 * @throws the first error; then nothing more is begun
 */
export async function atOnce(
  count: number,
  concurrency: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      try {
        await work(next++);
      } catch (error) {
        next = count; // the other workers begin no more
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, concurrency) }, worker));
}

/** @throws UnmaskError invalid_request when the model cannot work on so many at a time */
export function checkConcurrency(concurrency: number, { info }: Pick<Model, "info">): void {
  if (concurrency <= info.maxSequences) return;
  const message = `--concurrency ${concurrency} is more than the ${info.maxSequences} requests worked on at a time. Lower it.`;
  throw new UnmaskError("invalid_request", message, { param: "concurrency" });
}
