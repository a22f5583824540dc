// What an evaluation found, as data (the JSON file is this object) and as a table for documents.
// Says what was measured and on what; has no dates, so the same measurement gives the same text.

import type { MeasuredFile } from "../util/identity.js";
import type { Method } from "./methods.js";
import type { MethodRun } from "./runner.js";
import { type Share, type Summary, summarise } from "./statistics.js";

export interface Subject {
  model: MeasuredFile & {
    bytes: number;
    parameters: number;
    weightType: string;
    architecture: string;
    attention: string;
  };
  machine: { cpu: string; backend: string; isa: string; threads: number };
  questions: MeasuredFile & { n: number };
  maxTokens: number;
  dualCache: boolean;
  concurrency: number;
}

export interface Result extends Method, Summary {
  wallSeconds: number;
}

export interface Report extends Subject {
  results: Result[];
}

export function reportOf(subject: Subject, runs: readonly MethodRun[]): Report {
  const results = runs.map(({ method, outcomes, wallMs }) => {
    const decodeMs = outcomes.reduce((sum, outcome) => sum + outcome.decodeMs, 0);
    const seconds = (subject.concurrency === 1 ? decodeMs : wallMs) / 1000;
    return { ...method, ...summarise(outcomes, seconds), wallSeconds: wallMs / 1000 };
  });
  return { ...subject, results };
}

/** The report as Markdown: what was measured, then one line for each method. */
export function markdown(report: Report): string {
  const tasks = report.results[0]?.tasks ?? [];
  const head = [
    "mode",
    ...tasks.map(({ task, n }) => `${cell(task)} (n = ${n})`),
    `all (n = ${report.questions.n})`,
    "tokens per forward",
    "rows per token",
    "tokens per second",
  ];
  const lines = report.results.map((result) => [
    result.name,
    ...result.tasks.map(percent),
    percent(result.all),
    fixed(result.tokensPerForward, 2),
    fixed(result.rowsPerToken, 1),
    fixed(result.tokensPerSecond, 0),
  ]);
  const table = [head, ["---", ...head.slice(1).map(() => "---:")], ...lines];
  return `${table.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n\n${description(report)}\n`;
}

function description({ model, machine, questions, maxTokens, dualCache, concurrency }: Report): string {
  const { backend, isa, threads } = machine;
  const speed =
    concurrency === 1
      ? "Questions one at a time; tokens per second of decoding, the prompt apart."
      : `${concurrency} questions at a time; tokens per second of everything together.`;
  return [
    "Exact match of the whole answer in percent, with Wilson's 95 % interval. " +
      "Forwards and rows count every denoise, commit, verify and autoregressive pass, the prompt apart.",
    `Model \`${model.name}\` (${model.architecture}, ${model.attention}, ${model.weightType}, ` +
      `${(model.parameters / 1e6).toFixed(1)} M parameters, SHA-256 \`${model.sha256.slice(0, 16)}\`), ` +
      `questions \`${questions.name}\` (SHA-256 \`${questions.sha256.slice(0, 16)}\`), ` +
      `temperature 0, at most ${maxTokens} tokens${dualCache ? "" : ", without DualCache"}.`,
    `${machine.cpu}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${backend}${isa === "typescript" ? "" : ` ${isa}`}. ${speed}`,
  ].join("\n");
}

/** "87.1 (84.2-89.5)" */
function percent({ share, low, high }: Share): string {
  const digits = (value: number) => (100 * value).toFixed(1);
  return `${digits(share)} (${digits(low)}-${digits(high)})`;
}

function fixed(value: number | null, digits: number): string {
  return value === null ? "-" : value.toFixed(digits);
}

function cell(text: string): string {
  return text.replace(/[|\\]/g, "\\$&").replace(/\s+/g, " ");
}

const opening = "<!-- results -->";
const closing = "<!-- /results -->";

/**
 * A document with the table in its place: between two comments, or after the first one when the
 * second is missing. An empty document becomes the place. Null when there is none.
 */
export function placeTable(document: string, table: string): string | null {
  if (document.trim() === "") return `${opening}\n${table}${closing}\n`;
  const start = document.indexOf(opening);
  if (start < 0) return null;
  const after = start + opening.length;
  const end = document.indexOf(closing, after);
  const rest = document.slice(end < 0 ? after : end + closing.length);
  return `${document.slice(0, after)}\n${table}${closing}${rest}`;
}
