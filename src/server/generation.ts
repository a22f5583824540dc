// The handler of both endpoints that generate: body to request, request to events, events to
// chunks, and the chunks streamed or folded.
//
// The invariant: whatever happens (an error, a client that leaves, a server that closes), the
// engine's generator is told to end, the job is counted off and the exchange is logged, once.

import type { Context, Handler } from "hono";
import type { GenerateEvent } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";
import { answerHead, type Endpoint } from "./answer.js";
import { readJson } from "./body.js";
import { asUnmaskError } from "./errors.js";
import type { Exchange } from "./exchange.js";
import type { Job, Jobs } from "./jobs.js";
import { requireModel, systemFingerprint } from "./models.js";
import type { ModelSlot } from "./slot.js";
import { eventStream, eventStreamHeaders, within } from "./sse.js";

export interface Limits {
  /** Largest request body in bytes. */
  bodyBytes: number;
  /** Requests that may wait for the engine; more are answered with 429. */
  waiting: number;
  /** Milliseconds of silence in a stream before a comment line keeps the connection up. */
  heartbeat: number;
}

export const defaultLimits: Limits = { bodyBytes: 4 * 1024 * 1024, waiting: 256, heartbeat: 15_000 };

export interface Environment {
  Variables: { exchange: Exchange };
}

export function generationHandler<Chunk extends object, Whole extends object>(
  endpoint: Endpoint<Chunk, Whole>,
  parts: { slot: ModelSlot; jobs: Jobs; limits: Limits },
): Handler<Environment> {
  const { slot, jobs, limits } = parts;
  return async (c: Context<Environment>) => {
    const model = slot.get();
    const request = endpoint.parse(await readJson(c.req.raw, limits.bodyBytes));
    requireModel(request.model, model.info);
    if (model.stats().waiting >= limits.waiting) {
      const message = `${limits.waiting} requests are waiting already. Try again later or send fewer at a time.`;
      throw new UnmaskError("too_many_requests", message);
    }
    const exchange = c.get("exchange");
    const job = jobs.start(c.req.raw.signal);
    const source = model.generate(request.input, { ...request.options, signal: job.signal });
    const end = async () => {
      await source.return();
      job.end();
    };
    try {
      // The engine refuses what it cannot do before its first event: such an error keeps its status.
      const first = source.next();
      await within(first, limits.heartbeat);
      const head = answerHead(endpoint.idPrefix, model.info.id, systemFingerprint(model.info));
      const events = watch(source, first, job, exchange);
      const chunks = endpoint.chunks(events, head, request.includeUsage || !request.stream);
      if (!request.stream) {
        const whole = await endpoint.fold(chunks);
        await end();
        return c.json(whole);
      }
      exchange.streaming = true;
      const onEnd = async (error: unknown) => {
        if (error !== null) exchange.failed(asUnmaskError(error));
        exchange.end(200);
        await end();
      };
      const body = eventStream(chunks, { heartbeat: limits.heartbeat, onCancel: job.abort, onEnd });
      return c.body(body, 200, eventStreamHeaders);
    } catch (error) {
      await end();
      throw inRequestTerms(reasonOf(job, error), endpoint.inputField);
    }
  };
}

/** The engine names its input messages, prompt or tokens; a client knows one field that holds it. */
function inRequestTerms(error: unknown, inputField: string): unknown {
  if (!(error instanceof UnmaskError) || error.param === null) return error;
  if (!["messages", "prompt", "tokens"].includes(error.param) || error.param === inputField) return error;
  return new UnmaskError(error.code, error.message, { param: inputField, cause: error });
}

/** The source's events, its first one already asked for, each shown to the exchange. */
async function* watch(
  source: AsyncGenerator<GenerateEvent, void, void>,
  first: Promise<IteratorResult<GenerateEvent, void>>,
  job: Job,
  exchange: Exchange,
): AsyncGenerator<GenerateEvent, void, void> {
  try {
    for (let step = await first; !step.done; step = await source.next()) {
      exchange.event(step.value);
      yield step.value;
    }
  } catch (error) {
    throw reasonOf(job, error);
  }
}

/** Why the work ended: the engine only knows that it was aborted, the job knows by whom. */
function reasonOf(job: Job, error: unknown): unknown {
  return job.signal.aborted ? job.signal.reason : error;
}
