import { describe, expect, it } from "vitest";
import { endToEnd, endToEndReport, summarise } from "../../src/bench/end-to-end.js";
import { FakeModel, finish, text } from "../cli/fakes.js";

describe("end to end", () => {
  it("warms up once, then asks as often as it is told", async () => {
    const model = new FakeModel();
    model.answer = () => [text("Yes."), finish(6, 2)];
    const settings = { iterations: 3, prompt: "Why?", maxTokens: 9 };
    const runs = await endToEnd(model.asModel("", {}), settings, new AbortController().signal);
    expect(model.calls).toHaveLength(4);
    expect(model.calls[0]).toMatchObject({
      input: { messages: [{ role: "user", content: "Why?" }] },
      options: { maxTokens: 9, temperature: 0 },
    });
    expect(runs.map(({ tokens, forwards }) => [tokens, forwards])).toEqual([
      [6, 2],
      [6, 2],
      [6, 2],
    ]);
  });

  it("reports mean, percentiles and rates", () => {
    const runs = Array.from({ length: 100 }, (_, i) => ({ milliseconds: 100 - i, tokens: 20, forwards: 8 }));
    const words = endToEndReport(summarise(runs)).replaceAll(/ +/g, " ");
    for (const line of [
      "iterations 100",
      "latency, mean 50.5 ms",
      "latency, p50 50.0 ms",
      "latency, p95 95.0 ms",
      "latency, p99 99.0 ms",
      "tokens per second 396.0",
      "tokens per request 20.0",
      "tokens per forward 2.50",
      "tokens 2000",
      "total time 5.05 s",
    ]) {
      expect(words).toContain(` ${line}\n`);
    }
  });
});
