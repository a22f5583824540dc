// The generations that are running, and the two ways in which they end early: their client
// leaves, or the server closes. Both abort the job's signal with the error that says so.

import { UnmaskError } from "../util/errors.js";

export interface Job {
  /** Aborted with an UnmaskError as its reason. */
  signal: AbortSignal;
  /** The client is gone. */
  abort(): void;
  /** To be called once, whatever happened. */
  end(): void;
}

export class Jobs {
  readonly #running = new Set<AbortController>();
  #closed = false;

  /** @param client aborted when the client's connection closes. @throws disposed after close(). */
  start(client: AbortSignal): Job {
    if (this.#closed) throw closing();
    const controller = new AbortController();
    const abort = () => controller.abort(gone());
    this.#running.add(controller);
    client.addEventListener("abort", abort, { once: true });
    if (client.aborted) abort();
    const end = () => {
      client.removeEventListener("abort", abort);
      this.#running.delete(controller);
    };
    return { signal: controller.signal, abort, end };
  }

  /** Aborts every running job and refuses new ones. */
  close(): void {
    this.#closed = true;
    for (const controller of this.#running) controller.abort(closing());
  }
}

function gone(): UnmaskError {
  return new UnmaskError("aborted", "The client closed the connection.");
}

function closing(): UnmaskError {
  return new UnmaskError("disposed", "The server is shutting down. Send the request again when it is back.");
}
