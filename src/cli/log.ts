// The server's log: pino, as JSON lines or as lines to read.

import pino, { type Logger } from "pino";
import type { Config } from "../config/schema.js";
import type { Output } from "./surroundings.js";

/** Fields of every line that say nothing to a person at a terminal. */
const dull = new Set(["level", "time", "msg", "pid", "hostname", "name", "err"]);

/** One pino line as text: `12:30:05 warn  message key=value`. */
export function textLine(json: string): string {
  const fields = JSON.parse(json) as Record<string, unknown> & { err?: { stack?: string; message?: string } };
  const time = new Date(Number(fields.time)).toTimeString().slice(0, 8);
  const level = pino.levels.labels[Number(fields.level)] ?? String(fields.level);
  const rest = Object.entries(fields)
    .filter(([name]) => !dull.has(name))
    .map(([name, value]) => ` ${name}=${typeof value === "string" && plain.test(value) ? value : quoted(value)}`)
    .join("");
  const stack = fields.err === undefined ? "" : `\n${fields.err.stack ?? fields.err.message}`;
  return `${time} ${level.padEnd(5)} ${printable(String(fields.msg ?? ""))}${rest}${stack}\n`;
}

const plain = /^[\w.:/@+-]+$/;

function quoted(value: unknown): string {
  return printable(JSON.stringify(value));
}

/** Clients choose some of what is logged: no line of theirs, and nothing that a terminal obeys. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Writes to stderr, so that stdout holds only what was asked for. */
export function createLogger(config: Config, stderr: Output): Logger {
  const write =
    config.log_format === "json"
      ? (line: string) => stderr.write(line)
      : (line: string) => stderr.write(textLine(line));
  return pino({ level: config.log_level }, { write });
}
