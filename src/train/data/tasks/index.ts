// All tasks, in the order of their names.

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

/** Makes the tasks; the lists of words are read here, not at import. */
export function allTasks(): Task[] {
  const single = [
    ...[arithmetic(), wordProblems(), facts(), lists(), dates(), spelling(), smallTalk(), outside(), stories()],
  ];
  return [...single, followUps(single.filter(({ name }) => name !== "stories"))];
}
