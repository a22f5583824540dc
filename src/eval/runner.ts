// Asks a model every question with every method. Knows no files and prints nothing.

import type { Model } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";
import { type Method, optionsOf } from "./methods.js";
import type { Question } from "./questions.js";
import type { Outcome } from "./statistics.js";

export interface RunOptions {
  /** Questions in flight at a time. 1 times every answer alone. */
  concurrency: number;
  signal?: AbortSignal;
  /** Called after every answer. */
  onAnswer?: (method: Method, answered: number, questions: number) => void;
}

export interface MethodRun {
  method: Method;
  /** In the order of the questions. */
  outcomes: Outcome[];
  wallMs: number;
}

/**
 * Runs one method. The first question is asked once more before the clock starts, so that no
 * method pays for warming up.
 * @throws what the model throws, with the question named when it does not fit the context
 */
export async function runMethod(
  model: Model,
  questions: readonly Question[],
  method: Method,
  options: RunOptions,
): Promise<MethodRun> {
  const outcomes = new Array<Outcome>(questions.length);
  await ask(model, questions[0], method, options.signal);
  const begun = performance.now();
  let next = 0;
  let answered = 0;
  const worker = async (): Promise<void> => {
    while (next < questions.length) {
      const index = next++;
      try {
        outcomes[index] = await ask(model, questions[index], method, options.signal);
      } catch (error) {
        next = questions.length; // the other workers ask no more
        throw error;
      }
      options.onAnswer?.(method, ++answered, questions.length);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  return { method, outcomes, wallMs: performance.now() - begun };
}

async function ask(model: Model, question: Question, method: Method, signal?: AbortSignal): Promise<Outcome> {
  const messages = [{ role: "user" as const, content: question.question }];
  let text = "";
  try {
    // One signal listens for many questions at a time; Node takes more than ten listeners for a leak.
    const own = signal && AbortSignal.any([signal]);
    for await (const event of model.generate({ messages }, { ...optionsOf(method), signal: own })) {
      if (event.type === "text") text += event.text;
      if (event.type !== "finish") continue;
      const { predictedN, predictedMs, forwards, rows } = event.timings;
      const correct = text === question.answer;
      return { task: question.task, correct, tokens: predictedN, forwards, rows, decodeMs: predictedMs };
    }
  } catch (error) {
    if (!(error instanceof UnmaskError) || error.code !== "context_length_exceeded") throw error;
    const message = `The question ${JSON.stringify(question.question.slice(0, 80))}: ${error.message}`;
    throw new UnmaskError(error.code, message, { param: "data", cause: error });
  }
  throw new Error("the model ended an answer without a finish event");
}
