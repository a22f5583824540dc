// Writes a configuration as a commented YAML file that loads back as it is.

import { stringify } from "yaml";
import { writeBytes } from "./bytes.js";
import type { Config } from "./schema.js";
import { isSetting, type Section, type Setting, settingsTree, valueAt } from "./settings.js";

const width = 100;

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + 2 + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((text) => `${indent}# ${text}`);
}

/** A value as YAML writes it in one line; sizes in their unit. */
export function yamlValue(setting: Setting, value: unknown): string {
  const shown = setting.name === "scheduler.kv_memory" && typeof value === "number" ? writeBytes(value) : value;
  if (Array.isArray(shown)) return JSON.stringify(shown); // one line; JSON is YAML
  return stringify(shown, { lineWidth: 0, defaultStringType: "PLAIN", blockQuote: false }).trimEnd();
}

function lines(section: Section, config: Config, indent: string): string[] {
  return Object.entries(section).flatMap(([key, node]) => {
    if (!isSetting(node)) return ["", `${indent}${key}:`, ...lines(node, config, `${indent}  `)];
    const value = yamlValue(node, valueAt(config, node.path));
    return [...comment(node.about, indent), `${indent}${key}: ${value}`];
  });
}

/** The file that `--generate-config` prints. */
export function writeYaml(config: Config): string {
  const head = comment("Settings of unmask. Flags win over this file, this file wins over the environment.", "");
  return `${[...head, "", ...lines(settingsTree(), config, "")].join("\n")}\n`;
}
