// Asking in a chat: one answer at a time, from the question to the end of its stream.

import { UnmaskClientError } from "../../../src/client/index.js";
import { current, messagesOf } from "../state/conversation.js";
import { problemOf } from "../state/problem.js";
import { optionsOf } from "../state/settings.js";
import { addStep, emptyTrace } from "../state/trace.js";
import type { Connector } from "./connect.js";
import { newId } from "./storage.js";
import type { Stores } from "./stores.js";

export class Asker {
  readonly #stores: Stores;
  readonly #connector: Connector;
  #job: AbortController | null = null;

  constructor(stores: Stores, connector: Connector) {
    this.#stores = stores;
    this.#connector = connector;
  }

  /** Puts a question into the conversation on the screen and streams its answer. */
  ask(text: string): Promise<void> {
    const answer = newId();
    this.#stores.conversations.dispatch({ type: "ask", text, question: newId(), answer, now: Date.now() });
    return this.#run(answer);
  }

  /** Answers the last question once more. */
  again(): Promise<void> {
    const answer = newId();
    this.#stores.conversations.dispatch({ type: "again", answer, now: Date.now() });
    return this.#run(answer);
  }

  /** Ends the answer in progress, and with it the server's work. */
  stop(): void {
    this.#job?.abort();
  }

  async #run(answer: string): Promise<void> {
    this.stop();
    const controller = new AbortController();
    this.#job = controller;
    const { conversations, running } = this.#stores;
    running.dispatch(answer);
    try {
      await this.#stream(answer, controller.signal);
    } catch (error) {
      if (error instanceof UnmaskClientError && error.code === "aborted") {
        conversations.dispatch({ type: "stopped", answer });
      } else conversations.dispatch({ type: "failed", answer, problem: problemOf(error) });
    } finally {
      if (this.#job === controller) {
        this.#job = null;
        running.dispatch(null);
      }
    }
  }

  async #stream(answer: string, signal: AbortSignal): Promise<void> {
    const { connection, conversations, settings, traces } = this.#stores;
    const { facts } = connection.get();
    const empty = emptyTrace(facts?.blockLength ?? 32);
    const begun = performance.now();
    const stream = this.#connector.client().chatStream(messagesOf(current(conversations.get())), {
      ...optionsOf(settings.get(), facts),
      denoising: facts?.denoising,
      signal,
    });
    for await (const event of stream.events) {
      if (event.type === "text") conversations.dispatch({ type: "text", answer, text: event.text });
      else if (event.type === "denoising") {
        const step = { ...event, at: performance.now() - begun };
        traces.dispatch({ id: answer, edit: (trace = empty) => addStep(trace, step) });
      } else {
        const { model, finishReason, usage, timings, seed } = event.answer;
        const tokens = usage?.completionTokens ?? null;
        if (facts?.denoising) traces.dispatch({ id: answer, edit: (trace = empty) => ({ ...trace, tokens }) });
        conversations.dispatch({ type: "finished", answer, facts: { model, finishReason, usage, timings, seed } });
      }
    }
  }
}
