// Running a race: the modes one after another, so that each has the server to itself.

import { type DecodeMode, UnmaskClientError } from "../../../src/client/index.js";
import { problemOf } from "../state/problem.js";
import type { RaceAction } from "../state/race.js";
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
  const picture = slowly(race.dispatch);
  for (const [lane, decodeMode] of modes.entries()) {
    if (signal.aborted) break;
    picture.add({ type: "lane", lane });
    const begun = performance.now();
    const at = () => performance.now() - begun;
    try {
      const stream = client.chatStream(prompt, { ...options, decodeMode, denoising: true });
      for await (const event of stream.events) {
        if (event.type === "text") picture.add({ type: "text", lane, at: at(), text: event.text });
        else if (event.type === "denoising") picture.add({ type: "step", lane, step: { ...event, at: at() } });
        else picture.add({ type: "finished", lane, at: at(), answer: event.answer });
      }
    } catch (error) {
      if (error instanceof UnmaskClientError && error.code === "aborted") break;
      picture.add({ type: "failed", lane, problem: problemOf(error) });
    }
  }
  picture.add({ type: "end" });
  picture.flush();
}

/** Hands actions on ten times a second: drawing takes the processor from those who race on it. */
function slowly(dispatch: (action: RaceAction) => void) {
  let waiting: RaceAction[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  const flush = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    for (const action of waiting) dispatch(action);
    waiting = [];
  };
  const add = (action: RaceAction) => {
    waiting.push(action);
    timer ??= setTimeout(flush, 100);
  };
  return { add, flush };
}
