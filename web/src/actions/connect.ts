// Asking the chosen server what it is, until it says.

import { UnmaskClient, UnmaskClientError } from "../../../src/client/index.js";
import { currentBackend } from "../state/backends.js";
import { factsOf } from "../state/facts.js";
import { problemOf } from "../state/problem.js";
import type { Stores } from "./stores.js";

export class Connector {
  readonly #stores: Stores;
  #attempt: AbortController | null = null;

  constructor(stores: Stores) {
    this.#stores = stores;
  }

  /** A client of the chosen server, and of its model once that is known. */
  client(): UnmaskClient {
    const { url, apiKey } = currentBackend(this.#stores.backends.get());
    const model = this.#stores.connection.get().facts?.model;
    return new UnmaskClient({ baseURL: url === "" ? location.origin : url, apiKey, model });
  }

  /** Connects anew: waits while the model loads, then reads the facts. */
  async connect(): Promise<void> {
    const { connection } = this.#stores;
    this.#attempt?.abort();
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    connection.dispatch({ state: "connecting", facts: null, problem: null });
    try {
      const client = this.client();
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
}
