// Running a race: the modes one after another, so that each has the server to itself.
//
// A lane that is over in a blink is run several times and its fastest run counts: whatever else
// the machine does makes a run slower, never faster.

import {
  type DecodeMode,
  type StreamOptions,
  type UnmaskClient,
  UnmaskClientError,
} from "../../../src/client/index.js";
import { problemOf } from "../state/problem.js";
import type { LaneEvent, RaceAction } from "../state/race.js";
import { inMode, optionsOf } from "../state/settings.js";
import type { Connector } from "./connect.js";
import type { Stores } from "./stores.js";

/** Milliseconds. */
const blink = 500;
const mostRuns = 5;

export class Racer {
  readonly #stores: Stores;
  readonly #connector: Connector;
  #job: AbortController | null = null;

  constructor(stores: Stores, connector: Connector) {
    this.#stores = stores;
    this.#connector = connector;
  }

  /** Ends the race; there is no result. */
  stop(): void {
    this.#job?.abort();
  }

  /** Runs the prompt in each mode. All have one seed and the settings of the chat but its mode. */
  async run(prompt: string, modes: readonly DecodeMode[]): Promise<void> {
    this.stop();
    this.#job = new AbortController();
    const { signal } = this.#job;
    const { connection, race, settings } = this.#stores;
    const { facts } = connection.get();
    const client = this.#connector.client();
    const options: StreamOptions = { ...optionsOf(settings.get(), facts), denoising: true, signal };
    options.seed ??= 1;
    race.dispatch({ type: "start", prompt, modes, blockLength: facts?.blockLength ?? 32 });
    try {
      // The first request of a prompt pays for what the cache then has; no lane is to be that first one.
      for (const decodeMode of modes) await client.chat(prompt, { ...inMode(decodeMode, options), maxTokens: 1 });
    } catch {
      // A lane that cannot run says why itself.
    }
    for (const [lane, decodeMode] of modes.entries()) {
      if (signal.aborted) break;
      race.dispatch({ type: "lane", lane });
      try {
        await runLane(client, prompt, inMode(decodeMode, options), lane, race.dispatch);
      } catch (error) {
        if (error instanceof UnmaskClientError && error.code === "aborted") break;
        race.dispatch({ type: "failed", lane, problem: problemOf(error) });
      }
    }
    race.dispatch({ type: "end" });
  }
}

async function runLane(
  client: UnmaskClient,
  prompt: string,
  options: StreamOptions,
  lane: number,
  dispatch: (action: RaceAction) => void,
): Promise<void> {
  const picture = slowly(dispatch);
  let took = await run(client, prompt, options, (event) => picture.add({ type: "event", lane, event }));
  picture.flush();
  for (let i = 1; i < mostRuns && took < blink; i++) {
    const events: LaneEvent[] = [];
    took = await run(client, prompt, options, (event) => events.push(event));
    dispatch({ type: "rerun", lane, events });
  }
}

/** One run. @returns milliseconds */
async function run(
  client: UnmaskClient,
  prompt: string,
  options: StreamOptions,
  tell: (event: LaneEvent) => void,
): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 100)); // what is to be drawn is drawn before the start
  const begun = performance.now();
  const at = () => performance.now() - begun;
  for await (const event of client.chatStream(prompt, options).events) tell({ ...event, at: at() });
  return at();
}

/** Hands actions on four times a second: drawing takes the processor from those who race on it. */
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
    timer ??= setTimeout(flush, 250);
  };
  return { add, flush };
}
