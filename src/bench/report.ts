// A report of measurements as Markdown: what was measured and where, then a table for each part.

import type { Peaks } from "../backend/native.js";
import { showBytes } from "../config/bytes.js";
import { markdownTable } from "../util/markdown.js";
import { otherWorkWarning } from "./machine.js";
import type { OperationTime } from "./profile.js";
import { inverse, type Spread } from "./statistics.js";
import type { ForwardResult, Report } from "./suite.js";
import { bestThreads } from "./sweep.js";
import type { Work } from "./work.js";

/** The whole report. */
export function markdown(report: Report): string {
  const sections = [
    heading(report),
    loadTable(report),
    forwardTable(report),
    generationTable(report),
    concurrencyTable(report),
    headTable(report),
    profileTables(report),
    sweepTable(report),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

/** Model, quality note, threads, instruction set, machine, peaks. */
export function heading({ machine, subject, backend, peaks, rounds, otherWork }: Report): string {
  const { file, architecture, attention, weightType, head, parameters, bytes, synthetic } = subject;
  const threads = `${backend.threads} ${backend.threads === 1 ? "thread" : "threads"}`;
  const { int8Gops, floatGops, readGBs } = peaks ?? {};
  const lines = [
    `Model \`${file}\`: ${architecture}, ${attention}, ${weightType}, head ${headName(head)}, ${(parameters / 1e6).toFixed(1)} M parameters, ` +
      `${showBytes(bytes)}; ${synthetic ? "random weights: no quality" : "quality: see `unmask eval`"}.`,
    `${machine.cpu}, ${machine.cores} cores, ${showBytes(machine.memoryBytes)}, ${machine.platform}, ` +
      `Node.js ${machine.node}; ${backend.kind} ${backend.isa}, ${threads}.`,
    peaks === null
      ? "Peaks of this machine: not measured."
      : `Measured peaks: ${round(int8Gops!)} GOPS in 8-bit integers, ${round(floatGops!)} GOPS in f32, ${readGBs!.toFixed(1)} GB/s.`,
    `Medians of ${rounds} ${rounds === 1 ? "round" : "interleaved rounds"}; in brackets the middle half of the samples.`,
  ];
  const warning = otherWorkWarning(otherWork);
  return (warning === null ? lines : [...lines, `**${warning}**`]).join("\n");
}

function loadTable({ load }: Report): string {
  if (load === undefined) return "";
  return markdownTable(
    ["load", "tensors of the file", "weights in memory", "K/V", "process", "at its peak"],
    [
      [
        `${spread(load.seconds, 2)} s`,
        ...[load.tensorBytes, load.weightBytes, load.kvBytes, load.residentBytes, load.peakBytes].map(showBytes),
      ],
    ],
  );
}

function forwardTable({ forwards, peaks }: Report): string {
  if (forwards === undefined) return "";
  const head = ["forward", "rows/s", "ms", "GOPS", "GB/s", ...(peaks === null ? [] : ["of int8 peak", "of bandwidth"])];
  return markdownTable(
    head,
    forwards.map((result) => forwardRow(result, peaks)),
  );
}

function forwardRow({ name, rows, ms, work }: ForwardResult, peaks: Peaks | null): string[] {
  return [name, spread(inverse(ms, 1000 * rows), 1), ms.median.toFixed(2), ...rates(work, ms.median, peaks)];
}

/** GOPS, GB/s and their shares of the peaks. */
function rates({ int8Ops, floatOps, bytes }: Work, ms: number, peaks: Peaks | null): string[] {
  const gops = (int8Ops + floatOps) / ms / 1e6;
  const gbs = bytes / ms / 1e6;
  const shares = peaks === null ? [] : [percent(int8Ops / ms / 1e6 / peaks.int8Gops), percent(gbs / peaks.readGBs)];
  return [round(gops), gbs.toFixed(1), ...shares];
}

function generationTable({ generation }: Report): string {
  if (generation === undefined) return "";
  return markdownTable(
    ["decode mode", "prompt", "new tokens", "tokens/s", "end to end", "tokens per forward", "rows per token"],
    generation.map((result) => [
      result.name,
      String(result.promptTokens),
      String(result.newTokens),
      spread(result.tokensPerSecond, 1),
      spread(result.endToEnd, 1),
      result.tokensPerForward.toFixed(2),
      result.rowsPerToken.toFixed(1),
    ]),
  );
}

function concurrencyTable({ concurrency }: Report): string {
  if (concurrency === undefined) return "";
  return markdownTable(
    ["decode mode", "requests at once", "tokens/s, all", "alone", "ratio", "rows/s, all", "alone", "ratio"],
    concurrency.map(({ mode, requests, tokensPerSecond, rowsPerSecond, alone }) => [
      mode,
      String(requests),
      tokensPerSecond.toFixed(1),
      alone.tokensPerSecond.toFixed(1),
      `${(tokensPerSecond / alone.tokensPerSecond).toFixed(2)}x`,
      rowsPerSecond.toFixed(1),
      alone.rowsPerSecond.toFixed(1),
      `${(rowsPerSecond / alone.rowsPerSecond).toFixed(2)}x`,
    ]),
  );
}

function headTable({ heads, subject }: Report): string {
  if (heads === undefined) return "";
  const rows = heads.map(({ head, type, bytes, ms, same, rows }) => [
    head === null ? `as stored, ${type}` : `\`--head ${head}\``,
    showBytes(bytes),
    spread(ms, 2),
    spread(inverse(ms, 1000), 1),
    percent(same / rows),
  ]);
  const what = subject.synthetic ? "a text of random tokens" : "text that the model wrote";
  return (
    `${markdownTable(["head", "size", "decode 1 token, ms", "tokens/s", "same choice"], rows)}\n\n` +
    `Same choice: how often the most probable token is that of the stored head, over ${heads[0].rows} rows of ${what}.`
  );
}

/** "F16", or "Q8_0 (stored as F16)". */
function headName({ type, stored }: Report["subject"]["head"]): string {
  return type === stored ? type : `${type} (stored as ${stored})`;
}

function profileTables({ profile, peaks }: Report): string {
  if (profile === undefined) return "";
  if (profile === null) return "No profile: this backend does not count the time of its operations.";
  const shares = peaks === null ? [] : ["of int8 peak", "of bandwidth"];
  const operations = profile.forwards.map(({ name, wallMs, runMs, kernelMs, operations }) => {
    const rows = operations.map((operation) => operationRow(operation, wallMs, peaks));
    const others = [
      { name: "waiting for threads", ms: runMs - kernelMs },
      { name: "hand-over", ms: wallMs - runMs },
      { name: "outside kernels", ms: wallMs - kernelMs },
    ].map(({ name, ms }) => [name, "", ms.toFixed(3), percent(ms / wallMs), "", "", ...shares.map(() => "")]);
    return `${name}: ${wallMs.toFixed(2)} ms, of which ${kernelMs.toFixed(2)} ms in kernels\n\n${markdownTable(
      ["operation", "calls", "ms", "of forward", "GOPS", "GB/s", ...shares],
      [...rows, ...others],
    )}`;
  });
  const steps = markdownTable(
    [
      "microseconds per forward",
      "forwards",
      "kernels",
      "waiting for threads",
      "hand-over",
      "between forwards",
      "outside kernels",
    ],
    profile.steps.map(({ name, forwards, kernels, waiting, handOver, between }) => {
      const outside = waiting + handOver + between;
      const values = [kernels, waiting, handOver, between].map((value) => value.toFixed(0));
      return [name, String(forwards), ...values, percent(outside / (kernels + outside))];
    }),
  );
  return [...operations, steps].join("\n\n");
}

function operationRow({ name, calls, ms, work }: OperationTime, wallMs: number, peaks: Peaks | null): string[] {
  const counted = work.int8Ops + work.floatOps > 0;
  const numbers = counted ? rates(work, ms, peaks) : ["", "", ...(peaks === null ? [] : ["", ""])];
  return [name, String(calls), ms.toFixed(3), percent(ms / wallMs), ...numbers];
}

function sweepTable({ sweep }: Report): string {
  if (sweep === undefined) return "";
  const names = Object.keys(sweep[0].rowsPerSecond);
  const rows = sweep.map(({ threads, rowsPerSecond }) => [
    String(threads),
    ...names.map((name) => rowsPerSecond[name].toFixed(1)),
  ]);
  const best = bestThreads(sweep, names[0]);
  return `${markdownTable(["threads", ...names.map((name) => `${name}, rows/s`)], rows)}\n\nBest for denoising: ${best} ${best === 1 ? "thread" : "threads"} (\`--threads ${best}\`).`;
}

/** "12.3 (12.1-12.6)"; the median alone when there is one sample. */
export function spread({ median, low, high, n }: Spread, digits: number): string {
  const middle = median.toFixed(digits);
  return n === 1 ? middle : `${middle} (${low.toFixed(digits)}-${high.toFixed(digits)})`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
