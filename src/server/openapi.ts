// The API's description, made from the schemas that check requests and from those of answers.
//
// GET /openapi.json; docs/api-reference.md is made from the same document (reference-page.ts).

import { z } from "zod";
import { errorTable } from "../util/errors.js";
import * as answers from "./answer-schemas.js";
import { chatSchema } from "./chat.js";
import { completionSchema } from "./completion.js";

/** A JSON Schema of draft 2020-12, as far as it is read here. */
export interface Schema {
  $ref?: string;
  description?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  minimum?: number;
  maximum?: number;
  [keyword: string]: unknown;
}

export interface OpenApiDocument {
  openapi: "3.1.0";
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, object>>;
  components: { schemas: Record<string, Schema>; securitySchemes: object };
  security: object[];
}

const schemas = {
  ChatRequest: chatSchema,
  ChatCompletion: answers.chatCompletionSchema,
  ChatChunk: answers.chatChunkSchema,
  CompletionRequest: completionSchema,
  Completion: answers.completionAnswerSchema,
  CompletionChunk: answers.completionChunkSchema,
  Usage: answers.usageSchema,
  Timings: answers.timingsSchema,
  Denoising: answers.denoisingSchema,
  Model: answers.modelSchema,
  Error: answers.errorSchema,
} satisfies Record<string, z.ZodType>;

type Name = keyof typeof schemas;

/** The whole document. Anew for each call: callers may change theirs. */
export function openApiDocument(): OpenApiDocument {
  return {
    openapi: "3.1.0",
    info: {
      title: "unmask",
      version: "1",
      description: "OpenAI's chat and text completions for block-diffusion and ternary language models.",
    },
    paths: {
      "/v1/chat/completions": {
        post: generation("Continue a conversation.", "ChatRequest", "ChatCompletion", "ChatChunk"),
      },
      "/v1/completions": {
        post: generation(
          "Continue a text, without the chat template.",
          "CompletionRequest",
          "Completion",
          "CompletionChunk",
        ),
      },
      "/v1/models": {
        get: {
          summary: "The model that is loaded.",
          responses: {
            200: json("A list of one.", {
              type: "object",
              properties: { object: { const: "list" }, data: { type: "array", items: ref("Model") } },
              required: ["object", "data"],
            }),
            ...errors("unauthorized", "model_loading"),
          },
        },
      },
      "/v1/models/{id}": {
        get: {
          summary: "The model by its id.",
          parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
          responses: {
            200: json("The model.", ref("Model")),
            ...errors("unauthorized", "model_not_found", "model_loading"),
          },
        },
      },
      "/health": {
        get: {
          summary: "Whether requests are answered.",
          security: [],
          responses: {
            200: json("They are.", { type: "object", properties: { status: { const: "ok" } }, required: ["status"] }),
            ...errors("model_loading"),
          },
        },
      },
      "/metrics": {
        get: {
          summary: "Counters for Prometheus.",
          responses: {
            200: { description: "Prometheus text.", content: { "text/plain": {} } },
            ...errors("unauthorized"),
          },
        },
      },
    },
    components: {
      schemas: components(),
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "Where the server was started with a key." },
      },
    },
    security: [{}, { key: [] }],
  };
}

function generation(summary: string, request: Name, whole: Name, chunk: Name): object {
  return {
    summary,
    requestBody: { required: true, content: { "application/json": { schema: ref(request) } } },
    responses: {
      200: {
        description: "The answer; with `stream`, chunks as server-sent events and then `data: [DONE]`.",
        content: { "application/json": { schema: ref(whole) }, "text/event-stream": { schema: ref(chunk) } },
      },
      ...errors(
        "invalid_request",
        "unauthorized",
        "model_not_found",
        "request_too_large",
        "too_many_requests",
        "internal",
        "model_loading",
      ),
    },
  };
}

function ref(name: Name): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

function json(description: string, schema: Schema): object {
  return { description, content: { "application/json": { schema } } };
}

/** Responses by status, one for each of these codes. */
function errors(...codes: (keyof typeof errorTable)[]): Record<string, object> {
  return Object.fromEntries(codes.map((code) => [errorTable[code].status, json(`Such as \`${code}\`.`, ref("Error"))]));
}

/** Every schema under its name; where one holds another of them, a reference. */
function components(): Record<string, Schema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, {
    io: "input",
    unrepresentable: "any",
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => tidy(jsonSchema as Schema),
  });
  for (const schema of Object.values(made.schemas) as Schema[]) {
    delete schema.$schema;
    delete schema.$id;
  }
  return made.schemas as unknown as Record<string, Schema>;
}

/** What zod cannot know: forms that are normalised before they are checked. And without limits that are none. */
function tidy(schema: Schema): void {
  const { wire, description } = schema;
  if (wire !== undefined) {
    for (const key of Object.keys(schema)) delete schema[key];
    Object.assign(schema, { description }, wire);
  }
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}
