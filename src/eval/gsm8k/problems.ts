// Problems of GSM8K (Cobbe et al. 2021, 2110.14168) and the prompts that ask them, as
// lm-evaluation-harness does it (task gsm8k, version 3.0).

import { z } from "zod";
import type { ChatMessage, GenerateInput } from "../../engine/types.js";
import { UnmaskError } from "../../util/errors.js";
import { parseLines, parseWith, readData } from "../questions.js";

export interface Problem {
  question: string;
  /** The working, then "#### " and the number. */
  answer: string;
}

const schema = z.object({
  question: z.string().min(1),
  answer: z.string().regex(/#### *-?[$0-9]/, 'an answer ends with "#### " and its number'),
});
const form = 'A problem is {"question", "answer"}, as in the JSONL files of GSM8K.';

/**
 * @param param the option that named the file
 * @throws UnmaskError file_not_found; invalid_json or invalid_request with the line at fault
 */
export function readProblems(path: string, param: string): Problem[] {
  return parseProblems(readData(path, param), path, param);
}

export function parseProblems(text: string, name: string, param = "data"): Problem[] {
  return parseLines(text, name, (value, where) => parseWith(schema, value, where, form, param), param);
}

/** The first `count` problems. @throws UnmaskError invalid_request when there are fewer */
export function shotsOf(problems: readonly Problem[], count: number, name: string): Problem[] {
  if (problems.length >= count) return problems.slice(0, count);
  const message = `${name} has ${problems.length} problems, and ${count} are to be shown. Lower --shots.`;
  throw new UnmaskError("invalid_request", message, { param: "shots" });
}

/** Texts that end an answer, beside the model's own stop tokens. */
export const stops = ["Question:", "</s>", "<|im_end|>"];

/**
 * The solved examples, then the question.
 * @param chat as a conversation under the chat template, an example a turn; else as one text
 */
export function promptOf(problem: Problem, shots: readonly Problem[], chat: boolean): GenerateInput {
  const ask = ({ question }: Problem) => `Question: ${question}\nAnswer:`;
  if (!chat) {
    const shown = shots.map((shot) => `${ask(shot)} ${shot.answer}\n\n`);
    return { prompt: shown.join("") + ask(problem) };
  }
  const turns = shots.flatMap((shot): ChatMessage[] => [
    { role: "user", content: ask(shot) },
    { role: "assistant", content: shot.answer },
  ]);
  return { messages: [...turns, { role: "user", content: ask(problem) }] };
}
