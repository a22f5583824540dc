// A report of GSM8K as Markdown: both scores, and everything that they depend on.

import { markdownTable } from "../../util/markdown.js";
import { dualCacheNote, weightsOf } from "../subject.js";
import { fixed, withInterval } from "../tables.js";
import type { Decoding, Gsm8kReport } from "./run.js";
import { filters } from "./scores.js";

export function gsm8kTable(report: Gsm8kReport): string {
  const { n, shots, chat, questions, model, machine, maxTokens, dualCache, cutOff, cost, concurrency } = report;
  const scores = markdownTable(
    ["GSM8K", "right, %", "right", "n"],
    filters.map((filter) => {
      const score = report.scores[filter];
      return [filter, withInterval(score), String(score.correct), String(n)];
    }),
  );
  const { backend, isa, threads } = machine;
  const text = [
    `As lm-evaluation-harness does it (gsm8k, version ${report.version}), with 95 % intervals (Wilson): exact_match of both filters, ` +
      `${shots === 0 ? "no examples" : `the first ${shots === 1 ? "problem" : `${shots} problems`} of the training file as ${shots === 1 ? "example" : "examples"}`}` +
      `${chat ? ", as a conversation under the chat template" : ""}.`,
    `Answers have at most ${maxTokens} tokens and end at a stop token or before ${report.stops.map((stop) => `\`${stop}\``).join(", ")}; ` +
      `${cutOff} were cut off. Temperature 0; ${decodingOf(report.decoding)}${dualCacheNote(dualCache)}.`,
    `${fixed(cost.tokens / n, 1)} tokens an answer, ${fixed(cost.tokensPerForward, 2)} tokens per forward, ` +
      `${fixed(cost.rowsPerToken, 1)} rows per token, ${fixed(cost.tokensPerSecond, 1)} tokens per second of wall-clock time` +
      `${concurrency === 1 ? "" : `, ${concurrency} at a time`}.`,
    `Model \`${model.name}\` (${model.architecture}, ${model.attention}, ${weightsOf(model)}, SHA-256 \`${model.sha256.slice(0, 16)}\`), ` +
      `problems \`${questions.name}\` (SHA-256 \`${questions.sha256.slice(0, 16)}\`).`,
    `${machine.cpu}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${backend}${isa === "typescript" ? "" : ` ${isa}`}.`,
  ];
  return `${scores}\n\n${text.join("\n")}\n`;
}

/** "verified, drafts of 8" or "adaptive, threshold 0.9, blocks of 32 in sub-blocks of 8" */
function decodingOf({ mode, threshold, blockLength, smallBlockSize }: Decoding): string {
  if (mode === "autoregressive" || blockLength === null) return "autoregressive";
  if (mode === "verified") return `verified, drafts of ${smallBlockSize}`;
  return `${mode}, ${mode === "greedy" ? "" : `threshold ${threshold}, `}blocks of ${blockLength} in sub-blocks of ${smallBlockSize}`;
}
