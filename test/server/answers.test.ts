// Shapes of answers: whole and streamed, both endpoints, and that the two tell the same.

import { describe, expect, test } from "vitest";
import type { GenerateEvent } from "../../src/engine/types.js";
import { createApp } from "../../src/server/index.js";
import { UnmaskError } from "../../src/util/errors.js";
import { denoising, fakeModel, finish, text } from "./fake-model.js";

const hello = { messages: [{ role: "user", content: "Hello" }] };
const timings = {
  cache_n: 32,
  prompt_n: 8,
  prompt_ms: 16,
  prompt_per_second: 500,
  prompt_forwards: 1,
  predicted_n: 3,
  predicted_ms: 30,
  predicted_per_second: 100,
  forwards: 2,
  rows: 64,
  tokens_per_forward: 1.5,
};
const usage = {
  prompt_tokens: 40,
  completion_tokens: 3,
  total_tokens: 43,
  prompt_tokens_details: { cached_tokens: 32 },
};

type Script = Parameters<typeof fakeModel>[0];

async function post(path: string, body: object, script?: Script): Promise<Response> {
  return createApp({ model: fakeModel(script) }).request(path, { method: "POST", body: JSON.stringify(body) });
}

/** The payloads of a stream, [DONE] included. */
// biome-ignore lint/suspicious/noExplicitAny: answers are looked at as a client sees them
async function stream(path: string, body: object, script?: Script): Promise<any[]> {
  const response = await post(path, { ...body, stream: true }, script);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  expect(response.headers.get("x-accel-buffering")).toBe("no");
  expect(response.headers.get("x-request-id")).not.toBeNull();
  expect(response.headers.get("cache-control")).toContain("no-cache");
  const all = await response.text();
  expect(all.endsWith("\n\n")).toBe(true);
  return all
    .slice(0, -2)
    .split("\n\n")
    .map((event) => {
      expect(event.startsWith("data: ")).toBe(true);
      return event === "data: [DONE]" ? "[DONE]" : JSON.parse(event.slice(6));
    });
}

describe("chat", () => {
  test("a whole answer", async () => {
    const response = await post("/v1/chat/completions", hello);
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{24}$/),
      object: "chat.completion",
      created: expect.any(Number),
      model: "fake-model",
      system_fingerprint: expect.stringMatching(/^fp_[0-9a-f]{10}$/),
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "2 + 2 equals 4.", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage,
      timings,
      seed: 7,
    });
  });

  test("a stream: role, append-only deltas, finish, [DONE]", async () => {
    const events = await stream("/v1/chat/completions", hello);
    expect(events.at(-1)).toBe("[DONE]");
    const chunks = events.slice(0, -1);
    expect(chunks.map((chunk) => chunk.choices[0].delta)).toEqual([
      { role: "assistant", content: "" },
      { content: "2 + 2" },
      { content: " equals 4." },
      {},
    ]);
    expect(chunks.map((chunk) => chunk.choices[0].finish_reason)).toEqual([null, null, null, "stop"]);
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    expect(chunks.every((chunk) => chunk.object === "chat.completion.chunk" && !("usage" in chunk))).toBe(true);
    expect(chunks.map((chunk) => "timings" in chunk)).toEqual([false, false, false, true]);
    expect(chunks.at(-1)).toMatchObject({ timings, seed: 7 });
  });

  test("usage on request is one more chunk, without choices, and carries the timings", async () => {
    const events = await stream("/v1/chat/completions", { ...hello, stream_options: { include_usage: true } });
    const chunks = events.slice(0, -1);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage, timings, seed: 7 });
    expect(chunks.at(-2)).toMatchObject({ choices: [{ finish_reason: "stop" }], usage: null });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null && !("timings" in chunk))).toBe(true);
  });

  test("denoising events stand beside empty deltas, and only on request", async () => {
    const script = () => [denoising, text("Hi"), finish()];
    const options = { stream_options: { include_denoising: true } };
    const shown = (await stream("/v1/chat/completions", { ...hello, ...options }, script)).slice(0, -1);
    const { type: _, ...expected } = denoising as Extract<GenerateEvent, { type: "denoising" }>;
    expect(shown[1]).toMatchObject({ denoising: expected, choices: [{ delta: {}, finish_reason: null }] });
    expect(shown.filter((chunk) => "denoising" in chunk)).toHaveLength(1);
    const plain = (await stream("/v1/chat/completions", hello, script)).slice(0, -1);
    expect(plain.some((chunk) => "denoising" in chunk)).toBe(false);
    const deltas = (chunks: typeof plain) => chunks.map((chunk) => chunk.choices[0].delta.content ?? "").join("");
    expect(deltas(shown)).toBe(deltas(plain));
  });

  test("logprobs, in chunks and folded", async () => {
    const body = { ...hello, logprobs: true, top_logprobs: 2 };
    const { choices } = (await (await post("/v1/chat/completions", body)).json()) as {
      choices: { logprobs: { content: { token: string }[]; refusal: null } }[];
    };
    const { logprobs } = choices[0];
    expect(logprobs.refusal).toBeNull();
    expect(logprobs.content.map((token) => token.token)).toEqual(["2", " +", " 2", " equals 4."]);
    expect(logprobs.content[0]).toEqual({
      token: "2",
      logprob: -0.25,
      bytes: [50],
      top_logprobs: [
        { token: "2", logprob: -0.25, bytes: [50] },
        { token: "other", logprob: -1.5, bytes: [...Buffer.from("other")] },
      ],
    });
    const chunks = (await stream("/v1/chat/completions", body)).slice(0, -1);
    const streamed = chunks.flatMap((chunk) => chunk.choices[0].logprobs?.content ?? []);
    expect(streamed).toEqual(logprobs.content);
  });

  test("an answer that is cut off, and one without a token", async () => {
    const cut = (await (await post("/v1/chat/completions", hello, () => [text("a"), finish("length", 1)])).json()) as {
      choices: { finish_reason: string }[];
    };
    expect(cut.choices[0].finish_reason).toBe("length");
    const none = { promptN: 0, promptMs: 0, promptForwards: 0, predictedN: 0, predictedMs: 0, forwards: 0, rows: 0 };
    const empty = await post("/v1/chat/completions", hello, () => [
      { ...(finish("stop", 0) as Extract<GenerateEvent, { type: "finish" }>), timings: none },
    ]);
    expect(await empty.json()).toMatchObject({
      choices: [{ message: { content: "" } }],
      timings: { prompt_per_second: 0, predicted_per_second: 0, tokens_per_forward: 0 },
    });
  });
});

describe("completions", () => {
  test("a whole answer", async () => {
    const response = await post("/v1/completions", { prompt: "Once" });
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^cmpl-[0-9a-f]{24}$/),
      object: "text_completion",
      created: expect.any(Number),
      model: "fake-model",
      system_fingerprint: expect.any(String),
      choices: [{ index: 0, text: "2 + 2 equals 4.", logprobs: null, finish_reason: "stop" }],
      usage,
      timings,
      seed: 7,
    });
  });

  test("a stream with usage and denoising", async () => {
    const options = { stream_options: { include_usage: true, include_denoising: true } };
    const events = await stream("/v1/completions", { prompt: "Once", ...options }, () => [
      denoising,
      text("Hi"),
      finish(),
    ]);
    expect(events.at(-1)).toBe("[DONE]");
    const chunks = events.slice(0, -1);
    expect(chunks.every((chunk) => chunk.object === "text_completion")).toBe(true);
    expect(chunks.flatMap((chunk) => chunk.choices.map((choice: { text: string }) => choice.text))).toEqual([
      "",
      "Hi",
      "",
    ]);
    expect(chunks[0].denoising.masked).toEqual([34, 35]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage, timings });
  });

  test("logprobs: the chosen token among the best, offsets in characters of the whole answer", async () => {
    const split = [...Buffer.from("é")].map((byte) => ({
      token: byte,
      text: "\ufffd",
      bytes: [byte],
      logprob: -1,
      top: [],
    }));
    const halves: GenerateEvent = { type: "text", text: "é", tokens: split.map((t) => t.token), logprobs: split };
    const script = () => [text("😀", "ab"), halves, text("c"), finish()];
    const body = { prompt: "Once", logprobs: 1 };
    const whole = (await (await post("/v1/completions", body, script)).json()) as {
      choices: { logprobs: { text_offset: number[]; tokens: string[] } }[];
    };
    const { logprobs } = whole.choices[0];
    expect(logprobs.tokens).toEqual(["😀", "ab", "bytes:\\xc3", "bytes:\\xa9", "c"]);
    expect(logprobs.text_offset).toEqual([0, 1, 3, 3, 4]);
    expect(logprobs).toMatchObject({
      token_logprobs: [-0.25, -0.25, -1, -1, -0.25],
      top_logprobs: [{ "😀": -0.25, other: -1.5 }, { ab: -0.25, other: -1.5 }, { "bytes:\\xc3": -1 }, {}, {}],
    });
    const chunks = (await stream("/v1/completions", body, script)).slice(0, -1);
    const offsets = chunks.flatMap((chunk) => chunk.choices[0].logprobs?.text_offset ?? []);
    expect(offsets).toEqual(logprobs.text_offset);
  });
});

describe("errors of the engine", () => {
  const refuse = new UnmaskError("context_length_exceeded", "Too long. Shorten it.", { param: "messages" });

  test.each([true, false])("before the first event they keep their status (stream: %s)", async (streaming) => {
    const response = await post("/v1/chat/completions", { ...hello, stream: streaming }, () => {
      throw refuse;
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: {
        message: "Too long. Shorten it.",
        type: "invalid_request_error",
        param: "messages",
        code: "context_length_exceeded",
      },
    });
  });

  test("they name the field of the request that holds the input", async () => {
    for (const param of ["tokens", "messages", "prompt"]) {
      const response = await post("/v1/completions", { prompt: [1] }, () => {
        throw new UnmaskError("invalid_request", "Not a token.", { param });
      });
      expect(await response.json()).toMatchObject({ error: { code: "invalid_request", param: "prompt" } });
    }
  });

  test("in a stream they are its last event, without [DONE]", async () => {
    const events = await stream("/v1/chat/completions", hello, function* () {
      yield text("a");
      throw refuse;
    });
    expect(events.at(-1)).toMatchObject({ error: { code: "context_length_exceeded" } });
    expect(events.at(-2).choices[0].delta).toEqual({ content: "a" });
  });

  test("a bug shows nothing of its inside", async () => {
    const response = await post("/v1/chat/completions", hello, () => {
      throw new Error("secret path");
    });
    expect(response.status).toBe(500);
    const body = await response.text();
    expect(JSON.parse(body).error).toMatchObject({ type: "server_error", code: "internal" });
    expect(body).not.toContain("secret");
  });
});

test("a silent stream sends comment lines, and an error after one is part of the stream", async () => {
  let release = () => {};
  const heard = new Promise<void>((resolve) => {
    release = resolve;
  });
  const app = createApp({
    model: fakeModel(async function* () {
      await heard;
      yield text("late");
      throw new UnmaskError("out_of_memory", "No memory. Lower max_tokens.");
    }),
    limits: { heartbeat: 5 },
  });
  const response = await app.request("/v1/chat/completions", {
    method: "POST",
    body: JSON.stringify({ ...hello, stream: true }),
  });
  expect(response.status).toBe(200);
  let all = "";
  for await (const bytes of response.body!) {
    all += new TextDecoder().decode(bytes);
    if (all.includes(": waiting\n\n")) release(); // the model speaks only after a comment line was heard
  }
  expect(all.indexOf(": waiting")).toBeLessThan(all.indexOf("late"));
  expect(all.trimEnd().split("\n\n").at(-1)).toContain('"code":"out_of_memory"');
});
