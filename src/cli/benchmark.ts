// `unmask serve --benchmark`: one prompt, again and again through the engine, and what that took.
//
// It measures speed only. Answers are the same every time (temperature 0), and from the second
// iteration on the prompt comes out of the prefix cache, as it does for a server's users.

import type { Config } from "../config/schema.js";
import type { Model } from "../engine/types.js";
import { describeBackend, describeDecoding } from "./banner.js";
import type { Output } from "./surroundings.js";

export interface Run {
  milliseconds: number;
  tokens: number;
  forwards: number;
}

/** The value below which `share` of the sorted values lie (nearest rank). */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** The lines of the report. @param runs at least one */
export function report(runs: readonly Run[]): string {
  const times = runs.map((run) => run.milliseconds).sort((a, b) => a - b);
  const sum = (of: (run: Run) => number) => runs.reduce((total, run) => total + of(run), 0);
  const total = sum((run) => run.milliseconds);
  const tokens = sum((run) => run.tokens);
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const rows = [
    ["iterations", String(runs.length)],
    ["latency, mean", ms(total / runs.length)],
    ["latency, p50", ms(percentile(times, 0.5))],
    ["latency, p95", ms(percentile(times, 0.95))],
    ["latency, p99", ms(percentile(times, 0.99))],
    ["tokens per second", (tokens / (total / 1000)).toFixed(1)],
    ["tokens per request", (tokens / runs.length).toFixed(1)],
    [
      "tokens per forward",
      (
        tokens /
        Math.max(
          1,
          sum((run) => run.forwards),
        )
      ).toFixed(2),
    ],
    ["tokens", String(tokens)],
    ["total time", `${(total / 1000).toFixed(2)} s`],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(19)} ${value}\n`).join("");
}

/** One warm-up run, then the measured ones. @throws aborted when the signal fires. */
export async function benchmark(
  model: Model,
  settings: Config["benchmark"],
  stdout: Output,
  signal: AbortSignal,
): Promise<void> {
  stdout.write(`\n  ${model.info.id}: ${describeBackend(model.info)}; ${describeDecoding(model.info)}\n`);
  stdout.write(`  ${JSON.stringify(settings.prompt)}, at most ${settings.max_tokens} tokens\n\n`);
  const runs: Run[] = [];
  for (let i = 0; i <= settings.iterations; i++) {
    const run = await runOnce(model, settings, signal);
    if (i > 0) runs.push(run);
  }
  stdout.write(`${report(runs)}\n`);
  stdout.write("  Speed without quality says nothing: see `unmask eval`.\n\n");
}

async function runOnce(model: Model, settings: Config["benchmark"], signal: AbortSignal): Promise<Run> {
  const input = { messages: [{ role: "user" as const, content: settings.prompt }] };
  const options = { maxTokens: settings.max_tokens, temperature: 0, seed: 0, signal };
  const begun = performance.now();
  let run: Run = { milliseconds: 0, tokens: 0, forwards: 0 };
  for await (const event of model.generate(input, options)) {
    if (event.type !== "finish") continue;
    const { predictedN, forwards } = event.timings;
    run = { milliseconds: performance.now() - begun, tokens: predictedN, forwards };
  }
  return run;
}
