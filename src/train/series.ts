// Runs that build on one another: as its `init`, a configuration may name that of the run before it.
//
// The run before lies in the folder `init` of the run that begins from its model, so a whole series is one folder.

import { join, resolve } from "node:path";
import { UnmaskError } from "../util/errors.js";
import { readTrainConfig, type TrainConfig } from "./config.js";

export interface SeriesRun {
  /** Of its configuration. */
  file: string;
  config: TrainConfig;
  directory: string;
  /** A model to begin from; in a series, what the run before makes. */
  init: string | undefined;
}

export interface SeriesOptions {
  /** Folder of the last run. Default: runs/NAME. */
  out?: string | undefined;
  /** A model to begin from instead of what the configuration names. */
  init?: string | undefined;
}

/**
 * The run of a configuration and those before it, the first one first.
 * @throws UnmaskError as readTrainConfig; config_invalid for a configuration that begins from itself
 */
export function seriesOf(file: string, { out, init }: SeriesOptions): SeriesRun[] {
  const config = readTrainConfig(file);
  const directory = out ?? join("runs", config.model.name);
  if (init !== undefined) return [{ file, config, directory, init }];
  return withThoseBefore({ file, config, directory, init: config.init ?? undefined }, [resolve(file)]);
}

/** @param seen configurations of the runs that come after */
function withThoseBefore(run: SeriesRun, seen: readonly string[]): SeriesRun[] {
  const { init } = run;
  if (init === undefined || !/\.ya?ml$/.test(init)) return [run];
  if (seen.includes(init)) {
    const message = `${run.file}: init: ${init} begins from this file itself. Name a model, or another configuration.`;
    throw new UnmaskError("config_invalid", message, { param: "config" });
  }
  const config = readTrainConfig(init);
  const directory = join(run.directory, "init");
  const before = { file: init, config, directory, init: config.init ?? undefined };
  return [...withThoseBefore(before, [...seen, init]), { ...run, init: join(directory, `${config.model.name}.gguf`) }];
}
