// One HTTP exchange as log and metrics see it: one line and one set of observations, written
// when its answer has ended, which for a stream is long after the handler returned.
//
// Prompts and answers are never logged, nor anything else that a body says.

import type { Logger } from "pino";
import type { GenerateEvent } from "../engine/types.js";
import type { UnmaskError } from "../util/errors.js";
import { timingsObject } from "./answer.js";
import type { Metrics } from "./metrics.js";

/** Asked for all the time, or by a page as a matter of course: logged at level debug. */
const quiet: readonly string[] = ["/health", "/metrics", "/assets/*"];

type Finish = Extract<GenerateEvent, { type: "finish" }>;

export interface ExchangeInfo {
  id: string;
  method: string;
  path: string;
  /** The route, for metrics: no identifiers, "other" for unknown paths. */
  route: string;
}

export class Exchange {
  /** Set when the answer outlives the handler; whoever sets it calls end(). */
  streaming = false;
  readonly #info: ExchangeInfo;
  readonly #metrics: Metrics;
  readonly #logger: Logger | null;
  readonly #begin = performance.now();
  #firstToken: number | null = null;
  #finish: Finish | null = null;
  #error: UnmaskError | null = null;

  constructor(info: ExchangeInfo, metrics: Metrics, logger: Logger | null) {
    this.#info = info;
    this.#metrics = metrics;
    this.#logger = logger;
  }

  /** Told of every event of a generation. */
  event(event: GenerateEvent): void {
    if (event.type === "text") this.#firstToken ??= performance.now();
    if (event.type === "finish") this.#finish = event;
  }

  failed(error: UnmaskError): void {
    this.#error = error;
  }

  end(status: number): void {
    const milliseconds = performance.now() - this.#begin;
    const code = this.#error?.status ?? status;
    this.#metrics.requests.inc({ path: this.#info.route, status: String(code) });
    if (this.#info.route.endsWith("completions")) this.#observe(milliseconds);
    this.#log(code, milliseconds);
  }

  #observe(milliseconds: number): void {
    const { finished, failed, firstToken, wholeRequest, prefill, decode, tokensPerForward } = this.#metrics;
    if (this.#error !== null) failed.inc({ code: this.#error.code });
    if (this.#finish === null) return;
    const { reason, timings } = this.#finish;
    finished.inc({ finished_reason: reason });
    wholeRequest.observe(milliseconds / 1000);
    if (this.#firstToken !== null) firstToken.observe((this.#firstToken - this.#begin) / 1000);
    prefill.observe(timings.promptMs / 1000);
    decode.observe(timings.predictedMs / 1000);
    if (timings.forwards > 0) tokensPerForward.observe(timings.predictedN / timings.forwards);
  }

  #log(status: number, milliseconds: number): void {
    if (this.#logger === null) return;
    const { id, method, path, route } = this.#info;
    const fields: Record<string, unknown> = { id, status, ms: Math.round(milliseconds) };
    if (this.#finish !== null) {
      const { usage, timings, reason } = this.#finish;
      const rates = timingsObject(timings, usage.cachedTokens);
      fields.prompt = usage.promptTokens;
      fields.cached = usage.cachedTokens;
      fields.tokens = usage.completionTokens;
      fields.finish = reason;
      fields.tokens_per_second = round(rates.predicted_per_second);
      fields.tokens_per_forward = round(rates.tokens_per_forward);
    }
    if (this.#error !== null) {
      fields.code = this.#error.code;
      if (this.#error.code === "internal") fields.err = this.#error.cause ?? this.#error;
      else if (this.#error.param !== null) fields.param = this.#error.param; // messages quote what was sent
    }
    const line = `${method} ${path}`;
    if (this.#error?.code === "internal") this.#logger.error(fields, line);
    else if (quiet.includes(route)) this.#logger.debug(fields, line);
    else this.#logger.info(fields, line);
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
