// From a zod schema's complaint to one sentence with the name of the field.
//
// Only the first complaint is answered, as OpenAI does. A field whose effect this server
// does not have is refused likewise, as is one it does not know: silently ignoring a field
// is worse than an error.

import { z } from "zod";
import { UnmaskError } from "../util/errors.js";
import { nearest } from "../util/nearest.js";

type Issue = z.core.$ZodIssue;

/** The value a schema makes of a body. @throws invalid_request or unsupported_parameter, with `param`. */
export function validate<S extends z.ZodObject>(schema: S, body: unknown): z.infer<S> {
  const result = schema.safeParse(body, { reportInput: true });
  if (result.success) return result.data;
  throw explain(result.error.issues[0], Object.keys(schema.shape));
}

/** A field of OpenAI's API that could not change an answer of this server, whatever its value. */
export const ignored = z.unknown().optional().describe("Accepted, without effect.");

/**
 * A field of OpenAI's API whose effect this server does not have: absent, null or a value that asks for nothing
 * passes and is dropped; anything else is refused with the reason.
 */
export function inert(harmless: (value: unknown) => boolean, reason: string) {
  const check = (value: unknown) => value === undefined || value === null || harmless(value);
  return z
    .unknown()
    .refine(check, { error: reason, params: { code: "unsupported_parameter" } })
    .optional()
    .describe(`Accepted with a value that asks for nothing. ${reason}`);
}

function explain(issue: Issue, fields: readonly string[]): UnmaskError {
  const param = pathOf(issue.path);
  if (issue.code === "unrecognized_keys") {
    const name = shortened(issue.keys[0]);
    const at = param === null ? name : `${param}.${name}`;
    const near = param === null ? nearest(name, fields) : null;
    const hint = near === null ? "Leave it out; docs/api.md lists the fields there are." : `Did you mean '${near}'?`;
    return new UnmaskError("unsupported_parameter", `'${at}' is not a field of this request. ${hint}`, { param: at });
  }
  if (issue.code === "custom") {
    const code = issue.params?.code === "unsupported_parameter" ? "unsupported_parameter" : "invalid_request";
    return new UnmaskError(code, issue.message, { param });
  }
  return new UnmaskError("invalid_request", `${param ?? "The body"} ${demand(issue)}; it is ${show(issue.input)}.`, {
    param,
  });
}

/** What a field must be, completing "temperature ...". */
function demand(issue: Issue): string {
  if (issue.message.startsWith("must ")) return issue.message; // the schema's own words
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? `is required (${article(issue.expected)})`
        : `must be ${article(issue.expected)}`;
    case "too_small":
      return `must ${limit(issue.origin, "at least", issue.minimum)}`;
    case "too_big":
      return `must ${limit(issue.origin, "at most", issue.maximum)}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    default:
      return issue.message;
  }
}

function limit(origin: string, side: string, bound: number | bigint): string {
  if (origin === "array") return `have ${side} ${bound} ${bound === 1 ? "element" : "elements"}`;
  if (origin === "string") return `have ${side} ${bound} ${bound === 1 ? "character" : "characters"}`;
  return `be ${side} ${bound}`;
}

function article(type: string): string {
  const name = type === "int" ? "integer" : type;
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`;
}

function show(value: unknown): string {
  if (value === undefined) return "missing";
  try {
    return shortened(JSON.stringify(value));
  } catch {
    return "nested too deeply to be shown";
  }
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** messages, 0, content -> messages[0].content */
function pathOf(path: readonly PropertyKey[]): string | null {
  if (path.length === 0) return null;
  return path
    .map((key, i) => (typeof key === "number" ? `[${key}]` : i === 0 ? String(key) : `.${String(key)}`))
    .join("");
}
