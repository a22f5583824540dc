// An HTTP server that answers as a test says, and remembers what it was asked.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

export type Reaction = (response: ServerResponse, request: IncomingMessage) => void | Promise<void>;

export class ScriptedServer {
  readonly url: string;
  readonly asked: Asked[] = [];
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  /** Reactions are taken in order; the last one answers all further requests. */
  static async start(...reactions: Reaction[]): Promise<ScriptedServer> {
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      const text = Buffer.concat(parts).toString();
      const { method = "", url = "", headers } = request;
      scripted.asked.push({ method, path: url, headers, body: text === "" ? {} : JSON.parse(text) });
      await reactions[Math.min(scripted.asked.length, reactions.length) - 1](response, request);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const close = () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    const scripted = new ScriptedServer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, close);
    return scripted;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Reaction {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

/** A stream of these chunks, `[DONE]` included unless told otherwise. */
export function sse(chunks: unknown[], end = "data: [DONE]\n\n"): Reaction {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "x-request-id": "req-7" });
    for (const chunk of chunks) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    response.end(end);
  };
}

export function delta(content: string | null, more: object = {}): object {
  return { id: "chatcmpl-1", model: "lab", choices: [{ index: 0, delta: { content }, finish_reason: null }], ...more };
}

export const stopped = { id: "chatcmpl-1", model: "lab", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };
