// What surrounds an answer: health, models, metrics, access, logs, wrong paths.

import { Writable } from "node:stream";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type { Model } from "../../src/engine/types.js";
import type { ErrorObject } from "../../src/server/errors.js";
import { createApp } from "../../src/server/index.js";
import { UnmaskError } from "../../src/util/errors.js";
import { fakeInfo, fakeModel } from "./fake-model.js";

const chat = "/v1/chat/completions";
const body = JSON.stringify({ messages: [{ role: "user", content: "A secret question" }] });
const post = { method: "POST", body };

async function errorOf(response: Response): Promise<ErrorObject["error"]> {
  return ((await response.json()) as ErrorObject).error;
}

describe("while the model loads", () => {
  test("health and answers say so, and then answer", async () => {
    let loaded: (model: Model) => void = () => {};
    const app = createApp({
      model: new Promise<Model>((resolve) => {
        loaded = resolve;
      }),
      site: "no such folder",
    });
    for (const response of [
      await app.request("/health"),
      await app.request("/v1/models"),
      await app.request(chat, post),
    ]) {
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("1");
      expect(await errorOf(response)).toMatchObject({ type: "server_error", code: "model_loading" });
    }
    expect((await app.request("/metrics")).status).toBe(200);
    expect(await (await app.request("/")).text()).toContain("being loaded");
    loaded(fakeModel());
    await Promise.resolve();
    const health = await app.request("/health");
    expect(health.status).toBe(200);
    expect(await health.json()).toEqual({ status: "ok" });
    expect((await app.request(chat, post)).status).toBe(200);
  });

  test("a model that cannot be loaded is no reason to wait", async () => {
    const app = createApp({ model: Promise.reject(new UnmaskError("file_not_found", "There is no x.gguf.")) });
    await Promise.resolve();
    const response = await app.request("/health");
    expect(response.status).toBe(500);
    expect((await errorOf(response)).message).toContain("There is no x.gguf.");
  });
});

describe("models", () => {
  const app = createApp({ model: fakeModel() });

  test("the list has the one model", async () => {
    const list = await (await app.request("/v1/models")).json();
    const expected = { id: "fake-model", object: "model", created: expect.any(Number), owned_by: "unmask" };
    expect(list).toMatchObject({ object: "list", data: [expected] });
  });

  test("by its name, with what it is", async () => {
    const model = await (await app.request("/v1/models/fake-model")).json();
    expect(model).toMatchObject({
      id: "fake-model",
      meta: {
        n_ctx: fakeInfo.contextLength,
        weight_type: "I2_S",
        head_type: "F16",
        block_length: 32,
        defaults: { threshold: 0.9 },
      },
    });
  });

  test("another name is 404", async () => {
    const response = await app.request("/v1/models/gpt-5");
    expect(response.status).toBe(404);
    expect(await errorOf(response)).toMatchObject({ code: "model_not_found", param: "model" });
  });
});

describe("paths and methods", () => {
  const app = createApp({ model: fakeModel() });

  test("an unknown path names those there are", async () => {
    const response = await app.request("/v1/embeddings", post);
    expect(response.status).toBe(404);
    const error = await errorOf(response);
    expect(error).toMatchObject({ type: "not_found_error", code: "not_found" });
    expect(error.message).toContain("POST /v1/chat/completions");
  });

  test.each([
    ["GET", chat, "POST"],
    ["DELETE", "/v1/models/fake-model", "GET"],
    ["POST", "/health", "GET"],
  ])("%s %s is 405 and allows %s", async (method, path, allowed) => {
    const response = await app.request(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe(allowed);
    expect((await errorOf(response)).code).toBe("method_not_allowed");
  });

  test("without a built page, / says how to ask", async () => {
    const bare = createApp({ model: fakeModel(), site: "no such folder" });
    const page = await (await bare.request("http://localhost/")).text();
    expect(page).toContain("fake-model");
    expect(page).toContain("curl http://localhost/v1/chat/completions");
  });
});

describe("access", () => {
  test("an API key guards /v1 and /metrics, not /health", async () => {
    const app = createApp({ model: fakeModel(), apiKey: "s3cret" });
    const status = async (path: string, authorization?: string) =>
      (await app.request(path, { headers: authorization === undefined ? {} : { authorization } })).status;
    expect(await status("/health")).toBe(200);
    for (const path of ["/v1/models", "/metrics", "/v1/nothing"]) {
      expect(await status(path)).toBe(401);
      expect(await status(path, "Bearer s3cre")).toBe(401);
      expect(await status(path, "Bearer s3cret2")).toBe(401);
      expect(await status(path, "s3cret")).toBe(401);
    }
    expect(await status("/v1/models", "Bearer s3cret")).toBe(200);
    expect(await status("/v1/models", "bearer s3cret")).toBe(200);
    const refused = await app.request(chat, post);
    expect(await errorOf(refused)).toMatchObject({ type: "authentication_error", code: "unauthorized" });
  });

  test("pages of this computer may read answers, others only when named", async () => {
    const app = createApp({ model: fakeModel(), apiKey: "k", cors: ["https://example.com"] });
    const allowed = async (origin: string) =>
      (await app.request("/health", { headers: { origin } })).headers.get("access-control-allow-origin");
    for (const origin of ["http://localhost:5173", "http://127.0.0.1", "https://[::1]:8080", "https://example.com"]) {
      expect(await allowed(origin)).toBe(origin);
    }
    for (const origin of [
      "https://evil.example",
      "http://localhost.evil.example",
      "null",
      "file://",
      "http://127.0.0.1.evil.io",
    ]) {
      expect(await allowed(origin)).toBeNull();
    }
    const error = await app.request(chat, { ...post, headers: { origin: "http://localhost:5173" } });
    expect(error.status).toBe(401);
    expect(error.headers.get("access-control-allow-origin")).toBe("http://localhost:5173");
    const any = createApp({ model: fakeModel(), cors: ["*"] });
    const answer = await any.request("/health", { headers: { origin: "https://evil.example" } });
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://evil.example");
  });

  test("a preflight needs no key", async () => {
    const app = createApp({ model: fakeModel(), apiKey: "k" });
    const response = await app.request(chat, {
      method: "OPTIONS",
      headers: {
        origin: "http://localhost:3000",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-headers")).toBe("authorization,content-type");
    expect(response.headers.get("access-control-allow-methods")).toContain("POST");
  });
});

describe("request ids and logs", () => {
  function logged() {
    const lines: Record<string, unknown>[] = [];
    const sink = new Writable({
      write(chunk, _, done) {
        lines.push(JSON.parse(String(chunk)));
        done();
      },
    });
    return { lines, logger: pino({ level: "debug" }, sink) };
  }

  test("an id is made, or kept when the client sends one", async () => {
    const app = createApp({ model: fakeModel() });
    expect((await app.request("/health")).headers.get("x-request-id")).toMatch(/^[\w-]{36}$/);
    const own = await app.request("/nothing", { headers: { "x-request-id": "abc-1" } });
    expect(own.headers.get("x-request-id")).toBe("abc-1");
    const odd = await app.request("/health", { headers: { "x-request-id": "a b\tc" } });
    expect(odd.headers.get("x-request-id")).not.toContain(" ");
  });

  test("one line a request, a stream's when it has ended, and never the text", async () => {
    const { lines, logger } = logged();
    const app = createApp({ model: fakeModel(), logger });
    await app.request(chat, { ...post, headers: { "x-request-id": "whole" } });
    const streamed = await app.request(chat, {
      method: "POST",
      headers: { "x-request-id": "streamed" },
      body: JSON.stringify({ ...JSON.parse(body), stream: true }),
    });
    expect(lines.map((line) => line.id)).toEqual(["whole"]);
    await streamed.text();
    await app.request(chat, { method: "POST", body: "{", headers: { "x-request-id": "bad" } });
    const wrong = [{ messages: "A secret question" }, "A secret question"];
    for (const each of wrong) {
      const text = typeof each === "string" ? each : JSON.stringify(each);
      await app.request(chat, { method: "POST", body: text, headers: { "x-request-id": "wrong" } });
    }
    expect(JSON.stringify(lines)).not.toContain("secret question");
    expect(lines.splice(3).map(({ status, param }) => [status, param])).toEqual([
      [400, "messages"],
      [400, undefined],
    ]);
    await app.request("/health", { headers: { "x-request-id": "health" } });
    expect(lines.map((line) => [line.id, line.msg, line.status, line.level])).toEqual([
      ["whole", `POST ${chat}`, 200, 30],
      ["streamed", `POST ${chat}`, 200, 30],
      ["bad", `POST ${chat}`, 400, 30],
      ["health", "GET /health", 200, 20],
    ]);
    expect(lines[1]).toMatchObject({ prompt: 40, cached: 32, tokens: 3, finish: "stop", tokens_per_forward: 1.5 });
    expect(lines[2]).toMatchObject({ code: "invalid_json" });
    expect(JSON.stringify(lines)).not.toContain("secret question");
    expect(JSON.stringify(lines)).not.toContain("equals 4");
  });

  test("a bug is logged with its stack", async () => {
    const { lines, logger } = logged();
    const model = fakeModel(() => {
      throw new Error("what broke");
    });
    await createApp({ model, logger }).request(chat, post);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 50, status: 500, code: "internal" });
    expect(JSON.stringify(lines[0].err)).toContain("what broke");
  });
});

test("metrics: what HTTP knows and what the engine counts, one registry per app", async () => {
  const app = createApp({ model: fakeModel() });
  createApp({ model: fakeModel() }); // a second one does not collide
  await app.request(chat, post);
  await app.request(chat, { method: "POST", body: "{" });
  await app.request("/x/y/z");
  const response = await app.request("/metrics");
  expect(response.headers.get("content-type")).toContain("text/plain");
  const lines = (await response.text()).split("\n");
  for (const line of [
    'unmask_http_requests_total{path="/v1/chat/completions",status="200"} 1',
    'unmask_http_requests_total{path="/v1/chat/completions",status="400"} 1',
    'unmask_http_requests_total{path="other",status="404"} 1',
    'unmask_request_success_total{finished_reason="stop"} 1',
    'unmask_request_failure_total{code="invalid_json"} 1',
    "unmask_e2e_request_latency_seconds_count 1",
    "unmask_time_to_first_token_seconds_count 1",
    'unmask_request_tokens_per_forward_bucket{le="1.5"} 1',
    "unmask_forwards_total 11",
    "unmask_rows_total 222",
    "unmask_cached_tokens_total 32",
    "unmask_generation_tokens_total 3",
    'unmask_kv_pages{state="free"} 5',
    "unmask_kv_cache_usage_ratio 0.25",
    "unmask_num_requests_running 0",
  ]) {
    expect(lines).toContain(line);
  }
  const again = (await (await app.request("/metrics")).text()).split("\n");
  expect(again).toContain("unmask_forwards_total 11"); // the engine's count, not added up
});
