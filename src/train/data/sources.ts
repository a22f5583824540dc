// Users' own data: JSON lines of chats {"messages": [{"role", "content"}, ...]} or of texts {"text"},
// or a plain text file with an empty line between documents. Checked as a whole when it is opened;
// kept as bytes, so that the examples of a large file do not fill the JavaScript heap.

import { readFileSync } from "node:fs";
import { z } from "zod";
import { UnmaskError } from "../../util/errors.js";
import type { Random } from "./random.js";
import { splitOf } from "./split.js";
import type { Example, Split } from "./types.js";

const messageSchema = z.object({
  role: z.enum(["system", "user", "assistant"]),
  content: z.string().regex(/\S/, "is empty"),
});
const chatSchema = z.object({
  task: z.string().default("chat"),
  kind: z.string().default("own"),
  messages: z
    .array(messageSchema)
    .min(2)
    .refine((messages) => messages.at(-1)?.role === "assistant", "the last message must be the assistant's"),
});
const textSchema = z
  .object({ text: z.string().regex(/\S/, "is empty") })
  .transform(({ text }): Example => ({ task: "text", text }));

export interface Source {
  path: string;
  /** Examples in the split. */
  length: number;
  example(random: Random): Example;
}

/** @throws UnmaskError file_not_found; invalid_json or invalid_request with file and line */
export function openSource(path: string, split: Split): Source {
  const bytes = read(path);
  const places: number[] = []; // [2 * examples] begin and end of each
  for (const { begin, end, line, text } of documents(bytes, path)) {
    parse(text, path, line);
    if (splitOf([`source ${text}`]) === split) places.push(begin, end);
  }
  const length = places.length / 2;
  return {
    path,
    length,
    example(random) {
      const at = 2 * random.int(0, length - 1);
      return parse(bytes.toString("utf8", places[at], places[at + 1]).trim(), path, 0);
    },
  };
}

/** Every example of a file. @throws as openSource */
export function* examplesOf(path: string): Generator<Example> {
  for (const { text, line } of documents(read(path), path)) yield parse(text, path, line);
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const message = `The source ${path} cannot be read: ${(cause as Error).message}. Correct its path under sources.`;
    throw new UnmaskError("file_not_found", message, { param: "sources", cause });
  }
}

interface Place {
  begin: number;
  end: number;
  line: number;
}

const isJsonLines = (path: string) => /\.jsonl?$/i.test(path);

/** What is in the file and is not blank. */
function* documents(bytes: Buffer, path: string): Generator<Place & { text: string }> {
  let found = 0;
  for (const place of isJsonLines(path) ? lines(bytes) : paragraphs(bytes)) {
    const text = bytes.toString("utf8", place.begin, place.end).trim();
    if (text === "") continue;
    found++;
    yield { ...place, text };
  }
  if (found === 0) throw new UnmaskError("invalid_request", `${path} holds no examples.`, { param: "sources" });
}

function* lines(bytes: Buffer): Generator<Place> {
  for (let begin = 0, line = 1; begin < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, begin);
    const end = newline < 0 ? bytes.length : newline;
    yield { begin, end, line };
    begin = end + 1;
  }
}

/** Runs of lines that are not blank. */
function* paragraphs(bytes: Buffer): Generator<Place> {
  let run: Place | undefined;
  for (const place of lines(bytes)) {
    const blank = bytes.toString("utf8", place.begin, place.end).trim() === "";
    if (!blank) {
      run = { ...(run ?? place), end: place.end };
    } else if (run !== undefined) {
      yield run;
      run = undefined;
    }
  }
  if (run !== undefined) yield run;
}

function parse(text: string, path: string, line: number): Example {
  return isJsonLines(path) ? parseLine(text, path, line) : { task: "text", text };
}

function parseLine(text: string, path: string, line: number): Example {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const message = `${path}:${line}: not JSON: ${(cause as Error).message}. Every line must be one JSON object.`;
    throw new UnmaskError("invalid_json", message, { param: "sources", cause });
  }
  const isText = typeof value === "object" && value !== null && "text" in value;
  const result = isText ? textSchema.safeParse(value) : chatSchema.safeParse(value);
  if (result.success) return result.data;
  const [{ path: at, message }] = result.error.issues;
  const field = at.length === 0 ? "the line" : at.join(".");
  throw new UnmaskError(
    "invalid_request",
    `${path}:${line}: ${field}: ${message}. A line is {"messages": [{"role", "content"}, ...]} that ends with the assistant, or {"text": "..."}.`,
    { param: "sources" },
  );
}
