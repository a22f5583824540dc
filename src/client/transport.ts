// One HTTP request: address, headers, silence, retries, and failures as UnmaskClientError.
//
// Knows nothing of chats. A reply keeps its clock running until its body has been read, so
// whoever gets one reads or closes it.

import { serverError, UnmaskClientError } from "./errors.js";
import { parse } from "./json.js";
import { retryAfterSeconds, retryable, retryDelay } from "./retry.js";
import type { CallOptions } from "./types.js";

export interface Transport {
  headers: Record<string, string>;
  timeout: number;
  retries: number;
  fetch: typeof fetch;
}

export interface Outgoing extends CallOptions {
  url: string;
  /** GET without, POST with. */
  body?: unknown;
}

/** @throws UnmaskClientError for every status that is not 2xx */
export async function send(transport: Transport, request: Outgoing): Promise<Reply> {
  const retries = request.retries ?? transport.retries;
  for (let attempt = 0; ; attempt++) {
    const reply = await exchange(transport, request);
    if (reply.status >= 200 && reply.status < 300) return reply;
    const error = await reply.error();
    const delay = retryable.has(reply.status) ? retryDelay(attempt, error.retryAfter, Math.random()) : null;
    if (attempt >= retries || delay === null) throw error;
    await sleep(delay, request.signal);
  }
}

/** The server's reply, whatever its status. */
export async function exchange(transport: Transport, request: Outgoing): Promise<Reply> {
  const { url, body, signal } = request;
  const clock = new SilenceClock(url, request.timeout ?? transport.timeout, signal);
  try {
    const response = await transport.fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers: body === undefined ? transport.headers : { ...transport.headers, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: clock.signal,
    });
    clock.touch();
    return new Reply(response, clock);
  } catch (cause) {
    clock.stop();
    throw clock.failure(cause, "connection_failed");
  }
}

export class Reply {
  readonly status: number;
  readonly requestId: string | null;
  readonly #response: Response;
  readonly #clock: SilenceClock;

  constructor(response: Response, clock: SilenceClock) {
    this.status = response.status;
    this.requestId = response.headers.get("x-request-id");
    this.#response = response;
    this.#clock = clock;
  }

  get isEventStream(): boolean {
    return (this.#response.headers.get("content-type") ?? "").startsWith("text/event-stream");
  }

  /** The body as it arrives. Leaving the loop early ends the request. */
  async *bytes(): AsyncGenerator<Uint8Array, void, void> {
    const reader = this.#response.body?.getReader();
    if (reader === undefined) return this.#clock.stop();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        this.#clock.touch();
        yield value;
      }
    } catch (cause) {
      throw this.#clock.failure(cause, "stream_broken", this);
    } finally {
      this.#clock.stop();
      reader.cancel().catch(() => {}); // nothing to do for a stream that is closed or broken already
    }
  }

  /** The body as JSON, or as text when it is none. */
  async content(): Promise<unknown> {
    const utf8 = new TextDecoder();
    let source = "";
    for await (const piece of this.bytes()) source += utf8.decode(piece, { stream: true });
    return parse(source + utf8.decode());
  }

  /** The body as the error that it describes. */
  async error(): Promise<UnmaskClientError> {
    const retryAfter = retryAfterSeconds(this.#response.headers.get("retry-after"), Date.now());
    return serverError(await this.content(), { status: this.status, requestId: this.requestId, retryAfter });
  }
}

/** Aborts a request after too long a silence, or when the caller does; knows afterwards which it was. */
class SilenceClock {
  readonly #controller = new AbortController();
  readonly #url: string;
  readonly #limit: number;
  readonly #caller: AbortSignal | undefined;
  readonly #onAbort = () => this.#controller.abort();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #expired = false;

  constructor(url: string, limit: number, caller: AbortSignal | undefined) {
    this.#url = url;
    this.#limit = limit;
    this.#caller = caller;
    if (caller?.aborted) this.#controller.abort();
    caller?.addEventListener("abort", this.#onAbort, { once: true });
    this.touch();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something arrived. */
  touch(): void {
    clearTimeout(this.#timer);
    if (this.#limit === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => {
      this.#expired = true;
      this.#controller.abort();
    }, this.#limit);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#onAbort);
  }

  /** Why the request failed. */
  failure(cause: unknown, code: "connection_failed" | "stream_broken", reply?: Reply): UnmaskClientError {
    const facts = { cause, status: reply?.status, requestId: reply?.requestId };
    if (this.#expired) {
      const message = `${this.#url} was silent for ${this.#limit} ms. Raise timeout, or ask for a shorter answer.`;
      return new UnmaskClientError("timeout", message, facts);
    }
    if (this.#caller?.aborted) return aborted(this.#caller.reason, facts);
    const message =
      code === "connection_failed"
        ? `${this.#url} cannot be reached${because(cause)}. Is the server running there?`
        : `${this.#url} closed the connection before its answer was complete${because(cause)}. Send the request again.`;
    return new UnmaskClientError(code, message, facts);
  }
}

export function aborted(cause: unknown, facts = {}): UnmaskClientError {
  return new UnmaskClientError("aborted", "The request was aborted.", { ...facts, cause });
}

/** Node hides the reason in the cause of "fetch failed". */
function because(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return "";
  const code = (inner as { code?: unknown }).code;
  const detail = inner.message || (typeof code === "string" ? code : "");
  return detail ? ` (${detail})` : "";
}

/** @throws aborted */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(aborted(signal?.reason));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
