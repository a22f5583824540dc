// Bodies of both endpoints: what is accepted and how it reaches the engine, what is refused and
// with which code, param and words.

import type { Hono } from "hono";
import { describe, expect, test } from "vitest";
import type { ErrorObject } from "../../src/server/errors.js";
import { createApp } from "../../src/server/index.js";
import { type FakeModel, fakeModel } from "./fake-model.js";

const chat = "/v1/chat/completions";
const hello = { messages: [{ role: "user", content: "Hello" }] };

function setup(limits = {}): { model: FakeModel; post: (path: string, body: unknown) => Promise<Response> } {
  const model = fakeModel();
  const app = createApp({ model, limits }) as unknown as Hono;
  const post = async (path: string, body: unknown) =>
    app.request(path, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });
  return { model, post };
}

async function refused(path: string, body: unknown): Promise<ErrorObject["error"] & { status: number }> {
  const { model, post } = setup();
  const response = await post(path, body);
  const { error } = (await response.json()) as ErrorObject;
  expect(model.calls).toHaveLength(0);
  expect(error.message.length).toBeGreaterThan(10);
  return { ...error, status: response.status };
}

test("nesting without end and endless names are refused, not worked on", async () => {
  const nested = `{"messages":[{"role":"user","content":"x"}],"temperature":${"[".repeat(10_000)}${"]".repeat(10_000)}}`;
  expect(await refused(chat, nested)).toMatchObject({ status: 400, code: "invalid_request", param: "temperature" });
  const { message, param } = await refused(chat, { ...hello, ["x".repeat(1_000_000)]: 1 });
  expect(message.length + (param?.length ?? 0)).toBeLessThan(300);
});

describe("what reaches the engine", () => {
  test("every supported field of a chat", async () => {
    const { model, post } = setup();
    const response = await post(chat, {
      model: "fake-model",
      messages: [
        { role: "developer", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "text", text: "What is " },
            { type: "text", text: "2+2?" },
          ],
          name: "ada",
        },
        { role: "assistant", content: "4", refusal: null, tool_calls: [], annotations: [] },
        { role: "tool", content: "ok", tool_call_id: "1" },
      ],
      max_completion_tokens: 50,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      seed: -3,
      stop: "\n",
      logprobs: true,
      top_logprobs: 2,
      decode_mode: "iterative",
      threshold: 0.8,
      small_block_size: 4,
      block_size: 32,
      dual_cache: false,
      ignore_eos: true,
    });
    expect(response.status).toBe(200);
    const { input, options } = model.calls[0];
    expect(input).toEqual({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "What is 2+2?" },
        { role: "assistant", content: "4" },
        { role: "tool", content: "ok" },
      ],
    });
    const { signal, ...rest } = options;
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(rest).toEqual({
      maxTokens: 50,
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      seed: -3,
      stop: ["\n"],
      logprobs: 2,
      decodeMode: "iterative",
      threshold: 0.8,
      smallBlockSize: 4,
      blockSize: 32,
      dualCache: false,
      ignoreStop: true,
      denoising: undefined,
    });
  });

  test("nothing is made up for what is left out, or null", async () => {
    const { model, post } = setup();
    await post(chat, { ...hello, max_tokens: null, temperature: null, stop: null, logprobs: null, stream: null });
    const { signal: _, ...options } = model.calls[0].options;
    expect(Object.values(options).every((value) => value === undefined)).toBe(true);
  });

  test.each([
    ["text", "Once", { prompt: "Once" }],
    ["one text in an array", ["Once"], { prompt: "Once" }],
    ["tokens", [1, 2, 3], { tokens: [1, 2, 3] }],
    ["tokens in an array", [[1, 2]], { tokens: [1, 2] }],
  ])("a prompt as %s", async (_, prompt, input) => {
    const { model, post } = setup();
    const response = await post("/v1/completions", { prompt, max_tokens: 5, logprobs: 0, stop: ["a", "b"] });
    expect(response.status).toBe(200);
    expect(model.calls[0].input).toEqual(input);
    expect(model.calls[0].options).toMatchObject({ maxTokens: 5, logprobs: 0, stop: ["a", "b"] });
  });

  test.each([
    {
      user: "u",
      metadata: { a: "b" },
      store: true,
      service_tier: "auto",
      safety_identifier: "s",
      prompt_cache_key: "k",
    },
    { n: 1, frequency_penalty: 0, presence_penalty: 0, logit_bias: {} },
    { n: null, frequency_penalty: null, presence_penalty: null, logit_bias: null },
    {
      response_format: { type: "text" },
      modalities: ["text"],
      tools: [],
      tool_choice: "none",
      parallel_tool_calls: true,
    },
    { reasoning_effort: null, verbosity: "medium", audio: null, prediction: null, web_search_options: null },
    { model: "default" },
    { stream: true, stream_options: { include_usage: true, include_denoising: false, include_obfuscation: false } },
  ])("harmless fields of a chat: %j", async (fields) => {
    const { model, post } = setup();
    const response = await post(chat, { ...hello, ...fields });
    await response.text();
    expect(response.status).toBe(200);
    expect(model.calls).toHaveLength(1);
  });

  test("harmless fields of a completion", async () => {
    const { post } = setup();
    const fields = { best_of: 1, echo: false, suffix: null, n: 1, user: "u" };
    expect((await post("/v1/completions", { prompt: "x", ...fields })).status).toBe(200);
  });

  test("include_denoising asks the engine for events", async () => {
    const { model, post } = setup();
    await (await post(chat, { ...hello, stream: true, stream_options: { include_denoising: true } })).text();
    expect(model.calls[0].options.denoising).toBe(true);
  });
});

describe("what is refused", () => {
  test.each([
    ["temperatur", { temperatur: 1 }, /'temperature'/],
    ["min_p", { min_p: 0.1 }, /min_p/],
    ["tools", { tools: [{ type: "function" }] }, /Tools/],
    ["tool_choice", { tool_choice: "required" }, /Tools/],
    ["response_format", { response_format: { type: "json_object" } }, /Structured/],
    ["response_format", { response_format: { type: "text", schema: {} } }, /Structured/],
    ["n", { n: 2 }, /one answer/],
    ["frequency_penalty", { frequency_penalty: 0.5 }, /Penalties/],
    ["presence_penalty", { presence_penalty: -1 }, /Penalties/],
    ["logit_bias", { logit_bias: { 5: 1 } }, /Biasing/],
    ["modalities", { modalities: ["text", "audio"] }, /text/],
    ["reasoning_effort", { reasoning_effort: "high" }, /reasoning/],
    [
      "stream_options.include_thoughts",
      { stream: true, stream_options: { include_thoughts: true } },
      /include_thoughts/,
    ],
    ["stream_options.include_obfuscation", { stream: true, stream_options: { include_obfuscation: true } }, /padded/],
    ["messages[0].weight", { messages: [{ role: "user", content: "x", weight: 1 }] }, /weight/],
    ["messages[0].tool_calls", { messages: [{ role: "assistant", content: "x", tool_calls: [{}] }] }, /Tools/],
    ["messages[1].content[1].type", { messages: [...hello.messages, imageMessage()] }, /"text"/],
  ])("a chat with %s", async (param, fields, words) => {
    const error = await refused(chat, { ...hello, ...fields });
    expect(error).toMatchObject({ status: 400, type: "invalid_request_error", code: "unsupported_parameter", param });
    expect(error.message).toMatch(words);
  });

  test.each([
    ["temperature", { temperature: "hot" }, /number; it is "hot"/],
    ["temperature", { temperature: 2.1 }, /at most 2/],
    ["top_p", { top_p: -0.1 }, /at least 0/],
    ["top_k", { top_k: 1.5 }, /integer/],
    ["max_tokens", { max_tokens: 0 }, /at least 1/],
    ["max_completion_tokens", { max_completion_tokens: "5" }, /number/],
    ["max_completion_tokens", { max_tokens: 5, max_completion_tokens: 6 }, /one of them/],
    ["seed", { seed: 1.5 }, /integer/],
    ["stop", { stop: 5 }, /string or an array/],
    ["stop", { stop: Array(17).fill("x") }, /at most 16/],
    ["stop[1]", { stop: ["a", ""] }, /at least 1 character/],
    ["stream", { stream: "yes" }, /boolean/],
    ["stream_options", { stream_options: { include_usage: true } }, /stream to true/],
    ["logprobs", { logprobs: 3 }, /boolean/],
    ["top_logprobs", { logprobs: true, top_logprobs: 21 }, /at most 20/],
    ["top_logprobs", { top_logprobs: 2 }, /logprobs to true/],
    ["decode_mode", { decode_mode: "fast" }, /"adaptive"/],
    ["threshold", { threshold: 1.5 }, /at most 1/],
    ["small_block_size", { small_block_size: 0 }, /at least 1/],
    ["dual_cache", { dual_cache: 1 }, /"shifted"; it is 1/],
    ["model", { model: 5 }, /string/],
    ["messages", { messages: "Hello" }, /array/],
    ["messages", { messages: [] }, /at least 1 element/],
    ["messages", { messages: undefined }, /required/],
    ["messages[0].role", { messages: [{ role: "bot", content: "x" }] }, /"user"/],
    ["messages[0].content", { messages: [{ role: "user", content: 5 }] }, /a string or an array/],
    ["messages[0].content", { messages: [{ role: "user", content: null }] }, /a string or an array/],
    ["messages[0].content[0].text", { messages: [{ role: "user", content: [{ type: "text" }] }] }, /required/],
    ["messages[0]", { messages: ["Hello"] }, /object/],
  ])("a chat with a wrong %s: %j", async (param, fields, words) => {
    const error = await refused(chat, { ...hello, ...fields });
    expect(error).toMatchObject({ status: 400, type: "invalid_request_error", code: "invalid_request", param });
    expect(error.message).toMatch(words);
  });

  test.each([
    ["invalid_request", "prompt", {}],
    ["invalid_request", "prompt", { prompt: 5 }],
    ["invalid_request", "prompt", { prompt: [] }],
    ["invalid_request", "prompt", { prompt: [-1] }],
    ["invalid_request", "prompt", { prompt: [1.5, 2] }],
    ["invalid_request", "prompt", { prompt: [{}] }],
    ["unsupported_parameter", "prompt", { prompt: ["a", "b"] }],
    ["unsupported_parameter", "best_of", { prompt: "x", best_of: 2 }],
    ["unsupported_parameter", "echo", { prompt: "x", echo: true }],
    ["unsupported_parameter", "suffix", { prompt: "x", suffix: "end" }],
    ["unsupported_parameter", "messages", { prompt: "x", messages: [] }],
    ["invalid_request", "logprobs", { prompt: "x", logprobs: 21 }],
    ["invalid_request", "logprobs", { prompt: "x", logprobs: true }],
  ])("a completion: %s, %s", async (code, param, body) => {
    expect(await refused("/v1/completions", body)).toMatchObject({ status: 400, code, param });
  });

  test.each(["", "{", "[1,", "not json", '{"messages": [}'])("a body that is not JSON: %j", async (body) => {
    expect(await refused(chat, body)).toMatchObject({ status: 400, code: "invalid_json", param: null });
  });

  test("a body that is not UTF-8", async () => {
    const app = createApp({ model: fakeModel() });
    const response = await app.request(chat, { method: "POST", body: new Uint8Array([0x22, 0xff, 0x22]) });
    expect(response.status).toBe(400);
    expect(((await response.json()) as ErrorObject).error.code).toBe("invalid_json");
  });

  test.each(["[]", "5", "null", '"text"'])("JSON that is no object: %s", async (body) => {
    const error = await refused(chat, body);
    expect(error).toMatchObject({ status: 400, code: "invalid_request", param: null });
    expect(error.message).toMatch(/object/);
  });

  test("keys that JavaScript treats specially are unknown fields", async () => {
    const body = '{"messages":[{"role":"user","content":"x"}],"__proto__":{"stream":true}}';
    expect(await refused(chat, body)).toMatchObject({ code: "unsupported_parameter", param: "__proto__" });
  });

  test("another model's name, saying which one is here", async () => {
    const error = await refused(chat, { ...hello, model: "gpt-5" });
    expect(error).toMatchObject({ status: 404, type: "not_found_error", code: "model_not_found", param: "model" });
    expect(error.message).toContain("fake-model");
  });

  test("a body over the limit, by its length and by what arrives", async () => {
    const { post } = setup({ bodyBytes: 100 });
    const large = JSON.stringify({ ...hello, user: "x".repeat(100) });
    expect((await post(chat, large)).status).toBe(413);
    const app = createApp({ model: fakeModel(), limits: { bodyBytes: 100 } });
    const chunked = new Request(`http://localhost${chat}`, {
      method: "POST",
      body: new Blob([large]).stream(), // no content-length
      duplex: "half",
    } as RequestInit);
    const response = await app.request(chunked);
    expect(response.status).toBe(413);
    expect(((await response.json()) as ErrorObject).error).toMatchObject({ code: "request_too_large", param: null });
    const exact = JSON.stringify(hello);
    const fits = createApp({ model: fakeModel(), limits: { bodyBytes: exact.length } });
    expect((await fits.request(chat, { method: "POST", body: exact })).status).toBe(200);
  });

  test("more requests than may wait", async () => {
    const { model, post } = setup({ waiting: 3 });
    model.waiting = 3;
    const response = await post(chat, hello);
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(((await response.json()) as ErrorObject).error.code).toBe("too_many_requests");
  });
});

function imageMessage() {
  return {
    role: "user",
    content: [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url: "data:," } },
    ],
  };
}
