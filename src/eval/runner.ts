// Asks a model every question with every method. Knows no files and prints nothing.
//
// Methods take turns: a few questions with each, then the next few. Whatever else the machine does
// meanwhile meets all methods alike, so that ratios of their speeds hold where the speeds do not.

import type { Model } from "../engine/types.js";
import { answerOf, atOnce } from "./answer.js";
import { type Method, optionsOf } from "./methods.js";
import type { Judge, Question } from "./questions.js";
import type { Outcome } from "./statistics.js";

export interface RunOptions {
  judge: Judge;
  /** Questions in flight at a time. 1 times every answer alone. */
  concurrency: number;
  signal?: AbortSignal;
  /** Called after every answer: of all questions times methods, how many are done. */
  onAnswer?: (done: number, total: number) => void;
}

export interface MethodRun {
  method: Method;
  /** In the order of the questions. */
  outcomes: Outcome[];
  /** Of its turns together. */
  wallMs: number;
}

/** Questions of a turn, times the concurrency. */
const turn = 16;

/**
 * Each method is asked the first question once more before any clock starts, so that none pays for
 * warming up; and every round begins with another method, so that none profits from its place.
 * @throws what the model throws, with the question named when it does not fit the context
 */
export async function runInTurns(
  model: Model,
  questions: readonly Question[],
  methods: readonly Method[],
  { judge, concurrency, signal, onAnswer }: RunOptions,
): Promise<MethodRun[]> {
  const runs = methods.map((method): MethodRun => ({ method, outcomes: [], wallMs: 0 }));
  const ask = async (index: number, { method, outcomes }: MethodRun): Promise<void> => {
    const question = questions[index];
    const { messages } = question;
    const options = { ...optionsOf(method), signal };
    const answer = await answerOf(model, { messages }, options, messages[messages.length - 1].content);
    outcomes[index] = { task: question.task, ...judge(question, answer.text), ...answer };
  };
  for (const run of runs) await ask(0, run);
  let done = 0;
  const size = turn * concurrency;
  for (let begin = 0, round = 0; begin < questions.length; begin += size, round++) {
    const count = Math.min(size, questions.length - begin);
    for (let place = 0; place < runs.length; place++) {
      const run = runs[(place + round) % runs.length];
      const begun = performance.now();
      await atOnce(count, concurrency, async (i) => {
        await ask(begin + i, run);
        onAnswer?.(++done, questions.length * runs.length);
      });
      run.wallMs += performance.now() - begun;
    }
  }
  return runs;
}
