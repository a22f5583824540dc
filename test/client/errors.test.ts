// Everything that can go wrong, and what the caller is told.

import { expect, test } from "vitest";
import { UnmaskClient, UnmaskClientError } from "../../src/client/index.js";
import { json, type Reaction, ScriptedServer } from "./scripted-server.js";

const answer = json({ choices: [{ message: { content: "ok" }, finish_reason: "stop" }] });

async function failure(promise: Promise<unknown>): Promise<UnmaskClientError> {
  const error = await promise.then(
    () => null,
    (error) => error,
  );
  expect(error).toBeInstanceOf(UnmaskClientError);
  return error;
}

async function failureOf(reaction: Reaction): Promise<UnmaskClientError> {
  await using server = await ScriptedServer.start(reaction);
  return await failure(new UnmaskClient({ baseURL: server.url, apiKey: "secret" }).chat("Hi"));
}

test("an error of unmask keeps code, param, status and request id", async () => {
  const error = {
    message: "threshold is 2.",
    type: "invalid_request_error",
    param: "threshold",
    code: "invalid_request",
  };
  expect(await failureOf(json({ error }, 400, { "x-request-id": "req-9" }))).toMatchObject({
    ...error,
    status: 400,
    requestId: "req-9",
    retryAfter: null,
  });
});

test.each([
  [
    { error: { code: 400, message: "too long", type: "exceed_context_size_error" } },
    "exceed_context_size_error",
    "too long",
  ],
  [{ object: "error", message: "bad", type: "BadRequestError", param: null, code: 400 }, "BadRequestError", "bad"],
  [{ error: "model is required" }, "http_error", "The server answered with status 400: model is required"],
  [{ detail: [{ loc: ["body"] }] }, "http_error", 'The server answered with status 400: [{"loc":["body"]}]'],
  [null, "http_error", "The server answered with status 400: null"],
])("an error of another server: %j", async (body, code, message) => {
  expect(await failureOf(json(body, 400))).toMatchObject({ code, message, status: 400 });
});

test("an error page of a proxy", async () => {
  const error = await failureOf((response) => void response.writeHead(502).end(`<html>${"x".repeat(500)}`));
  expect(error).toMatchObject({ code: "http_error", status: 502 });
  expect(error.message).toMatch(/^The server answered with status 502: <html>x+\.\.\.$/);
  expect(await failureOf((response) => void response.writeHead(500).end())).toMatchObject({
    message: "The server answered with status 500.",
  });
});

test.each(["<html>", "[]", "{}", '{"choices":[]}'])("200 without an answer: %s", async (body) => {
  const error = await failureOf((response) => void response.writeHead(200).end(body));
  expect(error.code).toBe("invalid_answer");
});

test("nobody there", async () => {
  const server = await ScriptedServer.start(answer);
  await server[Symbol.asyncDispose]();
  const error = await failure(new UnmaskClient({ baseURL: server.url, apiKey: "secret" }).chat("Hi"));
  expect(error).toMatchObject({ code: "connection_failed", status: null });
  expect(error.message).toContain(server.url);
  expect(error.message).not.toContain("secret");
});

test("a connection that breaks in the answer", async () => {
  const error = await failureOf((response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("{");
    setTimeout(() => response.destroy(), 20);
  });
  expect(error).toMatchObject({ code: "stream_broken", status: 200 });
});

test("silence, before the answer and in it", async () => {
  const silent: Reaction = () => {};
  const stalls: Reaction = (response) => void response.writeHead(200).write("{");
  await using server = await ScriptedServer.start(silent, stalls);
  const client = new UnmaskClient({ baseURL: server.url, timeout: 500 });
  expect(await failure(client.chat("Hi"))).toMatchObject({ code: "timeout", status: null });
  expect(await failure(client.chat("Hi"))).toMatchObject({ code: "timeout", status: 200 });
});

test("pieces that keep coming are no silence", async () => {
  await using server = await ScriptedServer.start(async (response) => {
    const body = JSON.stringify({ choices: [{ message: { content: "ok" } }] });
    for (const character of body) {
      response.write(character);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    response.end();
  });
  const client = new UnmaskClient({ baseURL: server.url, timeout: 600 });
  expect((await client.chat("Hi")).text).toBe("ok"); // over 40 pieces, more than 0.8 seconds
});

test("the caller's signal, before and during", async () => {
  let left = () => {};
  const gone = new Promise<void>((resolve) => {
    left = resolve;
  });
  const controller = new AbortController();
  await using server = await ScriptedServer.start((response) => {
    response.on("close", left);
    controller.abort(new Error("enough"));
  });
  const client = new UnmaskClient({ baseURL: server.url });
  const error = await failure(client.chat("Hi", { signal: controller.signal }));
  expect(error.code).toBe("aborted");
  expect(error.cause).toMatchObject({ message: "enough" });
  await gone; // the server saw it
  expect(await failure(client.chat("Hi", { signal: controller.signal }))).toMatchObject({ code: "aborted" });
  expect(server.asked).toHaveLength(1);
});

test("429 and 503 are tried again, other failures are not", async () => {
  const busy = (status: number) => json({ error: { message: "busy", code: "x" } }, status, { "retry-after": "0" });
  await using server = await ScriptedServer.start(busy(429), busy(503), answer, busy(500), answer);
  const client = new UnmaskClient({ baseURL: server.url });
  expect((await client.chat("Hi")).text).toBe("ok");
  expect(server.asked).toHaveLength(3);
  expect(await failure(client.chat("Hi"))).toMatchObject({ status: 500, message: "busy" });
  expect(server.asked).toHaveLength(4);
});

test("tries are bounded", async () => {
  const busy = json({ error: { message: "busy", code: "too_many_requests" } }, 429, { "retry-after": "0" });
  await using server = await ScriptedServer.start(busy);
  const client = new UnmaskClient({ baseURL: server.url, retries: 3 });
  expect(await failure(client.chat("Hi"))).toMatchObject({ code: "too_many_requests", retryAfter: 0 });
  expect(server.asked).toHaveLength(4);
  await failure(client.models({ retries: 0 }));
  expect(server.asked).toHaveLength(5);
});

test("a server that asks for an hour gets no further try", async () => {
  const busy = json({ error: { message: "busy", code: "too_many_requests" } }, 429, { "retry-after": "3600" });
  await using server = await ScriptedServer.start(busy);
  const error = await failure(new UnmaskClient({ baseURL: server.url }).chat("Hi"));
  expect(error).toMatchObject({ status: 429, retryAfter: 3600 });
  expect(server.asked).toHaveLength(1);
});

test("aborting while waiting for the next try", async () => {
  const controller = new AbortController();
  await using server = await ScriptedServer.start((response, request) => {
    json({ error: { message: "busy" } }, 503, { "retry-after": "20" })(response, request);
    setTimeout(() => controller.abort(), 50);
  });
  const client = new UnmaskClient({ baseURL: server.url });
  expect(await failure(client.chat("Hi", { signal: controller.signal }))).toMatchObject({ code: "aborted" });
  expect(server.asked).toHaveLength(1);
});

test("waiting until ready passes over a server that is loading or behind a proxy", async () => {
  await using server = await ScriptedServer.start(
    json({ status: "loading" }, 503),
    json({}, 502),
    json({ status: "ok" }),
  );
  await new UnmaskClient({ baseURL: server.url }).waitUntilReady({ interval: 5 });
  expect(server.asked).toHaveLength(3);
});

test("waiting until ready for nobody ends in time, or when the caller says", async () => {
  const server = await ScriptedServer.start(answer);
  await server[Symbol.asyncDispose]();
  const client = new UnmaskClient({ baseURL: server.url });
  const error = await failure(client.waitUntilReady({ interval: 5, timeout: 30 }));
  expect(error.code).toBe("timeout");
  expect(error.cause).toMatchObject({ code: "connection_failed" });
  const controller = new AbortController();
  const waiting = failure(client.waitUntilReady({ signal: controller.signal }));
  controller.abort();
  expect((await waiting).code).toBe("aborted");
});

test("waiting until ready: a server without /health is asked for its models; a wrong key is not waited for", async () => {
  const missing = json({ error: { message: "not found" } }, 404);
  await using server = await ScriptedServer.start(missing, json({ data: [] }), json({ error: { message: "no" } }, 401));
  const client = new UnmaskClient({ baseURL: server.url });
  await client.waitUntilReady();
  expect(server.asked.map((asked) => asked.path)).toEqual(["/health", "/v1/models"]);
  expect(await failure(client.waitUntilReady())).toMatchObject({ status: 401 });
});
