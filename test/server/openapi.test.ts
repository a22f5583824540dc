// The API's description: complete, made from what the server checks with, and true of real answers.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import * as schemas from "../../src/server/answer-schemas.js";
import { chatSchema } from "../../src/server/chat.js";
import { completionSchema } from "../../src/server/completion.js";
import type { ErrorObject } from "../../src/server/errors.js";
import { createApp } from "../../src/server/index.js";
import { openApiDocument, type Schema } from "../../src/server/openapi.js";
import { referencePage } from "../../src/server/reference-page.js";
import { denoising, fakeModel, finish, text } from "./fake-model.js";

const document = openApiDocument();
const app = createApp({ model: fakeModel(() => [denoising, text("2", " +", " 2"), finish()]) });

async function post(path: string, body: object): Promise<Response> {
  return app.request(path, { method: "POST", body: JSON.stringify(body) });
}

/** Every object inside a JSON value. */
function* objects(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const item of Object.values(value)) yield* objects(item);
}

test("GET /openapi.json is the document", async () => {
  const response = await app.request("/openapi.json");
  expect(await response.json()).toEqual(JSON.parse(JSON.stringify(document)));
});

test("every reference leads somewhere, nothing of ours leaks into the schemas", () => {
  const names = Object.keys(document.components.schemas);
  for (const object of objects(document)) {
    if (typeof object.$ref === "string") expect(names).toContain(object.$ref.replace("#/components/schemas/", ""));
    expect(object).not.toHaveProperty("wire");
  }
  const used = JSON.stringify(document);
  for (const name of names) expect(used).toContain(`"#/components/schemas/${name}"`);
});

test("every path of the description answers, and every route is described", async () => {
  const { error } = (await (await app.request("/nowhere")).json()) as ErrorObject;
  const routes = [...error.message.matchAll(/(GET|POST) (\/\S*?)[,.](?=\s|$)/g)].map(
    ([, method, path]) => `${method} ${path}`,
  );
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace("{id}", ":id")}`),
  );
  const api = routes.filter((route) => route !== "GET /" && route !== "GET /openapi.json");
  expect(described.sort()).toEqual(api.sort());
});

test.each([
  ["ChatRequest", chatSchema],
  ["CompletionRequest", completionSchema],
])("%s names every field with its meaning", (name, schema) => {
  const { properties = {}, additionalProperties } = document.components.schemas[name];
  expect(Object.keys(properties)).toEqual(Object.keys(schema.shape));
  expect(additionalProperties).toBe(false);
  const without = Object.entries(properties).filter(([, field]) => !field.description);
  expect(without.map(([field]) => field)).toEqual([]);
});

test("forms that are normalised are described as they are sent", () => {
  const types = (schema?: Schema) => schema?.anyOf?.map((option) => option.type);
  const chat = document.components.schemas.ChatRequest.properties;
  expect(types(chat?.stop)).toEqual(["string", "array", "null"]);
  expect(types(chat?.messages.items?.properties?.content)).toEqual(["string", "array"]);
  expect(types(document.components.schemas.CompletionRequest.properties?.prompt)).toEqual(["string", "array"]);
});

describe("answers are as described", () => {
  const messages = [{ role: "user", content: "What is 2+2?" }];
  const streamed = { stream: true, stream_options: { include_usage: true, include_denoising: true } };

  test.each<[string, z.ZodType, object]>([
    ["/v1/chat/completions", schemas.chatCompletionSchema, { messages, logprobs: true, top_logprobs: 1 }],
    ["/v1/completions", schemas.completionAnswerSchema, { prompt: "2+2", logprobs: 1 }],
    ["/v1/chat/completions", schemas.errorSchema, { messages, temperature: 5 }],
  ])("%s", async (path, schema, body) => {
    expect(schema.safeParse(await (await post(path, body)).json()).error).toBeUndefined();
  });

  test.each<[string, z.ZodType, object]>([
    ["/v1/chat/completions", schemas.chatChunkSchema, { messages, logprobs: true, top_logprobs: 1 }],
    ["/v1/completions", schemas.completionChunkSchema, { prompt: "2+2", logprobs: 1 }],
  ])("%s, streamed", async (path, schema, body) => {
    const source = await (await post(path, { ...body, ...streamed })).text();
    const chunks = source.split("\n\n").filter((line) => line.startsWith("data: {"));
    expect(chunks.length).toBeGreaterThan(3);
    expect(source).toContain('"denoising"');
    for (const chunk of chunks) expect(schema.safeParse(JSON.parse(chunk.slice(6))).error).toBeUndefined();
  });

  test("/v1/models", async () => {
    const { data } = (await (await app.request("/v1/models")).json()) as { data: unknown[] };
    expect(schemas.modelSchema.safeParse(data[0]).error).toBeUndefined();
  });
});

test("docs/api-reference.md is made from the schemas", () => {
  const page = readFileSync(new URL("../../docs/api-reference.md", import.meta.url), "utf8");
  expect(page, "run npm run docs").toBe(referencePage());
});
