// A stream of examples: tasks and users' files in the shares of a recipe. Example i is a function of
// (recipe, split, seed, i) alone, so a stream can be cut, resumed and read in any order.

import { UnmaskError } from "../../util/errors.js";
import type { DataConfig } from "./config.js";
import { Random } from "./random.js";
import { openSource } from "./sources.js";
import { practised } from "./task.js";
import type { TaskName } from "./task-names.js";
import { allTasks } from "./tasks/index.js";
import type { Example, Split } from "./types.js";

export interface MixtureOptions {
  split: Split;
  /** Only these tasks, and no files. */
  tasks?: readonly TaskName[];
}

export type Mixture = (seed: number, i: number) => Example;

export function mixture(config: DataConfig, options: MixtureOptions): Mixture {
  const parts = required(partsOf(config, options));
  return (seed, i) => {
    const random = new Random(seed, i);
    return random.weighted(parts).draw(random);
  };
}

/** A task, or a file of a user's. */
export interface Part {
  /** The task's name or the file's path. */
  name: string;
  /** Above 0, relative to the other parts. */
  weight: number;
  draw(random: Random): Example;
}

/** Opens the files of a recipe; of one without anything in the split, there are no parts. @throws UnmaskError as openSource and practised */
export function partsOf(config: DataConfig, { split, tasks: only }: MixtureOptions): Part[] {
  const tasks = allTasks().map((usual) => {
    const name = usual.name as TaskName;
    const task = practised(usual, config.practice[name] ?? {});
    return {
      name,
      weight: wanted(name, config, only),
      draw: (random: Random): Example => task.generate(random, split),
    };
  });
  const sources = only === undefined ? config.sources.filter(({ weight }) => weight > 0) : [];
  const opened = sources.map(({ path, weight }) => {
    const source = openSource(path, split);
    return { name: path, weight: source.length === 0 ? 0 : weight, draw: (random: Random) => source.example(random) };
  });
  return [...tasks, ...opened].filter(({ weight }) => weight > 0);
}

/** @throws UnmaskError config_invalid when there is nothing to draw */
export function required(parts: Part[]): Part[] {
  if (parts.length > 0) return parts;
  throw new UnmaskError(
    "config_invalid",
    "There is nothing to draw: no task has a weight above 0, and no source with one has examples in this split.",
  );
}

function wanted(name: TaskName, config: DataConfig, only: readonly TaskName[] | undefined): number {
  if (only === undefined) return config.tasks[name] ?? 0;
  return only.includes(name) ? (config.tasks[name] ?? 1) : 0;
}
