// The names of the tasks, in the order in which they are documented.

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
