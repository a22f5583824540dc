// The samples in docs/training-data.md: for every task, the first examples of as many kinds.

import { Random } from "./random.js";
import { allTasks } from "./tasks/index.js";
import type { ChatExample, Task } from "./types.js";

const opening = "<!-- samples -->";
const closing = "<!-- /samples -->";
const seed = 1;
const perTask = 8;

/** A document with the samples between its two comments. @throws Error when it has no place for them */
export function placeSamples(document: string): string {
  const [start, end] = [document.indexOf(opening), document.indexOf(closing)];
  if (start < 0 || end < start) throw new Error(`the document has no ${opening} ... ${closing}`);
  return `${document.slice(0, start + opening.length)}\n\n${samples()}\n${document.slice(end)}`;
}

function samples(): string {
  return allTasks()
    .map((task) => `### ${task.name}\n\n\`\`\`text\n${examplesOf(task).map(shown).join("\n\n")}\n\`\`\`\n`)
    .join("\n");
}

function examplesOf(task: Task): ChatExample[] {
  const found = new Map<string, ChatExample>();
  const wanted = Math.min(perTask, task.kinds.length === 1 ? 4 : task.kinds.length);
  for (let i = 0; found.size < wanted; i++) {
    const example = task.generate(new Random(seed, i), "train");
    const key = task.kinds.length === 1 ? String(i) : example.kind;
    if (!found.has(key)) found.set(key, example);
  }
  return [...found.values()];
}

const marks = { system: "system: ", user: "> ", assistant: "" };

function shown({ messages }: ChatExample): string {
  return messages.map(({ role, content }) => marks[role] + content).join("\n");
}
