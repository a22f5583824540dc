// Held-out questions: JSON lines, either conversations as `unmask train data` writes them, {task, kind,
// messages with the answer last, check}, or single questions, {task, question, answer}.

import { readFileSync } from "node:fs";
import { z } from "zod";
import type { ChatMessage } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";

/** What is known of the right answer beside its text; whoever judges answers understands it. */
export interface Check {
  number?: number;
  /** Longest run of carries or borrows in the calculation. */
  carries?: number;
  story?: Record<string, string>;
}

export interface Question {
  task: string;
  /** What it is within its task; null for a single question. */
  kind: string | null;
  /** The conversation up to the message that is to be answered. */
  messages: ChatMessage[];
  /** The expected answer. */
  answer: string;
  check: Check;
}

export interface Verdict {
  ok: boolean;
  /** Why not ok; null when ok. */
  reason: string | null;
  /** Of stories only. */
  story?: StoryVerdict;
}

export interface StoryVerdict {
  /** Every sentence is one of a story. */
  parses: boolean;
  /** It parses, and no sentence contradicts those before it. */
  consistent: boolean;
  /** It parses, and has what was asked for. */
  complete: boolean;
}

/** Says whether an answer to a question is right. */
export type Judge = (question: Question, answer: string) => Verdict;

/** Right when the text is the expected one, to the letter. */
export const exactly: Judge = ({ answer: expected }, answer) =>
  answer === expected ? { ok: true, reason: null } : { ok: false, reason: `expected ${JSON.stringify(expected)}` };

const single = z.object({ task: z.string(), question: z.string(), answer: z.string() });
const conversation = z.object({
  task: z.string(),
  kind: z.string(),
  messages: z
    .array(z.object({ role: z.enum(["system", "user", "assistant"]), content: z.string() }))
    .refine((all) => all.at(-1)?.role === "assistant", "the last message must be the assistant's")
    .refine((all) => all.at(-2)?.role === "user", "the message before the last must be the user's"),
  check: z
    .object({
      number: z.number().optional(),
      carries: z.int().min(0).optional(),
      story: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
});
const forms =
  'A question is {"task", "kind", "messages"} that ends with the answer, or {"task", "question", "answer"}.';

/** @throws UnmaskError file_not_found; invalid_json or invalid_request with the line at fault */
export function readQuestions(path: string): Question[] {
  return parseQuestions(readData(path), path);
}

/** The text of a file of JSON lines. @throws UnmaskError file_not_found */
export function readData(path: string, param = "data"): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const message = `The questions ${path} cannot be read: ${(cause as Error).message}. Name a JSONL file with --${param}.`;
    throw new UnmaskError("file_not_found", message, { param, cause });
  }
}

/** @param name what to call the file in errors */
export function parseQuestions(text: string, name: string): Question[] {
  return parseLines(text, name, questionOf);
}

/**
 * Every line that is not blank.
 * @throws UnmaskError invalid_json; invalid_request when there is none, and what `read` throws
 */
export function parseLines<T>(
  text: string,
  name: string,
  read: (value: unknown, where: string) => T,
  param = "data",
): T[] {
  const values = text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    const where = `${name}:${i + 1}`;
    return [read(parseJson(line, where, param), where)];
  });
  if (values.length > 0) return values;
  throw new UnmaskError("invalid_request", `${name} holds no questions.`, { param });
}

function parseJson(line: string, where: string, param: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    const message = `${where}: not JSON: ${(cause as Error).message}. Every line must be one JSON object.`;
    throw new UnmaskError("invalid_json", message, { param, cause });
  }
}

function questionOf(value: unknown, where: string): Question {
  const isConversation = typeof value === "object" && value !== null && "messages" in value;
  if (isConversation) {
    const { messages, check = {}, ...rest } = parseWith(conversation, value, where, forms);
    return { ...rest, messages: messages.slice(0, -1), answer: messages[messages.length - 1].content, check };
  }
  const { task, question, answer } = parseWith(single, value, where, forms);
  return { task, kind: null, messages: [{ role: "user", content: question }], answer, check: {} };
}

/** @throws UnmaskError invalid_request with the place and the first thing that is wrong there */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown, where: string, forms: string, param = "data"): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  const field = path.length === 0 ? "the line" : path.join(".");
  throw new UnmaskError("invalid_request", `${where}: ${field}: ${message}. ${forms}`, { param });
}

export interface Selection {
  /** Empty: all. */
  tasks: readonly string[];
  /** The first so many of each task. */
  perTask: number;
  /** Then the first so many of all. */
  limit: number;
}

/** @throws UnmaskError invalid_request for a task that the questions do not have */
export function selectQuestions(questions: readonly Question[], { tasks, perTask, limit }: Selection): Question[] {
  const known = new Set(questions.map(({ task }) => task));
  const unknown = tasks.find((task) => !known.has(task));
  if (unknown !== undefined) {
    const message = `There are no questions of the task "${unknown}". Tasks: ${[...known].join(", ")}.`;
    throw new UnmaskError("invalid_request", message, { param: "task" });
  }
  const taken = new Map<string, number>();
  const chosen = questions.filter(({ task }) => {
    if (tasks.length > 0 && !tasks.includes(task)) return false;
    const before = taken.get(task) ?? 0;
    taken.set(task, before + 1);
    return before < perTask;
  });
  return chosen.slice(0, limit);
}
