// Asking the chosen server what it is, until it says.

import { UnmaskClient, UnmaskClientError } from "../../../src/client/index.js";
import { currentBackend } from "../state/backends.js";
import { type Facts, factsOf } from "../state/facts.js";
import { problemOf } from "../state/problem.js";
import { backends, connection } from "./stores.js";

/** A client of the chosen server. */
export function clientOf(facts: Facts | null = null): UnmaskClient {
  const { url, apiKey } = currentBackend(backends.get());
  return new UnmaskClient({ baseURL: url === "" ? location.origin : url, apiKey, model: facts?.model });
}

let attempt: AbortController | null = null;

/** Connects anew: waits while the model loads, then reads the facts. */
export async function connect(): Promise<void> {
  attempt?.abort();
  attempt = new AbortController();
  const { signal } = attempt;
  connection.dispatch({ state: "connecting", facts: null, problem: null });
  try {
    const client = clientOf();
    for (;;) {
      try {
        const [card] = await client.models({ signal, retries: 0, timeout: 15_000 });
        if (card === undefined) throw new UnmaskClientError("invalid_answer", "The server has no model.");
        connection.dispatch({ state: "ready", facts: factsOf(card) });
        return;
      } catch (error) {
        const loading = error instanceof UnmaskClientError && error.status === 503;
        if (!loading) throw error;
        await client.waitUntilReady({ signal, timeout: 600_000 });
      }
    }
  } catch (error) {
    if (!signal.aborted) connection.dispatch({ state: "failed", problem: problemOf(error) });
  }
}
