// The recipe of the data: how often each task is drawn, and users' own files. See train/data.yaml.

import { dirname, resolve } from "node:path";
import { z } from "zod";
import { readYamlFile } from "../yaml.js";
import { type TaskName, taskNames } from "./task-names.js";

const weight = z.number().min(0).max(1e9);

/** The shares of train/data.yaml. */
const usualWeights: Readonly<Record<TaskName, number>> = {
  arithmetic: 20,
  "word-problems": 12,
  facts: 13,
  lists: 15,
  dates: 9,
  spelling: 9,
  "small-talk": 6,
  outside: 8,
  stories: 4,
  "follow-ups": 9,
};

export const dataSchema = z.strictObject({
  /** Task: how often, relative to the others. A task that is not named is not drawn. */
  tasks: z.partialRecord(z.enum(taskNames), weight).default(usualWeights),
  /** Kinds within a task: times as often in training as usual. Held-out questions stay as they are. */
  practice: z.partialRecord(z.enum(taskNames), z.record(z.string(), weight)).default({}),
  /** Files of users, on the same scale. */
  sources: z.array(z.strictObject({ path: z.string().min(1), weight })).default([]),
});

export type DataConfig = z.infer<typeof dataSchema>;

/**
 * Paths in it are relative to the file itself, and absolute when this returns.
 * @throws UnmaskError file_not_found or config_invalid with file, line and column
 */
export function readDataConfig(file: string): DataConfig {
  const { sources, ...recipe } = readYamlFile(file, dataSchema);
  return { ...recipe, sources: sources.map(({ path, weight }) => ({ path: resolve(dirname(file), path), weight })) };
}
