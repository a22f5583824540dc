// The real `ai` library with its OpenAI-compatible provider against the server on a socket.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, streamText } from "ai";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type RunningServer, startServer } from "../../src/server/index.js";
import { aborted, denoising, fakeModel, finish, text } from "./fake-model.js";

const fake = fakeModel(async function* (input, options) {
  yield denoising;
  yield text("2", " + 2");
  if ("messages" in input && input.messages.at(-1)?.content === "endless") await aborted(options.signal);
  yield text(" equals 4.");
  yield finish();
});

let server: RunningServer;
let provider: ReturnType<typeof createOpenAICompatible>;

beforeAll(async () => {
  server = await startServer({ model: fake, host: "127.0.0.1", port: 0 });
  provider = createOpenAICompatible({ name: "unmask", baseURL: `${server.url}/v1`, includeUsage: true });
});

afterAll(() => server.close());

test("generateText", async () => {
  const result = await generateText({
    model: provider("fake-model"),
    system: "Be brief.",
    prompt: "What is 2+2?",
    maxOutputTokens: 50,
    temperature: 0,
    stopSequences: ["\n"],
    seed: 3,
  });
  expect(result.text).toBe("2 + 2 equals 4.");
  expect(result.finishReason).toBe("stop");
  expect(result.usage).toMatchObject({ inputTokens: 40, outputTokens: 3, totalTokens: 43 });
  expect(fake.calls.at(-1)).toMatchObject({
    input: {
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "What is 2+2?" },
      ],
    },
    options: { maxTokens: 50, temperature: 0, stop: ["\n"], seed: 3 },
  });
});

test("streamText, with usage", async () => {
  const result = streamText({ model: provider("fake-model"), prompt: "What is 2+2?" });
  const pieces: string[] = [];
  for await (const piece of result.textStream) pieces.push(piece);
  expect(pieces).toEqual(["2 + 2", " equals 4."]);
  expect(await result.finishReason).toBe("stop");
  expect((await result.usage).outputTokens).toBe(3);
});

test("a completion model", async () => {
  const result = await generateText({ model: provider.completionModel("fake-model"), prompt: "What is 2+2?" });
  expect(result.text).toBe("2 + 2 equals 4.");
});

test("fields of this server go through as provider options", async () => {
  await generateText({
    model: provider("fake-model"),
    prompt: "What is 2+2?",
    providerOptions: { unmask: { decode_mode: "verified", threshold: 0.8 } },
  });
  expect(fake.calls.at(-1)?.options).toMatchObject({ decodeMode: "verified", threshold: 0.8 });
});

test("errors carry the server's words", async () => {
  const wrong = generateText({ model: provider("other"), prompt: "x", maxRetries: 0 });
  await expect(wrong).rejects.toSatisfy((error) => APICallError.isInstance(error) && error.statusCode === 404);
  await expect(wrong).rejects.toThrow(/fake-model/);
});

test("aborting stops the work", async () => {
  const controller = new AbortController();
  const result = streamText({
    model: provider("fake-model"),
    prompt: "endless",
    abortSignal: controller.signal,
    onError: () => {},
  });
  for await (const piece of result.textStream) {
    if (piece === "2 + 2") controller.abort();
  }
  await vi.waitFor(() => expect(fake.live).toBe(0));
});
