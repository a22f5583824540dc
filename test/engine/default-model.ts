// The default model and its held-out questions, for tests that need a model that answers.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadModel } from "../../src/engine/index.js";
import type { LoadOptions, Model } from "../../src/engine/types.js";

const models = new URL("../../models/", import.meta.url);
export const defaultModelPath = fileURLToPath(new URL("lab-calc.gguf", models));

export function loadDefault(options: LoadOptions = {}): Promise<Model> {
  return loadModel(defaultModelPath, options);
}

export interface Question {
  task: string;
  question: string;
  answer: string;
}

export function heldOut(count: number): Question[] {
  const lines = readFileSync(new URL("lab-calc.heldout.jsonl", models), "utf8").trim().split("\n");
  return lines.slice(0, count).map((line) => JSON.parse(line));
}
