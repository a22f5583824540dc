// The server over the default model: what only a real engine can show.

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { loadModel } from "../../src/engine/index.js";
import type { Model } from "../../src/engine/types.js";
import type { ChatCompletion } from "../../src/server/chat.js";
import type { Completion } from "../../src/server/completion.js";
import type { ErrorObject } from "../../src/server/errors.js";
import { type RunningServer, startServer } from "../../src/server/index.js";

let model: Model;
let server: RunningServer;

beforeAll(async () => {
  model = await loadModel("models/unmask-5m.gguf");
  server = await startServer({ model, host: "127.0.0.1", port: 0 });
});

afterAll(async () => {
  await server.close();
  await model.dispose();
});

async function post<T>(path: string, body: object): Promise<T> {
  const response = await fetch(server.url + path, { method: "POST", body: JSON.stringify(body) });
  return (await response.json()) as T;
}

const ask = (content: string, fields: object = {}) => ({ messages: [{ role: "user", content }], ...fields });
const chat = (content: string, fields: object = {}) =>
  post<ChatCompletion>("/v1/chat/completions", ask(content, fields));
const textOf = (answer: ChatCompletion) => answer.choices[0].message.content;

test("What is 2+2?", async () => {
  const answer = await chat("What is 2+2?", { max_tokens: 50 });
  expect(textOf(answer)).toBe("2 + 2 equals 4.");
  expect(answer.choices[0].finish_reason).toBe("stop");
  expect(answer.timings.tokens_per_forward).toBeGreaterThan(1);
  expect(answer.timings.predicted_n).toBe(answer.usage.completion_tokens);
});

test("verified answers are the autoregressive ones", async () => {
  for (const question of ["What is 82 minus 82?", "Calculate 20 + 16.", "76 + 59 = ?"]) {
    const [one, other] = await Promise.all([
      chat(question, { decode_mode: "verified" }),
      chat(question, { decode_mode: "autoregressive" }),
    ]);
    expect(textOf(one)).toBe(textOf(other));
  }
});

test("requests side by side are answered as alone", async () => {
  const questions = Array.from({ length: 16 }, (_, i) => `How much is ${10 + i} plus ${3 * i}?`);
  const together = await Promise.all(questions.map((question) => chat(question, { max_tokens: 24 })));
  expect(model.stats()).toMatchObject({ running: 0, waiting: 0 });
  for (const i of [0, 7, 15]) {
    const alone = await chat(questions[i], { max_tokens: 24 });
    expect(textOf(alone)).toBe(textOf(together[i]));
    expect(alone.timings.forwards).toBe(together[i].timings.forwards);
  }
});

test("a seed repeats a sampled answer, and the one that was used is told", async () => {
  const sampled = { temperature: 1.5, max_tokens: 24, ignore_eos: true };
  const first = await chat("Tell me a story.", sampled);
  const again = await chat("Tell me a story.", { ...sampled, seed: first.seed });
  expect(textOf(again)).toBe(textOf(first));
  const other = await chat("Tell me a story.", { ...sampled, seed: first.seed + 1 });
  expect(textOf(other)).not.toBe(textOf(first));
});

test("budgets are exact, stop texts cut", async () => {
  const long = await chat("What is 2+2?", { max_tokens: 40, ignore_eos: true });
  expect(long.usage.completion_tokens).toBe(40);
  expect(long.choices[0].finish_reason).toBe("length");
  const cut = await chat("What is 2+2?", { stop: ["equals"] });
  expect(textOf(cut)).toBe("2 + 2 ");
  expect(cut.choices[0].finish_reason).toBe("stop");
});

test("logprobs belong to the text, and a prefix of the prompt is found in the cache", async () => {
  const body = { prompt: "A red apple and a green pear. ".repeat(6), max_tokens: 12, logprobs: 2, ignore_eos: true };
  const first = await post<Completion>("/v1/completions", body);
  const { logprobs, text } = first.choices[0];
  expect(logprobs?.tokens.join("")).toBe(text);
  expect(logprobs?.token_logprobs.every((value) => value <= 0)).toBe(true);
  const second = await post<Completion>("/v1/completions", body);
  expect(second.usage.prompt_tokens_details.cached_tokens).toBeGreaterThanOrEqual(32);
  expect(second.timings.prompt_n + second.timings.cache_n).toBe(second.usage.prompt_tokens);
  expect(second.choices).toEqual(first.choices);
});

describe("what the engine refuses", () => {
  const refused = (path: string, body: object) => post<ErrorObject>(path, body).then(({ error }) => error);

  test.each([
    ["context_length_exceeded", "messages", ask("x ".repeat(2000))],
    ["context_length_exceeded", "max_tokens", ask("x", { max_tokens: 10_000 })],
    ["block_size_mismatch", "block_size", ask("x", { block_size: 16 })],
    ["invalid_request", "small_block_size", ask("x", { small_block_size: 5 })],
    ["invalid_request", "threshold", ask("x", { threshold: 0 })],
  ])("%s of %s", async (code, param, body) => {
    expect(await refused("/v1/chat/completions", body)).toMatchObject({ code, param });
    expect(await refused("/v1/chat/completions", { ...body, stream: true })).toMatchObject({ code, param });
  });

  test.each([
    ["a token outside the vocabulary", { prompt: [5000] }],
    ["an empty prompt", { prompt: "" }],
  ])("%s", async (_, body) => {
    expect(await refused("/v1/completions", body)).toMatchObject({ code: "invalid_request", param: "prompt" });
  });
});

test("a client that leaves gives its pages back", async () => {
  const idle = model.stats().pages;
  const client = new AbortController();
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify(ask("What is 2+2?", { stream: true, ignore_eos: true, max_tokens: 480 })),
    signal: client.signal,
  });
  await response.body?.getReader().read();
  expect(model.stats().running).toBe(1);
  client.abort();
  await vi.waitFor(() => expect(model.stats().running).toBe(0), { timeout: 20_000 });
  const { inUse, free, cached } = model.stats().pages;
  expect(inUse).toBe(idle.inUse);
  expect(free + cached).toBe(idle.free + idle.cached);
});
