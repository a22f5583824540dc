// `unmask inspect`: what is in a GGUF file and what the engine would do with it.

import { type Command, Option } from "commander";
import { type HeadType, headTypes } from "../backend/types.js";
import { showBytes } from "../config/bytes.js";
import type { Inspection, MetadataSummary } from "../convert/inspect.js";
import type { StoredTernary } from "../convert/ternary-statistics.js";
import { showCount } from "./banner.js";
import { safeText } from "./safe-text.js";
import type { Surroundings } from "./surroundings.js";

const examples = `
Examples:
  $ unmask inspect model.gguf
  $ unmask inspect --head q8_0 model.gguf         the memory it takes with a requantised head
  $ unmask inspect --json model.gguf | jq .engine`;

export function registerInspect(program: Command, surroundings: Surroundings): void {
  program
    .command("inspect")
    .description("Show what is in a GGUF file and what the engine would do with it.")
    .argument("<file>", "The GGUF file.")
    .addOption(new Option("--head <type>", "As if the head were requantised when it is loaded.").choices(headTypes))
    .option("--json", "Print everything as one JSON object.")
    .addHelpText("after", examples)
    .action(async (path: string, { head, json }: { head?: HeadType; json?: boolean }) => {
      const { inspect } = await import("../convert/inspect.js");
      const inspection = await inspect(path, { head });
      surroundings.stdout.write(json ? `${JSON.stringify(inspection, null, 2)}\n` : report(inspection));
    });
}

/** The report as text. */
export function report(inspection: Inspection): string {
  const { path, bytes, parameters, tensors } = inspection;
  const head = `${path}: ${showBytes(bytes)}, ${showCount(parameters)} parameters in ${tensors.length} tensors\n`;
  const sections: [string, string[]][] = [
    ["Metadata", table(Object.entries(inspection.metadata).map(([key, value]) => [key, showValue(value)]))],
    ["Tensors", tensorLines(inspection)],
    ["Types", typeLines(inspection)],
    ["Engine", engineLines(inspection)],
    ["Memory", memoryLines(inspection)],
    ["Warnings", inspection.warnings],
    ["Problems (the file will not load)", inspection.problems],
  ];
  const shown = sections.filter(([, lines]) => lines.length > 0);
  const text = shown.map(([title, lines]) => `\n${title}\n${lines.map((line) => `  ${line}\n`).join("")}`).join("");
  return head + safeText(text);
}

/** Rows with every column but the last padded to its width. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i])))
      .join("  ")
      .trimEnd(),
  );
}

const longText = 160;

function showValue(value: MetadataSummary): string {
  if (typeof value === "string") {
    const quoted = JSON.stringify(value);
    return quoted.length <= longText ? quoted : `${quoted.slice(0, longText)}... (${value.length} characters)`;
  }
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `[${value.map(showValue).join(", ")}]`;
  return `[${value.first.map(showValue).join(", ")}, ...] (${value.length})`;
}

function tensorLines({ tensors }: Inspection): string[] {
  return table(
    tensors.map(({ name, type, shape, bytes, ternary }) => [
      name,
      type,
      shape.join(" x "),
      showBytes(bytes),
      ternary === null ? "" : showTernary(ternary),
    ]),
  );
}

function showTernary({ zeroShare, scales: { least, most } }: StoredTernary): string {
  const scale = least === most ? most.toPrecision(4) : `${least.toPrecision(4)} to ${most.toPrecision(4)}`;
  return `${(100 * zeroShare).toFixed(1)} % zeros, scale ${scale}`;
}

function typeLines({ types }: Inspection): string[] {
  return table(
    types.map(({ type, tensors, weights, bytes }) => [
      type,
      `${tensors} ${tensors === 1 ? "tensor" : "tensors"}`,
      `${showCount(weights)} weights`,
      `${showBytes(bytes)}, ${((8 * bytes) / weights).toFixed(2)} bits a weight`,
    ]),
  );
}

function engineLines({ engine, forcedTernary }: Inspection): string[] {
  if (engine === null) return [];
  const { diffusion, tokenizer } = engine;
  const rows = [
    [
      "graph",
      `${engine.architecture}, ${engine.layers} layers of ${engine.hidden}, FFN ${engine.ffn}, ${engine.heads} heads of ${engine.headDim}, ${engine.kvHeads} K/V heads${engine.tiedHead ? ", tied head" : ""}`,
    ],
    ...(engine.head === null || engine.head.type === engine.head.stored
      ? []
      : [["head", `${engine.head.type}, requantised from ${engine.head.stored} (--head)`]]),
    ["context", String(engine.contextLength)],
    ["attention", engine.attention],
    ...(diffusion === null
      ? []
      : [
          [
            "diffusion",
            `blocks of ${diffusion.blockLength}, ${diffusion.shift ? "token shift" : "no token shift"}, mask token ${diffusion.maskToken ?? "missing"}`,
          ],
        ]),
    ["decode modes", `${engine.decodeModes.join(", ")} (default ${engine.defaultMode})`],
    [
      "tokenizer",
      `byte-level BPE, ${tokenizer.pre}, ${tokenizer.tokens} tokens of ${engine.vocabulary} rows, stops at ${tokenizer.stops.join(", ") || "nothing"}${tokenizer.addBos ? ", adds bos" : ""}`,
    ],
    ["chat", tokenizer.chatTemplate ? "yes" : "no template"],
  ];
  if (forcedTernary) rows.push(["ternary", "forced on a model that was not trained for it"]);
  return table(rows);
}

function memoryLines({ memory }: Inspection): string[] {
  if (memory === null) return [];
  return table([
    ["weights", showBytes(memory.weights)],
    ["K/V", `${showBytes(memory.kvPool)} (--kv-memory), ${showBytes(memory.kvPerToken)} a token`],
    ["context", `${memory.contextLength} (--context-length)`],
    ["together", showBytes(memory.total)],
  ]);
}
