// Judges answers to examples of every task.

import { exactCheck } from "./task.js";
import { allTasks } from "./tasks/index.js";
import type { ChatExample, Task, Verdict } from "./types.js";

/** A judge of all tasks; of examples of users' own, only the exact answer is right. */
export function answerChecker(): (example: ChatExample, answer: string) => Verdict {
  const checks = new Map<string, Task["check"]>(allTasks().map(({ name, check }) => [name, check]));
  return (example, answer) => (checks.get(example.task) ?? exactCheck)(example, answer);
}
