// Brings the sources together: flag > YAML file > environment > default, setting by setting.
// Every value is checked where it comes from, so an error names the flag, the line or the variable.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UnmaskError } from "../util/errors.js";
import { nearest } from "../util/nearest.js";
import { type Config, configSchema } from "./schema.js";
import { allSettings, fromText, longFlag, type Setting } from "./settings.js";
import { readYaml, wrongValue } from "./yaml.js";

export interface Sources {
  /** What was typed, by setting name ("dlm.threshold"); true and false for boolean flags. */
  flags?: ReadonlyMap<string, string | boolean>;
  /** Path of the YAML file. */
  file?: string;
  environment?: Readonly<Record<string, string | undefined>>;
}

export interface LoadedConfig {
  config: Config;
  /** Where each setting that is not a default was set: "--port", "unmask.yaml:3:7", "MODEL_PATH". */
  origins: ReadonlyMap<string, string>;
  /** Lines for the log: what was given but has no effect, and why. */
  notes: string[];
}

interface Given {
  setting: Setting;
  value: unknown;
  origin: string;
}

function readText(setting: Setting, text: string, origin: string): Given {
  if (!fromText(setting, text).success) {
    throw new UnmaskError("config_invalid", `${origin}: ${wrongValue(setting, text)}`, { param: setting.name });
  }
  return { setting, value: fromText(setting, text).data, origin };
}

function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") {
      throw new UnmaskError(
        "file_not_found",
        `There is no configuration file ${resolve(path)}. \`unmask serve --generate-config ${path}\` writes one.`,
        { param: "config" },
      );
    }
    throw new UnmaskError("config_invalid", `The configuration file ${path} cannot be read: ${message}.`, {
      param: "config",
    });
  }
}

/**
 * The settings that hold, given what was typed, written and exported.
 * @throws UnmaskError config_invalid, or file_not_found for the file
 */
export function loadConfig(sources: Sources = {}): LoadedConfig {
  const { flags = new Map(), file, environment = {} } = sources;
  const settings = allSettings();
  const given = new Map<string, Given>();

  for (const setting of settings) {
    const text = setting.variable === null ? undefined : environment[setting.variable];
    if (text === undefined || text === "") continue; // an empty variable is how shells unset one
    given.set(setting.name, readText(setting, text, setting.variable as string));
  }
  if (file !== undefined) {
    for (const { setting, value, where } of readYaml(readFile(file), file)) {
      given.set(setting.name, { setting, value, origin: where });
    }
  }
  for (const setting of settings) {
    const typed = flags.get(setting.name);
    if (typed === undefined) continue;
    const origin = longFlag(setting.flag as string);
    const value = typeof typed === "string" ? readText(setting, typed, origin) : { setting, value: typed, origin };
    given.set(setting.name, value);
  }

  const raw: Record<string, unknown> = {};
  for (const { setting, value } of given.values()) {
    const parents = setting.path.slice(0, -1);
    let section = raw;
    for (const key of parents) {
      section[key] ??= {};
      section = section[key] as Record<string, unknown>;
    }
    section[setting.path.at(-1) as string] = value;
  }
  return {
    config: configSchema.parse(raw),
    origins: new Map([...given].map(([name, { origin }]) => [name, origin])),
    notes: [...withoutEffect([...given.values()]), ...unknownVariables(environment, settings)],
  };
}

function withoutEffect(given: readonly Given[]): string[] {
  return given
    .filter(({ setting, value }) => setting.ignored !== undefined && value !== null)
    .map(({ setting, origin }) => `${origin}: ${setting.name} has no effect: ${setting.ignored}.`);
}

/** Not an error: variables outlive the versions that knew them. */
function unknownVariables(environment: NonNullable<Sources["environment"]>, settings: readonly Setting[]): string[] {
  const known = settings.flatMap(({ variable }) => (variable === null ? [] : [variable]));
  return Object.keys(environment)
    .filter((name) => name.startsWith("UNMASK_") && !known.includes(name))
    .map((name) => {
      const meant = nearest(name, known);
      return `${name} has no effect: there is no such setting.${meant === null ? "" : ` Did you mean ${meant}?`}`;
    });
}

/** The model file that the configuration names, or the one that comes with the package. Relative to the working directory. */
export function modelPath(config: Config): string {
  return config.model_path === null
    ? fileURLToPath(new URL("../../models/unmask-5m.gguf", import.meta.url))
    : resolve(config.model_path);
}
