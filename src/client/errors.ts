// The client's one error class, and how it is made from what servers answer.
//
// `code` is the server's own ("context_length_exceeded") where it gave one, otherwise one of
// the local codes below. Messages are sentences; they never hold the API key.

import { isRecord, text } from "./json.js";

/** Failures that no server reports: the table of local codes. */
export type ClientErrorCode =
  | "connection_failed" // no answer at all
  | "timeout" // silence for longer than allowed
  | "aborted" // the caller's signal, or a stream that was left
  | "stream_broken" // the stream ended before the answer did
  | "invalid_answer" // not what an OpenAI-compatible server sends
  | "http_error"; // a failure without a code

export interface ErrorFacts {
  status?: number | null;
  type?: string | null;
  param?: string | null;
  requestId?: string | null;
  retryAfter?: number | null;
  cause?: unknown;
}

export class UnmaskClientError extends Error {
  /** The server's code, or a local one. */
  readonly code: ClientErrorCode | (string & {});
  /** HTTP status; null when there was no answer. */
  readonly status: number | null;
  readonly type: string | null;
  /** The request's field at fault. */
  readonly param: string | null;
  /** Find it in the server's log. */
  readonly requestId: string | null;
  /** Seconds that the server asked to wait. */
  readonly retryAfter: number | null;

  constructor(code: ClientErrorCode | (string & {}), message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = "UnmaskClientError";
    this.code = code;
    this.status = facts.status ?? null;
    this.type = facts.type ?? null;
    this.param = facts.param ?? null;
    this.requestId = facts.requestId ?? null;
    this.retryAfter = facts.retryAfter ?? null;
  }
}

/**
 * From an error body: `{error: {message, code, param, type}}` (OpenAI, llama-server, unmask), the same without
 * the envelope (SGLang), `{detail}` (FastAPI), or text that is no JSON at all (proxies).
 */
export function serverError(body: unknown, facts: ErrorFacts): UnmaskClientError {
  const envelope = isRecord(body) ? (body.error ?? body) : body;
  const fields = isRecord(envelope) ? envelope : {};
  const code = text(fields.code) ?? text(fields.type) ?? "http_error"; // llama-server's code is the status again
  const status = facts.status ?? (typeof fields.code === "number" ? fields.code : null);
  return new UnmaskClientError(code, text(fields.message) ?? describe(fields.detail ?? envelope, status), {
    ...facts,
    status,
    type: text(fields.type),
    param: text(fields.param),
  });
}

function describe(body: unknown, status: number | null): string {
  const said = typeof body === "string" ? body.trim() : body === undefined ? "" : JSON.stringify(body);
  const excerpt = said.length > 200 ? `${said.slice(0, 200)}...` : said;
  return `The server answered with ${status === null ? "an error" : `status ${status}`}${excerpt ? `: ${excerpt}` : "."}`;
}
