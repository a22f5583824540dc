// The client against the real server and the default model, and every program of docs/client.md.

import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UnmaskClient, UnmaskClientError } from "../../src/client/index.js";
import { loadModel, type Model } from "../../src/index.js";
import { type RunningServer, startServer } from "../../src/server/index.js";
import { codeBlocks, readDocument } from "../documents.js";

let model: Model;
let server: RunningServer;
let client: UnmaskClient;

beforeAll(async () => {
  model = await loadModel("models/unmask-5m.gguf");
  server = await startServer({ model, host: "127.0.0.1", port: 0 });
  client = new UnmaskClient({ baseURL: server.url });
});

afterAll(async () => {
  await server.close();
  await model.dispose();
});

test("whole, streamed and completed answers are the library's", async () => {
  const options = { maxTokens: 20, seed: 1, logprobs: 2 };
  const whole = await client.chat("What is 2+2?", options);
  const stream = client.chatStream("What is 2+2?", { ...options, denoising: true });
  let text = "";
  for await (const piece of stream) text += piece;
  const streamed = await stream.final;
  expect(text).toBe(whole.text);
  const { id, requestId, timings, ...rest } = whole;
  expect(streamed).toMatchObject(rest);
  expect(timings).toMatchObject({ forwards: streamed.timings?.forwards, rows: streamed.timings?.rows });
  expect([id, requestId]).not.toContain(null);
  expect(whole.logprobs?.[0].top).toHaveLength(2);

  const prompt = "<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n";
  const events = [];
  for await (const event of model.generate({ prompt }, { maxTokens: 20 })) events.push(event);
  const said = events.map((event) => (event.type === "text" ? event.text : "")).join("");
  expect((await client.complete(prompt, { maxTokens: 20 })).text).toBe(said);
});

test("denoising events fill every position of the answer once", async () => {
  const stream = client.chatStream("What is 2+2?", { denoising: true });
  const filled: number[] = [];
  for await (const { commits } of stream.denoising) filled.push(...commits.map((commit) => commit.position));
  const { usage } = await stream.final;
  expect(new Set(filled).size).toBe(filled.length);
  expect(filled.length).toBeGreaterThanOrEqual(usage?.completionTokens ?? 0);
  expect(Math.min(...filled)).toBe(usage?.promptTokens);
});

test("models and health", async () => {
  expect((await client.models())[0]).toMatchObject({ id: model.info.id, owned_by: "unmask" });
  expect(await client.health()).toEqual({ ready: true, status: 200, details: { status: "ok" } });
});

test("an error carries code, param, status and the request id of the log", async () => {
  const error = await client.chat("Hi", { maxTokens: 10_000 }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UnmaskClientError);
  expect(error).toMatchObject({ code: "context_length_exceeded", param: "max_tokens", status: 400 });
  expect(error.requestId).toMatch(/^[\w-]+$/);
});

test("leaving a loop stops the server's work", async () => {
  for await (const _ of client.chatStream("Tell a story.", { maxTokens: 400, ignoreStop: true })) break;
  await expect.poll(() => model.stats().running, { timeout: 20_000 }).toBe(0);
});

describe("docs/client.md", () => {
  const programs = codeBlocks(readDocument("docs/client.md")).filter(({ mark }) => mark === "run");
  const printed: Record<number, unknown[]> = {
    0: ["2 + 2 equals 4.", "2", 4.5],
    1: ["unmask-5m", "47 + 38 equals 85.", "stop"],
    2: ["forward 1: 7 still masked", "The capital of Kenya is N", "forward 2: 31 still masked", "airobi.", "stop"],
    3: ["invalid_request", "threshold", 400],
    4: ["2 + 2 equals 4.\n2 + 2 equals 4."],
  };

  test.each(programs.map(({ code }, i) => [i, code] as const))("program %i", async (i, code) => {
    const seen: unknown[] = [];
    let text = "";
    const console = { log: (...values: unknown[]) => seen.push(...values) };
    const process = { env: {}, stdout: { write: (piece: string) => (text += piece) } };
    const scope = { UnmaskClient, UnmaskClientError, OpenAI, console, process };
    const body = code.replace(/^import .*;$/gm, "").replaceAll("http://127.0.0.1:30000", server.url);
    const AsyncFunction = (async () => {}).constructor as new (
      ...names: string[]
    ) => (...values: unknown[]) => Promise<void>;
    await new AsyncFunction(...Object.keys(scope), body)(...Object.values(scope));
    const all = [text, ...seen.flat()].join("\n");
    for (const part of printed[i]) expect(all).toContain(String(part));
  });

  test("there are as many as are checked", () => expect(programs).toHaveLength(Object.keys(printed).length));
});
