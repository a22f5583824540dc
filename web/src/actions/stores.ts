// The page's state, in stores by subject, and which of it is kept in the browser.

import { type Backends, ownServer, reduceBackends } from "../state/backends.js";
import { type Conversations, emptyConversation, reduceConversations, settled } from "../state/conversation.js";
import type { Facts } from "../state/facts.js";
import type { Problem } from "../state/problem.js";
import { noRace, reduceRace } from "../state/race.js";
import { noSettings, type Settings } from "../state/settings.js";
import { createStore, type Store } from "../state/store.js";
import type { Trace } from "../state/trace.js";
import { keep, load, newId } from "./storage.js";

/** What is known of the chosen server. */
export interface Connection {
  state: "connecting" | "ready" | "failed";
  facts: Facts | null;
  problem: Problem | null;
}

export type Traces = Readonly<Record<string, Trace>>;

/** A new step of one trace, or: these answers are all there are now. */
export type TraceAction = { id: string; edit: (trace: Trace | undefined) => Trace } | { answers: ReadonlySet<string> };

function reduceTraces(all: Traces, action: TraceAction): Traces {
  if ("edit" in action) return { ...all, [action.id]: action.edit(all[action.id]) };
  const kept = Object.entries(all).filter(([id]) => action.answers.has(id));
  return kept.length === Object.keys(all).length ? all : Object.fromEntries(kept);
}

function frameStore<S, A>(reduce: (state: S, action: A) => S, initial: S): Store<S, A> {
  return createStore(reduce, initial, nextFrame);
}

/** A page in the background gets no frames, not even those it asked for before; its answers must arrive all the same. */
function nextFrame(task: () => void): void {
  let done = false;
  const once = () => {
    if (!done) task();
    done = true;
  };
  requestAnimationFrame(once);
  setTimeout(once, 250);
}

function merge<S extends object>(state: S, change: Partial<S>): S {
  return { ...state, ...change };
}

function firstConversations(): Conversations {
  const fresh = emptyConversation(newId(), Date.now());
  return { list: [fresh], current: fresh.id };
}

/** All of the page's state, as it was left. */
export function createStores() {
  return {
    conversations: frameStore(reduceConversations, settled(load<Conversations>("conversations", firstConversations()))),
    /** By the id of the answer. */
    traces: frameStore(reduceTraces, {}),
    /** The answer that is being made, of a chat; one at a time. */
    running: frameStore<string | null, string | null>((_, id) => id, null),
    settings: frameStore<Settings, Partial<Settings>>(merge, {
      ...noSettings,
      ...load<Partial<Settings>>("settings", {}),
    }),
    backends: frameStore(reduceBackends, load<Backends>("backends", { list: [ownServer], current: ownServer.id })),
    connection: frameStore<Connection, Partial<Connection>>(merge, { state: "connecting", facts: null, problem: null }),
    race: frameStore(reduceRace, noRace),
  };
}

export type Stores = ReturnType<typeof createStores>;

/** Begins to keep what changes. */
export function startKeeping({ conversations, traces, settings, backends }: Stores): void {
  conversations.subscribe(() => {
    const state = conversations.get();
    keep("conversations", state);
    traces.dispatch({ answers: new Set(state.list.flatMap(({ turns }) => turns.map(({ id }) => id))) });
  });
  settings.subscribe(() => keep("settings", settings.get()));
  backends.subscribe(() => keep("backends", backends.get()));
}
