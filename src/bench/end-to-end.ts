// One prompt, again and again through the engine, and what that took: `unmask bench e2e` and
// `unmask serve --benchmark`.
//
// It measures speed only. Answers are the same every time (temperature 0), and from the second
// iteration on the prompt comes out of the prefix cache, as it does for a server's users.

import type { Model } from "../engine/types.js";
import { percentile } from "./statistics.js";

export interface EndToEndSettings {
  iterations: number;
  prompt: string;
  maxTokens: number;
}

export interface Run {
  milliseconds: number;
  tokens: number;
  forwards: number;
}

/** One warm-up run, then the measured ones. @throws aborted when the signal fires. */
export async function endToEnd(model: Model, settings: EndToEndSettings, signal: AbortSignal): Promise<Run[]> {
  const runs: Run[] = [];
  for (let i = 0; i <= settings.iterations; i++) {
    const run = await runOnce(model, settings, signal);
    if (i > 0) runs.push(run);
  }
  return runs;
}

async function runOnce(model: Model, { prompt, maxTokens }: EndToEndSettings, signal: AbortSignal): Promise<Run> {
  const input = { messages: [{ role: "user" as const, content: prompt }] };
  const begun = performance.now();
  let run: Run = { milliseconds: 0, tokens: 0, forwards: 0 };
  for await (const event of model.generate(input, { maxTokens, temperature: 0, seed: 0, signal })) {
    if (event.type !== "finish") continue;
    const { predictedN, forwards } = event.timings;
    run = { milliseconds: performance.now() - begun, tokens: predictedN, forwards };
  }
  return run;
}

export interface EndToEndSummary {
  iterations: number;
  latencyMs: { mean: number; p50: number; p95: number; p99: number };
  tokensPerSecond: number;
  tokensPerRequest: number;
  tokensPerForward: number;
  tokens: number;
  totalMs: number;
}

/** @param runs at least one */
export function summarise(runs: readonly Run[]): EndToEndSummary {
  const times = runs.map((run) => run.milliseconds).sort((a, b) => a - b);
  const sum = (of: (run: Run) => number) => runs.reduce((total, run) => total + of(run), 0);
  const totalMs = sum((run) => run.milliseconds);
  const tokens = sum((run) => run.tokens);
  const forwards = sum((run) => run.forwards);
  return {
    iterations: runs.length,
    latencyMs: {
      mean: totalMs / runs.length,
      p50: percentile(times, 0.5),
      p95: percentile(times, 0.95),
      p99: percentile(times, 0.99),
    },
    tokensPerSecond: tokens / (totalMs / 1000),
    tokensPerRequest: tokens / runs.length,
    tokensPerForward: tokens / Math.max(1, forwards),
    tokens,
    totalMs,
  };
}

/** The lines of the report. */
export function endToEndReport({ latencyMs, ...summary }: EndToEndSummary): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const rows = [
    ["iterations", String(summary.iterations)],
    ["latency, mean", ms(latencyMs.mean)],
    ["latency, p50", ms(latencyMs.p50)],
    ["latency, p95", ms(latencyMs.p95)],
    ["latency, p99", ms(latencyMs.p99)],
    ["tokens per second", summary.tokensPerSecond.toFixed(1)],
    ["tokens per request", summary.tokensPerRequest.toFixed(1)],
    ["tokens per forward", summary.tokensPerForward.toFixed(2)],
    ["tokens", String(summary.tokens)],
    ["total time", `${(summary.totalMs / 1000).toFixed(2)} s`],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(19)} ${value}\n`).join("");
}
