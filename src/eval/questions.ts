// Held-out questions: JSON lines of {task, question, answer}.

import { readFileSync } from "node:fs";
import { UnmaskError } from "../util/errors.js";

export interface Question {
  task: string;
  question: string;
  /** The whole answer; nothing else counts as right. */
  answer: string;
}

/** @throws UnmaskError file_not_found; invalid_json or invalid_request with the line at fault */
export function readQuestions(path: string): Question[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const message = `The questions ${path} cannot be read: ${(cause as Error).message}. Name a JSONL file with --data.`;
    throw new UnmaskError("file_not_found", message, { param: "data", cause });
  }
  return parseQuestions(text, path);
}

/** @param name what to call the file in errors */
export function parseQuestions(text: string, name: string): Question[] {
  const questions = text
    .split("\n")
    .flatMap((line, i) => (line.trim() === "" ? [] : [parseLine(line, `${name}:${i + 1}`)]));
  if (questions.length > 0) return questions;
  throw new UnmaskError("invalid_request", `${name} holds no questions.`, { param: "data" });
}

function parseLine(line: string, where: string): Question {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    const message = `${where}: not JSON: ${(cause as Error).message}. Every line must be one JSON object.`;
    throw new UnmaskError("invalid_json", message, { param: "data", cause });
  }
  const { task, question, answer } = (value ?? {}) as Record<string, unknown>;
  if (typeof task === "string" && typeof question === "string" && typeof answer === "string") {
    return { task, question, answer };
  }
  const message = `${where}: a question must have the texts "task", "question" and "answer".`;
  throw new UnmaskError("invalid_request", message, { param: "data" });
}

/**
 * The first `limit` questions of the named tasks.
 * @param tasks empty: all
 * @throws UnmaskError invalid_request for a task that the questions do not have
 */
export function selectQuestions(questions: readonly Question[], tasks: readonly string[], limit: number): Question[] {
  const known = [...new Set(questions.map(({ task }) => task))];
  const unknown = tasks.find((task) => !known.includes(task));
  if (unknown !== undefined) {
    const message = `There are no questions of the task "${unknown}". Tasks: ${known.join(", ")}.`;
    throw new UnmaskError("invalid_request", message, { param: "task" });
  }
  return questions.filter(({ task }) => tasks.length === 0 || tasks.includes(task)).slice(0, limit);
}
