// The real `openai` client against the server on a socket.

import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { GenerateEvent, GenerateInput } from "../../src/engine/types.js";
import { type RunningServer, startServer } from "../../src/server/index.js";
import { UnmaskError } from "../../src/util/errors.js";
import { aborted, denoising, fakeModel, finish, text } from "./fake-model.js";

/** Answers by the last message or the prompt, so that every test says what it wants to see. */
const model = fakeModel(async function* (input, options): AsyncGenerator<GenerateEvent> {
  const asked = question(input);
  if (asked === "too long")
    throw new UnmaskError("context_length_exceeded", "Too long. Shorten it.", { param: "messages" });
  if (asked === "break") {
    yield text("half");
    throw new UnmaskError("out_of_memory", "No memory. Lower max_tokens.");
  }
  if (asked === "endless") {
    yield text("begun");
    await aborted(options.signal);
    return;
  }
  if (asked.startsWith("echo ")) {
    for (const word of asked.slice(5).split(" ")) {
      await new Promise((resolve) => setImmediate(resolve));
      yield text(`${word} `);
    }
    yield finish("length");
    return;
  }
  yield denoising;
  yield text("2", " + 2");
  yield text(" equals 4.");
  yield finish();
});

function question(input: GenerateInput): string {
  if ("messages" in input) return input.messages.at(-1)?.content ?? "";
  return "prompt" in input ? input.prompt : "";
}

let server: RunningServer;
let client: OpenAI;

beforeAll(async () => {
  server = await startServer({ model, host: "127.0.0.1", port: 0, apiKey: "local" });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "local", maxRetries: 0 });
});

afterAll(() => server.close());

const ask = (content: string) => ({ model: "fake-model", messages: [{ role: "user" as const, content }] });

describe("chat", () => {
  test("a whole answer with usage and logprobs", async () => {
    const answer = await client.chat.completions.create({
      ...ask("2+2?"),
      logprobs: true,
      top_logprobs: 1,
      stop: ["\n"],
    });
    expect(answer.choices[0].message.content).toBe("2 + 2 equals 4.");
    expect(answer.choices[0].finish_reason).toBe("stop");
    expect(answer.choices[0].logprobs?.content?.map((token) => token.token)).toEqual(["2", " + 2", " equals 4."]);
    expect(answer.usage).toMatchObject({ total_tokens: 43, prompt_tokens_details: { cached_tokens: 32 } });
    expect(answer._request_id).toMatch(/^[\w-]+$/);
    expect(model.calls.at(-1)?.options).toMatchObject({ stop: ["\n"], logprobs: 1 });
  });

  test("a stream with usage", async () => {
    const stream = await client.chat.completions.create({
      ...ask("2+2?"),
      stream: true,
      stream_options: { include_usage: true },
    });
    let content = "";
    let usage: OpenAI.CompletionUsage | null | undefined;
    const reasons = new Set();
    for await (const chunk of stream) {
      content += chunk.choices[0]?.delta.content ?? "";
      if (chunk.choices[0]?.finish_reason) reasons.add(chunk.choices[0].finish_reason);
      usage = chunk.usage ?? usage;
    }
    expect(content).toBe("2 + 2 equals 4.");
    expect([...reasons]).toEqual(["stop"]);
    expect(usage?.completion_tokens).toBe(3);
  });

  test("the client's own accumulator makes of the stream what the whole answer says", async () => {
    const streamed = await client.chat.completions.stream({ ...ask("2+2?"), logprobs: true }).finalChatCompletion();
    const whole = await client.chat.completions.create({ ...ask("2+2?"), logprobs: true });
    expect(streamed.choices[0].message.content).toBe(whole.choices[0].message.content);
    expect(streamed.choices[0].logprobs?.content).toEqual(whole.choices[0].logprobs?.content);
    expect(streamed.choices[0].finish_reason).toBe(whole.choices[0].finish_reason);
  });

  test("denoising events pass through it", async () => {
    const options = { stream_options: { include_denoising: true } } as object;
    const stream = await client.chat.completions.create({ ...ask("2+2?"), stream: true, ...options });
    const seen: unknown[] = [];
    for await (const chunk of stream) if ("denoising" in chunk) seen.push(chunk.denoising);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ commits: [{ position: 33, text: "Hi" }], masked: [34, 35] });
  });

  test("an answer can be sent back as it came", async () => {
    const first = await client.chat.completions.create(ask("2+2?"));
    const messages = [...ask("2+2?").messages, first.choices[0].message, { role: "user" as const, content: "Sure?" }];
    const second = await client.chat.completions.create({ model: "fake-model", messages });
    expect(second.choices[0].finish_reason).toBe("stop");
  });

  test("leaving a stream stops the work", async () => {
    const stream = await client.chat.completions.create({ ...ask("endless"), stream: true });
    for await (const chunk of stream) if (chunk.choices[0].delta.content === "begun") break;
    await vi.waitFor(() => expect(model.live).toBe(0));
  });

  test("16 at a time, each with its own answer", async () => {
    const words = Array.from({ length: 16 }, (_, i) => Array.from({ length: 20 }, (_, j) => `w${i}.${j}`).join(" "));
    const answers = await Promise.all(
      words.map(async (line, i) => {
        const body = ask(`echo ${line}`);
        if (i % 2 === 0) return (await client.chat.completions.create(body)).choices[0].message.content;
        let content = "";
        for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) {
          content += chunk.choices[0].delta.content ?? "";
        }
        return content;
      }),
    );
    expect(answers).toEqual(words.map((line) => `${line} `));
    expect(model.live).toBe(0);
  });
});

describe("completions and models", () => {
  test("a whole answer with logprobs, and the stream of it", async () => {
    const body = { model: "fake-model", prompt: "2+2?", logprobs: 1 };
    const whole = await client.completions.create(body);
    expect(whole.choices[0].text).toBe("2 + 2 equals 4.");
    expect(whole.choices[0].logprobs?.text_offset).toEqual([0, 1, 5]);
    let streamed = "";
    for await (const chunk of await client.completions.create({ ...body, stream: true })) {
      streamed += chunk.choices[0].text;
    }
    expect(streamed).toBe(whole.choices[0].text);
  });

  test("list and retrieve", async () => {
    const list = await client.models.list();
    expect(list.data.map((item) => item.id)).toEqual(["fake-model"]);
    expect((await client.models.retrieve("fake-model")).owned_by).toBe("unmask");
    await expect(client.models.retrieve("other")).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe("errors become the client's classes", () => {
  test("400 with code and param", async () => {
    const wrong = client.chat.completions.create({ ...ask("x"), temperature: 5 });
    await expect(wrong).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(wrong).rejects.toMatchObject({
      status: 400,
      code: "invalid_request",
      param: "temperature",
      type: "invalid_request_error",
    });
    const tools = client.chat.completions.create({
      ...ask("x"),
      tools: [{ type: "function", function: { name: "f", parameters: {} } }],
    });
    await expect(tools).rejects.toMatchObject({ status: 400, code: "unsupported_parameter", param: "tools" });
    const long = client.chat.completions.create({ ...ask("too long"), stream: true });
    await expect(long).rejects.toMatchObject({ status: 400, code: "context_length_exceeded", param: "messages" });
  });

  test("404 and 401", async () => {
    await expect(client.chat.completions.create({ ...ask("x"), model: "other" })).rejects.toMatchObject({
      constructor: OpenAI.NotFoundError,
      code: "model_not_found",
    });
    const stranger = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "wrong", maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });

  test("in the middle of a stream", async () => {
    const stream = await client.chat.completions.create({ ...ask("break"), stream: true });
    let content = "";
    const read = async () => {
      for await (const chunk of stream) content += chunk.choices[0].delta.content ?? "";
    };
    await expect(read()).rejects.toMatchObject({ constructor: OpenAI.APIError, code: "out_of_memory" });
    expect(content).toBe("half");
  });
});
