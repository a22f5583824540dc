// What the documents show is what happens: their curl commands, programs, answers and picture, on the
// default model over a real server.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText } from "ai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel, type Model } from "../src/index.js";
import { type RunningServer, startServer } from "../src/server/index.js";
import { codeBlocks, markedBlock, readDocument } from "./documents.js";

const address = "http://127.0.0.1:30000";
const question = "What is 2+2?";
const readme = readDocument("README.md");
const api = readDocument("docs/api.md");

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

/** The curl commands of a document, as requests. */
function curls(text: string): { url: string; body: string }[] {
  return codeBlocks(text)
    .filter(({ language }) => language === "sh")
    .flatMap(({ code }) => [...code.matchAll(/^curl (?:-N )?(\S+) -H '[^']+' \\\n\s+-d '([^']+)'$/gm)])
    .map((match) => ({ url: match[1], body: match[2] }));
}

async function send({ url, body }: { url: string; body: string }): Promise<Response> {
  return fetch(url.replace(address, server.url), { method: "POST", body });
}

/** Runs a program of a document with its imports and its console handed in. */
async function run(code: string, imports: Record<string, unknown>): Promise<unknown[]> {
  const printed: unknown[] = [];
  const console = { log: (...values: unknown[]) => printed.push(...values) };
  const process = { stdout: { write: (text: string) => printed.push(text) } };
  const scope = { ...imports, console, process };
  const body = code.replace(/^import .*;$/gm, "").replaceAll(address, server.url);
  const AsyncFunction = (async () => {}).constructor as new (
    ...names: string[]
  ) => (...values: unknown[]) => Promise<void>;
  await new AsyncFunction(...Object.keys(scope), body)(...Object.values(scope));
  return printed;
}

describe("curl", () => {
  test("README and api.md begin with the same request", () => {
    expect(curls(readme)).toHaveLength(1);
    expect(curls(api)[0]).toEqual(curls(readme)[0]);
    expect(JSON.parse(curls(readme)[0].body)).toEqual({
      messages: [{ role: "user", content: question }],
      max_tokens: 50,
    });
  });

  test.each(curls(api).map((request) => [request.body, request] as const))("%s", async (_, request) => {
    const response = await send(request);
    expect(response.status).toBe(200);
    const text = await response.text();
    if (!request.body.includes('"stream":true')) return;
    expect(text.trimEnd().endsWith("data: [DONE]")).toBe(true);
    expect(text.includes('"denoising"')).toBe(request.body.includes("include_denoising"));
    expect(text.includes('"usage":{')).toBe(request.body.includes("include_usage"));
  });
});

// biome-ignore lint/suspicious/noExplicitAny: an answer as its reader sees it
function comparable(answer: any): object {
  const { model: name, choices, usage, timings, object } = answer;
  const { prompt_n, predicted_n, prompt_forwards, forwards, rows, tokens_per_forward } = timings;
  const counts = { prompt_n, predicted_n, prompt_forwards, forwards, rows, tokens_per_forward };
  return { object, name, choices, usage, counts, fields: Object.keys(answer), timings: Object.keys(timings) };
}

test.each(["README.md", "docs/api.md"])("the answer shown in %s", async (path) => {
  const text = readDocument(path);
  const shown = JSON.parse(markedBlock(text, "answer: chat"));
  const answer = await (await send(curls(text)[0])).json();
  expect(comparable(answer)).toEqual(comparable(shown));
});

test("the denoising event shown in docs/api.md", async () => {
  const shown = JSON.parse(markedBlock(api, "answer: denoising"));
  const request = curls(api).find(({ body }) => body.includes("include_denoising"))!;
  const lines = (await (await send(request)).text()).split("\n\n").filter((line) => line.includes('"denoising"'));
  const chunks = lines.map((line) => JSON.parse(line.slice("data: ".length)));
  const same = chunks.find(({ denoising }) => denoising.forward === shown.denoising.forward);
  expect(Object.keys(same)).toEqual(Object.keys(shown));
  expect(same.choices).toEqual(shown.choices);
  const rounded = (value: unknown) =>
    JSON.parse(JSON.stringify(value), (key, item) => (key === "probability" ? Number(item.toFixed(2)) : item));
  expect(rounded(same.denoising)).toEqual(rounded(shown.denoising));
});

test("the picture in README.md", async () => {
  const { blockPicture } = await import(new URL("../scripts/block-picture.mjs", import.meta.url).href);
  const asked = /a real answer of the model in this repository to "(.*?)", from/s.exec(readme)?.[1].replace("\n", " ");
  const messages = [{ role: "user" as const, content: asked as string }];
  const options = { maxTokens: 50, denoising: true, decodeMode: "iterative" } as const;
  expect(markedBlock(readme, "picture").trimEnd()).toBe(await blockPicture(model.generate({ messages }, options)));
  const told = /: (\d+) tokens in (\d+) forward passes/.exec(readme)?.slice(1).map(Number);
  for await (const event of model.generate({ messages }, options)) {
    if (event.type === "finish") expect(told).toEqual([event.usage.completionTokens, event.timings.forwards]);
  }
});

describe("programs", () => {
  test("the library example of README.md", async () => {
    const printed = await run(markedBlock(readme, "example: library"), { loadModel });
    const usage = printed.pop();
    expect(printed.join("")).toBe("2 + 2 equals 4.");
    expect(usage).toMatchObject({ promptTokens: 15, completionTokens: 9 });
  });

  const programs = codeBlocks(api).filter(({ language }) => language === "js");

  test("there is one for each client", () => expect(programs).toHaveLength(2));

  test.each(programs.map(({ code }) => [code.split("\n")[0], code]))("%s", async (_, code) => {
    const printed = await run(code, { OpenAI, createOpenAICompatible, generateText });
    expect(printed).toEqual(["2 + 2 equals 4."]);
  });
});
