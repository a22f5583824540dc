// The server on a socket: listening, clients that leave, closing in order.

import { connect } from "node:net";
import { text as streamText } from "node:stream/consumers";
import { pino } from "pino";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Model } from "../../src/engine/types.js";
import { type RunningServer, type ServerOptions, startServer } from "../../src/server/index.js";
import { aborted, fakeModel, finish, text } from "./fake-model.js";

const servers: RunningServer[] = [];

async function start(options: Partial<ServerOptions> & Pick<ServerOptions, "model">): Promise<RunningServer> {
  const server = await startServer({ host: "127.0.0.1", port: 0, ...options });
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function ask(server: RunningServer, fields: object = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ messages: [{ role: "user", content: "Hello" }], ...fields }),
    ...init,
  });
}

/** Says one thing, then nothing until it is aborted. */
function endless() {
  return fakeModel(async function* (_, options) {
    yield text("begun");
    await aborted(options.signal);
    yield text("unheard");
  });
}

test("it listens while the model loads", async () => {
  let loaded: (model: Model) => void = () => {};
  const server = await start({
    model: new Promise<Model>((resolve) => {
      loaded = resolve;
    }),
  });
  expect((await fetch(`${server.url}/health`)).status).toBe(503);
  loaded(fakeModel());
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});

describe("listening", () => {
  test("a port in use is named, with the way out", async () => {
    const { port } = await start({ model: fakeModel() });
    const second = startServer({ model: fakeModel(), host: "127.0.0.1", port });
    await expect(second).rejects.toMatchObject({ code: "port_in_use", param: "port" });
    await expect(second).rejects.toThrow(new RegExp(`Port ${port} .*--port`));
  });

  test("an address that is not ours", async () => {
    const foreign = startServer({ model: fakeModel(), host: "192.0.2.1", port: 0 });
    await expect(foreign).rejects.toMatchObject({ code: "config_invalid", param: "host" });
  });

  test("the address of a server on all interfaces can be opened", async () => {
    const server = await start({ model: fakeModel(), host: "0.0.0.0" });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });
});

describe("a client that leaves", () => {
  test.each([true, false])("stops the work (stream: %s)", async (stream) => {
    const model = endless();
    const server = await start({ model });
    const client = new AbortController();
    const response = ask(server, { stream }, { signal: client.signal });
    if (stream) await (await response).body?.getReader().read();
    await vi.waitFor(() => expect(model.live).toBe(1));
    client.abort();
    if (!stream) await expect(response).rejects.toThrow("abort");
    await vi.waitFor(() => expect(model.live).toBe(0));
    expect(model.calls[0].options.signal?.aborted).toBe(true);
  });

  test("stops it also when its socket is cut", async () => {
    const model = endless();
    const server = await start({ model });
    const body = JSON.stringify({ messages: [{ role: "user", content: "x" }], stream: true });
    const socket = connect(server.port, "127.0.0.1");
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await new Promise((resolve) => socket.once("data", resolve));
    expect(model.live).toBe(1);
    socket.destroy();
    await vi.waitFor(() => expect(model.live).toBe(0));
  });

  test("does not disturb the others", async () => {
    const model = fakeModel(async function* (input, options) {
      const leave = "messages" in input && input.messages[0].content === "leave";
      yield text("begun");
      if (leave) await aborted(options.signal);
      yield finish();
    });
    const server = await start({ model });
    const client = new AbortController();
    const messages = [{ role: "user", content: "leave" }];
    const gone = ask(server, { messages, stream: true }, { signal: client.signal });
    await (await gone).body?.getReader().read();
    client.abort();
    const stays = await ask(server);
    expect(stays.status).toBe(200);
    await vi.waitFor(() => expect(model.live).toBe(0));
  });
});

test("a client that does not read holds the generator back", async () => {
  let made = 0;
  const model = fakeModel(function* () {
    for (; made < 20_000; made++) yield text("x".repeat(1000));
    yield finish();
  });
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => lines.push(JSON.parse(line));
  const server = await start({ model, logger: pino({}, { write }) });
  const body = JSON.stringify({ messages: [{ role: "user", content: "x" }], stream: true });
  const socket = connect(server.port, "127.0.0.1");
  socket.pause();
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  let last = -1;
  await vi.waitFor(
    () => {
      const before = last;
      last = made;
      expect(made).toBeGreaterThan(0);
      expect(made).toBe(before); // it stands still
    },
    { interval: 100, timeout: 20_000 },
  );
  expect(made).toBeLessThan(20_000);
  socket.destroy();
  await vi.waitFor(() => expect(model.live).toBe(0));
  await vi.waitFor(() => expect(lines).toMatchObject([{ status: 499, code: "aborted" }]));
});

test("a host in capitals is answered, and HTTP/1.0 that names none", async () => {
  const { port } = await start({ model: fakeModel() });
  for (const head of ["GET /health HTTP/1.0", "GET /health HTTP/1.1\r\nConnection: close\r\nHost: LOCALHOST:30000"]) {
    const socket = connect(port, "127.0.0.1");
    socket.write(`${head}\r\n\r\n`);
    const answer = await streamText(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(/x-request-id: /i);
  }
});

test("a body over the limit is answered, not cut off", async () => {
  const server = await start({ model: fakeModel(), limits: { bodyBytes: 1000 } });
  const response = await ask(server, { user: "x".repeat(1_000_000) });
  expect(response.status).toBe(413);
  expect(((await response.json()) as { error: { code: string } }).error.code).toBe("request_too_large");
});

describe("closing", () => {
  test("ends running streams with an error that says why, and takes no more", async () => {
    const model = endless();
    const server = await start({ model });
    const response = await ask(server, { stream: true });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let all = (await reader.read()).value ?? "";
    const closed = server.close();
    for (let step = await reader.read(); !step.done; step = await reader.read()) all += step.value;
    await closed;
    expect(all).toContain('"code":"disposed"');
    expect(all).not.toContain("[DONE]");
    expect(model.live).toBe(0);
    await expect(fetch(`${server.url}/health`)).rejects.toThrow();
  });

  test("answers whole requests with 503", async () => {
    const model = endless();
    const server = await start({ model });
    const response = ask(server);
    await vi.waitFor(() => expect(model.live).toBe(1));
    await Promise.all([server.close(), server.close()]);
    expect((await response).status).toBe(503);
    expect(model.live).toBe(0);
  });

  test("does not wait for idle keep-alive connections", async () => {
    const server = await start({ model: fakeModel() });
    await (await fetch(`${server.url}/health`)).text();
    await server.close();
  });
});
