// Running a race: the modes one after another, so that each has the server to itself.

import { type DecodeMode, UnmaskClientError } from "../../../src/client/index.js";
import { problemOf } from "../state/problem.js";
import { optionsOf } from "../state/settings.js";
import { clientOf } from "./connect.js";
import { connection, race, settings } from "./stores.js";

let job: AbortController | null = null;

export function stopRace(): void {
  job?.abort();
}

/** Runs the prompt in each mode. All have one seed and the settings of the chat but its mode. */
export async function runRace(prompt: string, modes: readonly DecodeMode[]): Promise<void> {
  stopRace();
  job = new AbortController();
  const { signal } = job;
  const { facts } = connection.get();
  const client = clientOf(facts);
  const options = { ...optionsOf(settings.get(), facts), signal };
  options.seed ??= 1;
  race.dispatch({ type: "start", prompt, modes, blockLength: facts?.blockLength ?? 32 });
  try {
    // The first request of a prompt pays for what the cache then has; no lane is to be that first one.
    for (const decodeMode of modes) await client.chat(prompt, { ...options, decodeMode, maxTokens: 1 });
  } catch {
    // A lane that cannot run says why itself.
  }
  for (const [lane, decodeMode] of modes.entries()) {
    if (signal.aborted) break;
    race.dispatch({ type: "lane", lane });
    const begun = performance.now();
    const at = () => performance.now() - begun;
    try {
      const stream = client.chatStream(prompt, { ...options, decodeMode, denoising: true });
      for await (const event of stream.events) {
        if (event.type === "text") race.dispatch({ type: "text", lane, at: at(), text: event.text });
        else if (event.type === "denoising") race.dispatch({ type: "step", lane, step: { ...event, at: at() } });
        else race.dispatch({ type: "finished", lane, at: at(), answer: event.answer });
      }
    } catch (error) {
      if (error instanceof UnmaskClientError && error.code === "aborted") break;
      race.dispatch({ type: "failed", lane, problem: problemOf(error) });
    }
  }
  race.dispatch({ type: "end" });
}
