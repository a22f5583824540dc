// Decoder traces against an independent Python implementation of the paper's loop
// (scripts/oracles/decode_traces.py), which recomputes the whole sequence in every forward.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { DecodeMode, DualCache } from "../../src/decode/types.js";
import type { AttentionKind } from "../../src/model/types.js";
import { defaults, drive, maskToken, vocabulary } from "./drive.js";

interface Case {
  mode: DecodeMode;
  attention: AttentionKind;
  shift: boolean;
  block: number;
  subBlock: number;
  dualCache: DualCache;
  threshold: number;
  maxTokens: number;
  stopTokens: number[];
  seed: number;
  prompt: number[];
  /** Rows of the forward (0 for the prompt's), then the positions it commits. Null for verified: only the answer is known. */
  forwards: number[][] | null;
  answer: number[];
  reason: "stop" | "length";
}

const file = new URL("../fixtures/decode/traces.json", import.meta.url);
const fixture = JSON.parse(readFileSync(file, "utf8")) as { vocabulary: number; maskToken: number; cases: Case[] };

test("the fixture speaks of the same vocabulary", () => {
  expect([fixture.vocabulary, fixture.maskToken]).toEqual([vocabulary, maskToken]);
  expect(fixture.cases.length).toBeGreaterThan(60);
});

test.each(
  fixture.cases.map((c, i) => ({ ...c, name: `${i}: ${c.mode}, ${c.attention}, prompt of ${c.prompt.length}` })),
)("trace $name", (c) => {
  const { mode, subBlock, dualCache, threshold, maxTokens, stopTokens } = c;
  const run = drive(
    {
      prompt: c.prompt,
      cached: 0,
      options: { ...defaults, mode, subBlock, dualCache, threshold, maxTokens, stopTokens },
      facts: { attention: c.attention, blockLength: c.block, shift: c.shift, maskToken },
    },
    { model: { seed: c.seed }, maxRows: 64 },
  );
  expect(run.tokens).toEqual(c.answer);
  expect(run.reason).toBe(c.reason);
  if (c.forwards === null) return;
  const forwards: number[][] = [];
  run.spans.forEach((span, i) => {
    const commits = run.turns[i].flatMap((event) => (event.type === "denoised" ? event.commits : []));
    if (span.phase === "prefill" && commits.length === 0) return;
    const rows = span.phase === "prefill" ? 0 : span.tokens.length;
    forwards.push([rows, ...commits.map((commit) => commit.position)]);
  });
  expect(forwards).toEqual(c.forwards);
});
