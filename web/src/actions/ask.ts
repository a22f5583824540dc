// Asking in a chat: one answer at a time, from the question to the end of its stream.

import { UnmaskClientError } from "../../../src/client/index.js";
import { current, messagesOf } from "../state/conversation.js";
import { problemOf } from "../state/problem.js";
import { optionsOf } from "../state/settings.js";
import { addStep, emptyTrace } from "../state/trace.js";
import { clientOf } from "./connect.js";
import { newId } from "./storage.js";
import { connection, conversations, running, settings, traces } from "./stores.js";

let job: AbortController | null = null;

/** Puts a question into the conversation on the screen and streams its answer. */
export function ask(text: string): Promise<void> {
  const answer = newId();
  conversations.dispatch({ type: "ask", text, question: newId(), answer, now: Date.now() });
  return run(answer);
}

/** Answers the last question once more. */
export function askAgain(): Promise<void> {
  const answer = newId();
  conversations.dispatch({ type: "again", answer, now: Date.now() });
  return run(answer);
}

/** Ends the answer in progress, and with it the server's work. */
export function stop(): void {
  job?.abort();
}

async function run(answer: string): Promise<void> {
  stop();
  const controller = new AbortController();
  job = controller;
  running.dispatch(answer);
  const { facts } = connection.get();
  const begun = performance.now();
  try {
    const stream = clientOf(facts).chatStream(messagesOf(current(conversations.get())), {
      ...optionsOf(settings.get(), facts),
      denoising: facts?.denoising,
      signal: controller.signal,
    });
    for await (const event of stream.events) {
      if (event.type === "text") conversations.dispatch({ type: "text", answer, text: event.text });
      else if (event.type === "denoising") {
        const step = { ...event, at: performance.now() - begun };
        traces.dispatch({ id: answer, edit: (trace) => addStep(trace ?? emptyTrace(facts?.blockLength ?? 32), step) });
      } else {
        const { model, finishReason, usage, timings, seed } = event.answer;
        const tokens = usage?.completionTokens ?? null;
        if (facts?.denoising) {
          traces.dispatch({ id: answer, edit: (trace) => ({ ...(trace ?? emptyTrace(32)), tokens }) });
        }
        conversations.dispatch({ type: "finished", answer, facts: { model, finishReason, usage, timings, seed } });
      }
    }
  } catch (error) {
    if (error instanceof UnmaskClientError && error.code === "aborted") {
      conversations.dispatch({ type: "stopped", answer });
    } else conversations.dispatch({ type: "failed", answer, problem: problemOf(error) });
  } finally {
    if (job === controller) {
      job = null;
      running.dispatch(null);
    }
  }
}
