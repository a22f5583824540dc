// All tasks, in the order in which they are documented.

import type { Task } from "../types.js";
import { arithmetic } from "./arithmetic.js";
import { dates } from "./dates.js";
import { facts } from "./facts.js";
import { followUps } from "./follow-ups.js";
import { lists } from "./lists.js";
import { outside } from "./outside.js";
import { smallTalk } from "./small-talk.js";
import { spelling } from "./spelling.js";
import { stories } from "./stories.js";
import { wordProblems } from "./word-problems.js";

export const taskNames = [
  "arithmetic",
  "word-problems",
  "facts",
  "lists",
  "dates",
  "spelling",
  "small-talk",
  "outside",
  "stories",
  "follow-ups",
] as const;

export type TaskName = (typeof taskNames)[number];

/** Makes the tasks; the lists of words are read here, not at import. */
export function allTasks(): Task[] {
  const single = [
    ...[arithmetic(), wordProblems(), facts(), lists(), dates(), spelling(), smallTalk(), outside(), stories()],
  ];
  return [...single, followUps(single.filter(({ name }) => name !== "stories"))];
}
