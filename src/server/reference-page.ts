// docs/api-reference.md, made from the API's description. A test keeps the committed page equal to this.

import { type OpenApiDocument, openApiDocument, type Schema } from "./openapi.js";

const introduction = `# API reference

<!-- Made by \`npm run docs\` from the schemas in src/server/; edit those. -->

Every field of every request and answer, from the schemas that the server checks requests with. The same is at
\`GET /openapi.json\`, in OpenAPI 3.1. What the fields do together is told in [api.md](api.md).
`;

interface Operation {
  summary: string;
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: Schema }> }>;
}

/** The whole page. */
export function referencePage(document: OpenApiDocument = openApiDocument()): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      endpoint(`${method.toUpperCase()} ${path}`, operation as Operation),
    ),
  );
  const schemas = Object.entries(document.components.schemas).map(([name, schema]) => section(name, schema));
  const head = "| Request | What | Body | Answer |\n| --- | --- | --- | --- |";
  return `${[introduction, `## Endpoints\n\n${head}\n${operations.join("\n")}\n`, ...schemas].join("\n")}`;
}

function endpoint(name: string, { summary, requestBody, responses }: Operation): string {
  const body = requestBody === undefined ? "" : typeOf(requestBody.content["application/json"].schema);
  const content = Object.entries(responses[200].content ?? {});
  const answer = content
    .map(([type, { schema }]) => (schema === undefined ? type : `${typeOf(schema)} (${type})`))
    .join(", ");
  const failures = Object.keys(responses).filter((status) => status !== "200");
  return `| \`${name}\` | ${summary} | ${body} | ${answer}${failures.length > 0 ? `; ${failures.join(", ")}` : ""} |`;
}

function section(name: string, schema: Schema): string {
  const presence = name.endsWith("Request") ? { required: "Required." } : { optional: "May be missing." };
  const rows = fields(schema, "", presence).map(({ path, type, meaning }) => `| \`${path}\` | ${type} | ${meaning} |`);
  return `## ${name}\n\n| Field | Type | Meaning |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
}

interface Row {
  path: string;
  type: string;
  meaning: string;
}

/** What is said of fields that are required, and of those that are not. */
interface Presence {
  required?: string;
  optional?: string;
}

/** The fields of an object and of the objects in it, in their order. */
function fields(schema: Schema, prefix: string, presence: Presence): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const there = schema.required?.includes(name) ? presence.required : presence.optional;
    const meaning = cell([field.description, there].filter(Boolean).join(" "));
    const own = { path, type: cell(typeOf(field)), meaning };
    const inner = objectIn(field);
    return inner === null ? [own] : [own, ...fields(inner.schema, `${path}${inner.list ? "[]" : ""}.`, presence)];
  });
}

/** The object that a field holds, alone, in a list or beside null. */
function objectIn(schema: Schema): { schema: Schema; list: boolean } | null {
  if (schema.properties !== undefined) return { schema, list: false };
  if (schema.items?.properties !== undefined) return { schema: schema.items, list: true };
  const [only, ...others] = (schema.anyOf ?? []).filter((option) => option.type !== "null");
  return only === undefined || others.length > 0 ? null : objectIn(only);
}

/** A type in words: "integer from 0 to 20 or null". */
function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split("/").at(-1) as string;
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" or ");
  if (Array.isArray(schema.type)) return schema.type.join(" or ");
  if (schema.type === "array") return `list of ${schema.items === undefined ? "anything" : typeOf(schema.items)}`;
  return `${schema.type ?? "anything"}${limits(schema)}`;
}

function limits({ minimum, maximum }: Schema): string {
  return `${minimum === undefined ? "" : ` from ${minimum}`}${maximum === undefined ? "" : ` to ${maximum}`}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
