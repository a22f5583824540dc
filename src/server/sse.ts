// Server-sent events from an async generator, as OpenAI frames them: one `data:` line a chunk,
// then `data: [DONE]`; an error is the last event and leaves [DONE] out.
//
// The stream is pulled: the generator advances when the socket has room. While it is silent,
// a comment line goes out from time to time, so that proxies do not give the connection up.

import { UnmaskError } from "../util/errors.js";
import { asUnmaskError, errorObject } from "./errors.js";

export interface EventStreamOptions {
  /** Milliseconds of silence before a comment line. */
  heartbeat: number;
  /** The client left: whatever feeds the generator is to stop. */
  onCancel: () => void;
  /** Called once, when the generator has ended: with what it threw, `aborted` when the client left, or null. */
  onEnd: (error: unknown) => Promise<void>;
}

export const eventStreamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no", // nginx would collect the whole answer
};

/** Bytes of a text/event-stream body. */
export function eventStream(chunks: AsyncGenerator<object>, options: EventStreamOptions): ReadableStream<Uint8Array> {
  const utf8 = new TextEncoder();
  let pending: Promise<IteratorResult<object>> | null = null;
  let cancelled = false;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const send = (text: string) => controller.enqueue(utf8.encode(text));
      pending ??= chunks.next();
      try {
        const step = await within(pending, options.heartbeat);
        if (cancelled) return;
        if (step === null) return send(": waiting\n\n");
        pending = null;
        if (!step.done) return send(`data: ${JSON.stringify(step.value)}\n\n`);
        send("data: [DONE]\n\n");
        controller.close();
        await options.onEnd(null);
      } catch (error) {
        if (cancelled) return;
        send(`data: ${JSON.stringify(errorObject(asUnmaskError(error)))}\n\n`);
        controller.close();
        await options.onEnd(error);
      }
    },
    async cancel() {
      cancelled = true;
      options.onCancel();
      const left = new UnmaskError("aborted", "The client left before the end of the answer.");
      const error = await Promise.resolve(pending).then(
        () => left,
        (reason) => reason,
      );
      await chunks.return(undefined);
      await options.onEnd(error);
    },
  });
}

/** What a promise resolves to, or null when that takes longer than `milliseconds`. */
export async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, milliseconds, null);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
