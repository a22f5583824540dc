// The default model and its held-out questions, for tests that need a model that answers.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadModel } from "../../src/engine/index.js";
import type { LoadOptions, Model } from "../../src/engine/types.js";

const models = new URL("../../models/", import.meta.url);
export const defaultModelPath = fileURLToPath(new URL("unmask-5m.gguf", models));

export function loadDefault(options: LoadOptions = {}): Promise<Model> {
  return loadModel(defaultModelPath, options);
}

export interface Question {
  task: string;
  question: string;
  answer: string;
}

/** The first questions that stand alone: no system prompt, no turns before. */
export function heldOut(count: number): Question[] {
  const lines = readFileSync(new URL("unmask-5m.heldout.jsonl", models), "utf8").trim().split("\n");
  const chats = lines.map((line) => JSON.parse(line) as { task: string; messages: { content: string }[] });
  return chats
    .filter(({ messages }) => messages.length === 2)
    .slice(0, count)
    .map(({ task, messages: [asked, said] }) => ({ task, question: asked.content, answer: said.content }));
}
