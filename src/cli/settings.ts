// The configuration as commander options, and what was typed back into a configuration.

import { type Command, Option } from "commander";
import { shownFlag } from "../config/docs.js";
import { type LoadedConfig, loadConfig } from "../config/load.js";
import { allSettings, longFlag, type Setting } from "../config/settings.js";
import { yamlValue } from "../config/write.js";
import type { Surroundings } from "./surroundings.js";

const groups: Record<string, string> = {
  dlm: "Decoding:",
  scheduler: "Memory and scheduling:",
  backend: "Computing:",
  benchmark: "Benchmark:",
};

function groupOf(setting: Setting): string {
  return groups[setting.path[0]] ?? (setting.serveOnly ? "Server:" : "Model:");
}

/** What --help says of a setting: a default instead of the file's null, which nobody types. */
function helpOf(setting: Setting): string {
  const [about, whenNull] = setting.about.replace(/\.$/, "").split(" null: ");
  if (whenNull !== undefined) return `${about} (default: ${whenNull})`;
  if (setting.isBoolean)
    return setting.fallback === true ? `Do not ${about[0].toLowerCase()}${about.slice(1)}.` : `${about}.`;
  const stated = Array.isArray(setting.fallback) ? "none" : yamlValue(setting, setting.fallback);
  return `${about}. (default: ${stated})`;
}

function optionsOf(setting: Setting): Option[] {
  const flag = setting.flag as string;
  const group = groupOf(setting);
  if (!setting.isBoolean) return [new Option(flag, helpOf(setting)).helpGroup(group)];
  const shown = shownFlag(setting);
  return [flag, `--no-${longFlag(flag).slice(2)}`].map((spelling) =>
    new Option(spelling, helpOf(setting)).helpGroup(group).hideHelp(spelling !== shown),
  );
}

function settingsOf(scope: "serve" | "local"): Setting[] {
  return allSettings().filter((setting) => setting.flag !== undefined && (scope === "serve" || !setting.serveOnly));
}

/**
 * Adds the flags of the settings and --config.
 * @param scope serve: all of them; local: those that matter without a server
 * @param without names of settings that the command has no use for
 */
export function addSettings(command: Command, scope: "serve" | "local", without: readonly string[] = []): Command {
  const settings = settingsOf(scope).filter(({ name }) => !without.includes(name));
  for (const option of settings.flatMap(optionsOf)) command.addOption(option);
  const about = "A YAML file with settings; flags win over it. See docs/configuration.md.";
  return command.addOption(new Option("--config <file>", about).helpGroup("Model:"));
}

/** The configuration that holds for a command to which addSettings was applied. */
export function readSettings(command: Command, surroundings: Pick<Surroundings, "environment">): LoadedConfig {
  const flags = new Map<string, string | boolean>();
  for (const setting of allSettings()) {
    if (setting.flag === undefined) continue;
    const attribute = new Option(setting.flag).attributeName();
    if (command.getOptionValueSource(attribute) !== "cli") continue;
    flags.set(setting.name, command.getOptionValue(attribute) as string | boolean);
  }
  const file = command.getOptionValue("config") as string | undefined;
  return loadConfig({ flags, file, environment: surroundings.environment });
}
