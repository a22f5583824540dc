// The app on a socket: listening, and closing in order.
//
// It listens at once, while the model may still be loading, so that a supervisor sees /health
// change from 503 to 200. It does not own the model: whoever loaded it disposes of it.

import {
  createServer,
  type RequestListener,
  type Server,
  type ServerOptions as ServerOptionsOfNode,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { UnmaskError } from "../util/errors.js";
import { type AppOptions, createApp } from "./app.js";
import { Jobs } from "./jobs.js";

export interface ServerOptions extends AppOptions {
  /** Address to listen on: "127.0.0.1" for this computer, "0.0.0.0" for the network. */
  host: string;
  /** 0 takes any free port. */
  port: number;
}

export interface RunningServer {
  /** http://127.0.0.1:30000 */
  readonly url: string;
  readonly port: number;
  /** Stops accepting, aborts what runs, waits until every connection is closed. Idempotent. */
  close(): Promise<void>;
}

/** Longer than the 60 s of common proxies, which otherwise reuse a connection just as we close it. */
const keepAliveTimeout = 75_000;
/** How long a closing server waits for clients to take their last bytes. */
const closeTimeout = 5_000;

/** @throws port_in_use; config_invalid for an address this computer does not have. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const jobs = new Jobs();
  const app = createApp({ ...options, jobs });
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    hostname: options.host, // of HTTP/1.0, which may name none
    createServer: createHttpServer,
    serverOptions: { keepAliveTimeout, headersTimeout: keepAliveTimeout + 5_000 },
  }) as Server;
  const open = trackAnswers(server);
  await listen(server, options.host, options.port);
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | null = null;
  return {
    url: `http://${reachable(options.host)}:${port}`,
    port,
    close: () => {
      closed ??= close(server, open, jobs);
      return closed;
    },
  };
}

/** Names of hosts are the same in capitals, which the adaptor would refuse. */
const createHttpServer: typeof createServer = (...given: unknown[]) => {
  const [options, answer] = given as [ServerOptionsOfNode, RequestListener];
  return createServer(options, (request, response) => {
    request.headers.host = request.headers.host?.toLowerCase();
    answer(request, response);
  });
};

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen(port, host, resolve);
  });
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): unknown {
  const cause = error;
  switch (error.code) {
    case "EADDRINUSE": {
      const message = `Port ${port} on ${host} is in use. Stop the program that uses it, or choose another port with --port.`;
      return new UnmaskError("port_in_use", message, { param: "port", cause });
    }
    case "EACCES": {
      const message = `This user may not listen on port ${port}. Choose a port from 1024 with --port.`;
      return new UnmaskError("config_invalid", message, { param: "port", cause });
    }
    case "EADDRNOTAVAIL":
    case "ENOTFOUND": {
      const message = `'${host}' is not an address of this computer. Use --host 127.0.0.1, or 0.0.0.0 for the network.`;
      return new UnmaskError("config_invalid", message, { param: "host", cause });
    }
    default:
      return error;
  }
}

/** The answers that are on their way. */
function trackAnswers(server: Server): ReadonlySet<ServerResponse> {
  const open = new Set<ServerResponse>();
  server.on("request", (_, answer) => {
    open.add(answer);
    answer.on("close", () => open.delete(answer));
  });
  return open;
}

async function close(server: Server, open: ReadonlySet<ServerResponse>, jobs: Jobs): Promise<void> {
  jobs.close();
  const deadline = Date.now() + closeTimeout;
  const done = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // Clients keep connections that they do not use, some without ever having asked anything.
  const sweep = setInterval(() => {
    if (open.size === 0 || Date.now() > deadline) server.closeAllConnections();
  }, 20);
  await done;
  clearInterval(sweep);
}

/** The host as a client on this computer would write it. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
