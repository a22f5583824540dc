// Answers as they come: text, denoising events, the end, and every way of ending early.

import fc from "fast-check";
import { expect, test } from "vitest";
import { type ChatEvent, UnmaskClient } from "../../src/client/index.js";
import { delta, json, type Reaction, ScriptedServer, sse, stopped } from "./scripted-server.js";

const denoising = {
  block: 0,
  forward: 2,
  rows: 32,
  step: 1,
  commits: [
    { position: 12, token: 7, text: "4", probability: 0.95, top: [{ token: 7, text: "4", probability: 0.95 }] },
  ],
  masked: [13, 14],
};

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

test("text, denoising and the whole, in as many loops as wanted", async () => {
  const chunks = [
    { ...delta(""), choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] },
    delta(null, { denoising }),
    delta("2 + 2 "),
    delta("equals 4."),
    stopped,
    {
      id: "chatcmpl-1",
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 4 },
      timings: { forwards: 2 },
      seed: 1,
    },
  ];
  await using server = await ScriptedServer.start(sse(chunks));
  const stream = new UnmaskClient({ baseURL: server.url }).chatStream("What is 2+2?", {
    denoising: true,
    threshold: 0.8,
  });
  const [text, steps, events, answer] = await Promise.all([
    collect(stream),
    collect(stream.denoising),
    collect(stream.events),
    stream.final,
  ]);
  expect(text).toEqual(["2 + 2 ", "equals 4."]);
  expect(steps).toEqual([{ type: "denoising", ...denoising }]);
  expect(events.map((event) => event.type)).toEqual(["denoising", "text", "text", "finish"]);
  expect(events.at(-1)).toEqual({ type: "finish", answer });
  expect(answer).toMatchObject({
    text: "2 + 2 equals 4.",
    finishReason: "stop",
    usage: { promptTokens: 3, cachedTokens: 0, completionTokens: 4 },
    seed: 1,
    requestId: "req-7",
  });
  expect(server.asked[0].body).toEqual({
    messages: [{ role: "user", content: "What is 2+2?" }],
    stream: true,
    stream_options: { include_usage: true, include_denoising: true },
    threshold: 0.8,
  });
  expect(await collect(stream)).toEqual(text); // once more, after the end
});

test("other servers: no denoising field asked for, no usage, no [DONE], reasoning is not text", async () => {
  const thinking = {
    choices: [{ delta: { content: null, reasoning_content: "hmm" }, finish_reason: null }],
    usage: null,
  };
  await using server = await ScriptedServer.start(sse([thinking, delta("ok", { error: null }), stopped], ""));
  const stream = new UnmaskClient({ baseURL: server.url }).chatStream("Hi");
  expect(await collect(stream)).toEqual(["ok"]);
  expect(await stream.final).toMatchObject({ text: "ok", usage: null, timings: null });
  expect(server.asked[0].body.stream_options).toEqual({ include_usage: true });
});

test("a server that answers at once instead of streaming", async () => {
  await using server = await ScriptedServer.start(
    json({ choices: [{ message: { content: "ok" }, finish_reason: "stop" }] }),
  );
  expect(await collect(new UnmaskClient({ baseURL: server.url }).chatStream("Hi"))).toEqual(["ok"]);
});

test("the same answer however its bytes are cut", async () => {
  const texts = ["Grüße, ", "世界 ", "𝄞\n", "\u2028end"];
  const source = `: hello\r\n\r\n${[...texts.map((text) => delta(text)), stopped].map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join("")}data: [DONE]\r\n\r\n`;
  const bytes = new TextEncoder().encode(source);
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(bytes.length), { maxLength: 40 }), async (cuts) => {
      const borders = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let i = 1; i < borders.length; i++) controller.enqueue(bytes.slice(borders[i - 1], borders[i]));
          controller.close();
        },
      });
      const fetch = async () => new Response(body, { headers: { "content-type": "text/event-stream" } });
      const stream = new UnmaskClient({ fetch }).chatStream("Hi");
      expect(await collect(stream)).toEqual(texts);
      expect((await stream.final).finishReason).toBe("stop");
    }),
    { numRuns: 100 },
  );
});

test.each<[string, Reaction]>([
  [
    "a data line",
    sse([delta("2"), { error: { message: "gone", code: "disposed", param: null, type: "server_error" } }], ""),
  ],
  [
    "an error line",
    (response, request) => sse([delta("2")], 'error: {"message":"gone","code":"disposed"}\n\n')(response, request),
  ],
])("an error inside the stream: %s", async (_, reaction) => {
  await using server = await ScriptedServer.start(reaction);
  const stream = new UnmaskClient({ baseURL: server.url }).chatStream("Hi");
  const seen: string[] = [];
  const looping = (async () => {
    for await (const text of stream) seen.push(text);
  })();
  await expect(looping).rejects.toMatchObject({ code: "disposed", message: "gone", requestId: "req-7" });
  await expect(stream.final).rejects.toMatchObject({ code: "disposed" });
  expect(seen).toEqual(["2"]);
});

test("a stream that ends too early, or is none", async () => {
  await using server = await ScriptedServer.start(
    sse([delta("2")], ""),
    sse([], "data: [DO"),
    sse(["text"]),
    (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(delta("2"))}\n\n`);
      setTimeout(() => response.destroy(), 20);
    },
  );
  const client = new UnmaskClient({ baseURL: server.url });
  for (const code of ["stream_broken", "stream_broken", "invalid_answer", "stream_broken"]) {
    await expect(client.chatStream("Hi").final).rejects.toMatchObject({ code });
  }
});

test("a refused request fails loops and final, and harms nobody who looks at neither", async () => {
  const error = { message: "no", code: "invalid_request", param: "top_p" };
  await using server = await ScriptedServer.start(json({ error }, 400));
  const client = new UnmaskClient({ baseURL: server.url });
  client.chatStream("Hi"); // an unhandled rejection would fail this test
  const stream = client.chatStream("Hi");
  await expect(collect(stream)).rejects.toMatchObject(error);
  await expect(stream.final).rejects.toMatchObject({ status: 400 });
});

/** A stream that goes on until its client leaves. */
function endless(): { reaction: Reaction; left: Promise<void> } {
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const reaction: Reaction = (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write(`data: ${JSON.stringify(delta("x"))}\n\n`), 5);
    response.on("close", () => {
      clearInterval(timer);
      leave();
    });
  };
  return { reaction, left };
}

test.each([
  [
    "leaving the loop",
    async (stream) => {
      for await (const _ of stream) break;
    },
  ],
  [
    "leaving the loop over events",
    async (stream) => {
      for await (const _ of stream.events) break;
    },
  ],
  [
    "abort()",
    async (stream) => {
      await stream[Symbol.asyncIterator]().next();
      stream.abort();
    },
  ],
  [
    "the signal",
    async (stream, controller) => {
      await stream[Symbol.asyncIterator]().next();
      controller.abort();
    },
  ],
] as [string, (stream: ReturnType<UnmaskClient["chatStream"]>, controller: AbortController) => Promise<void>][])(
  "%s ends the request",
  async (_, leave) => {
    const { reaction, left } = endless();
    await using server = await ScriptedServer.start(reaction);
    const controller = new AbortController();
    const stream = new UnmaskClient({ baseURL: server.url }).chatStream("Hi", { signal: controller.signal });
    await leave(stream, controller);
    await left;
    await expect(stream.final).rejects.toMatchObject({ code: "aborted" });
    await expect(collect<ChatEvent>(stream.events)).rejects.toMatchObject({ code: "aborted" });
  },
);

test("comments keep a slow stream alive", async () => {
  await using server = await ScriptedServer.start(async (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (let i = 0; i < 30; i++) {
      response.write(": waiting\n\n");
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    response.end(`data: ${JSON.stringify(stopped)}\n\n`);
  });
  const stream = new UnmaskClient({ baseURL: server.url, timeout: 600 }).chatStream("Hi");
  expect(await stream.final).toMatchObject({ finishReason: "stop" });
});
