// Reads a YAML file against a schema. Every problem is reported with file, line and column, all of a
// file together.

import { readFileSync } from "node:fs";
import { type Document, isMap, isNode, LineCounter, type Pair, parseDocument } from "yaml";
import type { z } from "zod";
import { UnmaskError } from "../util/errors.js";

/** @throws UnmaskError file_not_found or config_invalid */
export function readYamlFile<Schema extends z.ZodType>(path: string, schema: Schema): z.infer<Schema> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const message = `The configuration ${path} cannot be read: ${(cause as Error).message}. Name a YAML file with --config.`;
    throw new UnmaskError("file_not_found", message, { param: "config", cause });
  }
  return parseYaml(text, path, schema);
}

/**
 * @param file what to call it in errors
 * @throws UnmaskError config_invalid
 */
export function parseYaml<Schema extends z.ZodType>(text: string, file: string, schema: Schema): z.infer<Schema> {
  const lines = new LineCounter();
  const where = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const faults = [...document.errors, ...document.warnings].map((each) => `${where(each.pos[0])}: ${each.message}`);
  if (faults.length > 0) throw invalid(faults, file);
  const result = schema.safeParse(contentOf(document, file));
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => {
    const paths = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return paths.map((path) => {
      const name = path.join(".") || "the file";
      const what = issue.code === "unrecognized_keys" ? "is not a setting" : issue.message;
      return `${where(offsetOf(document, path))}: ${name}: ${what}.`;
    });
  });
  throw invalid(problems, file);
}

function contentOf(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw invalid([`${file}: ${(error as Error).message}`], file); // aliases that are missing or too many
  }
}

/** Where the key or item at a path is written, or the nearest thing around it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const pair = isMap(parent)
      ? (parent.items as Pair[]).find((each) => String(isNode(each.key) ? each.key.toJSON() : each.key) === String(key))
      : undefined;
    if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}

function invalid(problems: readonly string[], file: string): UnmaskError {
  return new UnmaskError("config_invalid", problems.join("\n"), { param: file });
}
