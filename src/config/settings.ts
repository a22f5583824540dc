// The settings as a flat list, read off the schema: what flags, YAML, environment and
// documentation iterate over. Nothing is decided here.

import { z } from "zod";
import { type Config, configSchema, type Meaning, meanings } from "./schema.js";

export interface Setting extends Meaning {
  /** Keys in the YAML file: ["dlm", "threshold"]. */
  path: readonly string[];
  /** The path with dots: "dlm.threshold". */
  name: string;
  /** Its type; parses the value of one source. */
  type: z.ZodType;
  /** True when the flag takes no value and has a `--no-` form. */
  isBoolean: boolean;
  fallback: unknown;
  /** Its environment variable: UNMASK_ and the flag's name, unless it has one of its own; null without a flag. */
  variable: string | null;
}

/** A section of the file: settings and further sections under their keys. */
export interface Section {
  [key: string]: Setting | Section;
}

export function isSetting(node: Setting | Section): node is Setting {
  return node.type instanceof z.ZodType;
}

/** `--threshold` of "--threshold <number>"; the last spelling when there are several. */
export function longFlag(flag: string): string {
  return flag
    .split(/[ ,]+/)
    .filter((part) => part.startsWith("--"))
    .at(-1) as string;
}

function variableOf(meaning: Meaning): string | null {
  if (meaning.environment !== undefined) return meaning.environment;
  if (meaning.flag === undefined) return null;
  return `UNMASK_${longFlag(meaning.flag).slice(2).replaceAll("-", "_").toUpperCase()}`;
}

/** The value at a path of a (partial) configuration. */
export function valueAt(config: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], config);
}

function sectionOf(shape: Record<string, z.ZodType>, parents: readonly string[], defaults: Config): Section {
  const section: Section = {};
  for (const [key, type] of Object.entries(shape)) {
    const path = [...parents, key];
    const meaning = meanings.get(type);
    if (meaning === undefined) {
      const inner = (type as z.ZodPrefault<z.ZodObject>).unwrap();
      section[key] = sectionOf(inner.shape as Record<string, z.ZodType>, path, defaults);
      continue;
    }
    section[key] = {
      ...meaning,
      path,
      name: path.join("."),
      type,
      isBoolean: type.safeParse(true).success && !meaning.flag?.includes("<"),
      fallback: valueAt(defaults, path),
      variable: variableOf(meaning),
    };
  }
  return section;
}

/** The tree of settings, in the order of the schema. */
export function settingsTree(): Section {
  return sectionOf(configSchema.shape as unknown as Record<string, z.ZodType>, [], configSchema.parse({}));
}

/** Every setting, in the order of the schema. */
export function allSettings(section: Section = settingsTree()): Setting[] {
  return Object.values(section).flatMap((node) => (isSetting(node) ? [node] : allSettings(node)));
}

/**
 * Reads a value given as text (flag or environment): the first reading that the setting's type accepts of
 * number, true/false, null and plain text. Where any text will do, none is null: a key may be "auto".
 */
export function fromText(setting: Setting, text: string): z.ZodSafeParseResult<unknown> {
  const readings: unknown[] = [];
  if (text.trim() !== "" && Number.isFinite(Number(text))) readings.push(Number(text));
  if (/^(true|yes|on|1)$/i.test(text)) readings.push(true);
  if (/^(false|no|off|0)$/i.test(text)) readings.push(false);
  const anyText = setting.type.safeParse("neither null nor auto").success;
  if (/^(null|auto)$/i.test(text) && !anyText) readings.push(null);
  readings.push(text);
  const results = readings.map((reading) => setting.type.safeParse(reading));
  return results.find((result) => result.success) ?? results[results.length - 1];
}
