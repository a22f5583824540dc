// Whole answers: what is sent, and what is made of what servers send back.

import { expect, test } from "vitest";
import { UnmaskClient } from "../../src/client/index.js";
import { json, ScriptedServer } from "./scripted-server.js";

const full = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "unmask-5m",
  choices: [
    { index: 0, message: { role: "assistant", content: "2 + 2 equals 4." }, logprobs: null, finish_reason: "stop" },
  ],
  usage: { prompt_tokens: 12, completion_tokens: 9, total_tokens: 21, prompt_tokens_details: { cached_tokens: 4 } },
  timings: {
    cache_n: 4,
    prompt_n: 8,
    prompt_ms: 4,
    prompt_per_second: 2000,
    prompt_forwards: 1,
    predicted_n: 9,
    predicted_ms: 18,
    predicted_per_second: 500,
    forwards: 3,
    rows: 70,
    tokens_per_forward: 3,
  },
  seed: 5,
};

test("an answer of unmask, complete", async () => {
  await using server = await ScriptedServer.start(json(full, 200, { "x-request-id": "req-1" }));
  const client = new UnmaskClient({ baseURL: server.url, apiKey: "secret", headers: { "x-team": "a" } });
  expect(await client.chat("What is 2+2?")).toEqual({
    id: "chatcmpl-1",
    model: "unmask-5m",
    text: "2 + 2 equals 4.",
    finishReason: "stop",
    usage: { promptTokens: 12, cachedTokens: 4, completionTokens: 9 },
    timings: {
      promptN: 8,
      promptMs: 4,
      promptPerSecond: 2000,
      promptForwards: 1,
      predictedN: 9,
      predictedMs: 18,
      predictedPerSecond: 500,
      forwards: 3,
      rows: 70,
      tokensPerForward: 3,
    },
    seed: 5,
    logprobs: null,
    requestId: "req-1",
  });
  const [asked] = server.asked;
  expect(asked).toMatchObject({ method: "POST", path: "/v1/chat/completions" });
  expect(asked.headers).toMatchObject({
    authorization: "Bearer secret",
    "x-team": "a",
    "content-type": "application/json",
  });
  expect(asked.body).toEqual({ messages: [{ role: "user", content: "What is 2+2?" }] });
});

test("every option goes out under its name on the wire", async () => {
  await using server = await ScriptedServer.start(json(full));
  const client = new UnmaskClient({ baseURL: server.url, model: "default" });
  const messages = [
    { role: "system" as const, content: "Be brief." },
    { role: "user" as const, content: "Hi" },
  ];
  await client.chat(messages, {
    maxTokens: 5,
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    seed: 0,
    stop: ["\n"],
    logprobs: 0,
    decodeMode: "verified",
    threshold: 0,
    smallBlockSize: 4,
    blockSize: 32,
    dualCache: false,
    ignoreStop: true,
    extra: { min_p: 0.05 },
  });
  expect(server.asked[0].body).toEqual({
    model: "default",
    messages,
    max_tokens: 5,
    temperature: 0.5,
    top_p: 0.9,
    top_k: 40,
    seed: 0,
    stop: ["\n"],
    logprobs: true,
    top_logprobs: 0,
    decode_mode: "verified",
    threshold: 0,
    small_block_size: 4,
    block_size: 32,
    dual_cache: false,
    ignore_eos: true,
    min_p: 0.05,
  });
  await client.chat("Hi", { model: "other" });
  expect(server.asked[1].body.model).toBe("other");
});

test("an answer of another server: fields missing, null or foreign", async () => {
  const message = { role: "assistant", content: null, reasoning_content: "hmm", tool_calls: null };
  await using server = await ScriptedServer.start(
    json({
      choices: [{ message, finish_reason: "length", matched_stop: null }],
      usage: null,
      metadata: { weight_version: "1" },
    }),
    json({
      choices: [{ message: { content: "ok" } }],
      timings: { prompt_n: 3, predicted_n: 1, predicted_per_second: 9.5 },
    }),
  );
  const client = new UnmaskClient({ baseURL: `${server.url}/api/v2/` });
  const nothing = { id: "", model: "", usage: null, timings: null, seed: null, logprobs: null, requestId: null };
  expect(await client.chat("Hi")).toEqual({ ...nothing, text: "", finishReason: "length" });
  expect(server.asked[0].path).toBe("/api/v2/chat/completions");
  const second = await client.chat("Hi");
  expect(second.text).toBe("ok");
  expect(second.timings).toMatchObject({ promptN: 3, predictedPerSecond: 9.5, forwards: null, tokensPerForward: null });
});

test("logprobs of both endpoints have one shape", async () => {
  const token = { token: "4", logprob: -0.5, bytes: [52] };
  const chat = { content: [{ ...token, top_logprobs: [token, { token: "5", logprob: -1, bytes: null }] }] };
  const completion = {
    tokens: ["4"],
    token_logprobs: [-0.5],
    top_logprobs: [{ "4": -0.5, "5": -1 }],
    text_offset: [0],
  };
  await using server = await ScriptedServer.start(
    json({ choices: [{ message: { content: "4" }, logprobs: chat, finish_reason: "stop" }] }),
    json({ choices: [{ text: "4", logprobs: completion, finish_reason: "stop" }] }),
  );
  const client = new UnmaskClient({ baseURL: server.url });
  expect((await client.chat("2+2=", { logprobs: 2 })).logprobs).toEqual([
    {
      text: "4",
      bytes: [52],
      logprob: -0.5,
      top: [
        { text: "4", bytes: [52], logprob: -0.5 },
        { text: "5", bytes: null, logprob: -1 },
      ],
    },
  ]);
  expect((await client.complete("2+2=", { logprobs: 2 })).logprobs).toEqual([
    {
      text: "4",
      bytes: null,
      logprob: -0.5,
      top: [
        { text: "4", bytes: null, logprob: -0.5 },
        { text: "5", bytes: null, logprob: -1 },
      ],
    },
  ]);
  expect(server.asked[1]).toMatchObject({ path: "/v1/completions", body: { prompt: "2+2=", logprobs: 2 } });
});

test("completions take tokens", async () => {
  await using server = await ScriptedServer.start(json({ choices: [{ text: " there", finish_reason: "length" }] }));
  const answer = await new UnmaskClient({ baseURL: server.url }).complete([1, 2, 3], { maxTokens: 1 });
  expect(answer).toMatchObject({ text: " there", finishReason: "length" });
  expect(server.asked[0].body).toEqual({ prompt: [1, 2, 3], max_tokens: 1 });
});

test("models and health", async () => {
  await using server = await ScriptedServer.start(
    json({ object: "list", data: [{ id: "lab", object: "model", meta: { size: 3 } }] }),
    json({ status: "ok" }),
    json({ status: "loading", progress: 0.5 }, 503),
    (response) => void response.writeHead(200).end(), // SGLang: no body
    json({ models: [] }),
  );
  const client = new UnmaskClient({ baseURL: server.url });
  expect(await client.models()).toEqual([{ id: "lab", object: "model", meta: { size: 3 } }]);
  expect(await client.health()).toEqual({ ready: true, status: 200, details: { status: "ok" } });
  expect(await client.health()).toMatchObject({ ready: false, status: 503, details: { progress: 0.5 } });
  expect(await client.health()).toEqual({ ready: true, status: 200, details: {} });
  expect(server.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "GET /v1/models",
    "GET /health",
    "GET /health",
    "GET /health",
  ]);
  await expect(client.models()).rejects.toMatchObject({ code: "invalid_answer" });
});

test("a base address without a path gets /v1, any other is taken as it is", () => {
  const of = (baseURL?: string) => new UnmaskClient({ baseURL }).baseURL;
  expect(of()).toBe("http://127.0.0.1:30000/v1");
  expect(of("http://localhost:8080/")).toBe("http://localhost:8080/v1");
  expect(of("https://host/api/v1/")).toBe("https://host/api/v1");
  expect(() => of("localhost")).toThrow(TypeError);
});
