// Prometheus metrics of one app: its own registry, no process-wide state.
//
// What the engine counts is read when /metrics is asked for; what only HTTP knows (requests,
// latencies) is counted here. Names follow vLLM's and llama-server's where they have one.

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { EngineStats, Model } from "../engine/types.js";

const seconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export class Metrics {
  readonly #registry = new Registry();
  readonly requests = new Counter({
    name: "unmask_http_requests_total",
    help: "Answered HTTP requests by path and status.",
    labelNames: ["path", "status"],
    registers: [this.#registry],
  });
  readonly finished = new Counter({
    name: "unmask_request_success_total",
    help: "Generations that ended, by finish reason.",
    labelNames: ["finished_reason"],
    registers: [this.#registry],
  });
  readonly failed = new Counter({
    name: "unmask_request_failure_total",
    help: "Generations that were cut short or refused, by error code.",
    labelNames: ["code"],
    registers: [this.#registry],
  });
  readonly firstToken = this.#latency("unmask_time_to_first_token_seconds", "From the request to its first text.");
  readonly wholeRequest = this.#latency(
    "unmask_e2e_request_latency_seconds",
    "From the request to the end of its answer.",
  );
  readonly prefill = this.#latency("unmask_request_prefill_time_seconds", "Time in which the prompt was run.");
  readonly decode = this.#latency("unmask_request_decode_time_seconds", "Time in which the answer was decoded.");
  readonly tokensPerForward = new Histogram({
    name: "unmask_request_tokens_per_forward",
    help: "Generated tokens per decode forward of a request.",
    buckets: [0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4, 6, 8, 16, 32],
    registers: [this.#registry],
  });

  /** @param model the loaded model, or null while there is none. */
  constructor(model: () => Model | null) {
    const stats = () => model()?.stats() ?? noStats;
    this.#gauge("unmask_num_requests_running", "Requests that are being computed.", () => stats().running);
    this.#gauge("unmask_num_requests_waiting", "Requests that wait for pages or a place.", () => stats().waiting);
    this.#total("unmask_forwards_total", "Forward passes.", () => stats().forwards);
    this.#total("unmask_rows_total", "Rows (token positions) of all forward passes.", () => stats().rows);
    this.#total("unmask_prompt_tokens_total", "Prompt tokens, cached ones included.", () => stats().promptTokens);
    this.#total("unmask_cached_tokens_total", "Prompt tokens found in the prefix cache.", () => stats().cachedTokens);
    this.#total("unmask_generation_tokens_total", "Generated tokens.", () => stats().generatedTokens);
    this.#gauge("unmask_kv_cache_usage_ratio", "Share of K/V pages that running requests hold.", () => {
      const { total, inUse } = stats().pages;
      return total === 0 ? 0 : inUse / total;
    });
    new Gauge({
      name: "unmask_kv_pages",
      help: "K/V pages of 32 positions by state: in_use by requests, cached for later ones, free.",
      labelNames: ["state"],
      registers: [this.#registry],
      collect() {
        const { inUse, cached, free } = stats().pages;
        this.set({ state: "in_use" }, inUse);
        this.set({ state: "cached" }, cached);
        this.set({ state: "free" }, free);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The text of GET /metrics. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #latency(name: string, help: string): Histogram {
    return new Histogram({ name, help, buckets: seconds, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** A counter that somebody else counts. */
  #total(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
}

const noStats: EngineStats = {
  running: 0,
  waiting: 0,
  pages: { total: 0, free: 0, cached: 0, inUse: 0 },
  forwards: 0,
  rows: 0,
  promptTokens: 0,
  cachedTokens: 0,
  generatedTokens: 0,
};
