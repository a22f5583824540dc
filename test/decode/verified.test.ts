// Verified decoding returns what autoregressive decoding returns, whatever is drafted and however it
// is sampled, and gains forwards when drafts are right.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createDecoder } from "../../src/decode/index.js";
import type { Denoised, SpanRequest } from "../../src/decode/types.js";
import { contextCausal, defaults, drive, maskToken, promptOf, vocabulary } from "./drive.js";
import { pair } from "./hash-model.js";
import { answer, predictedPositions, type Script } from "./script.js";

const verified = { ...defaults, mode: "verified" as const };
const autoregressive = { ...verified, mode: "autoregressive" as const };

describe("equality with autoregressive decoding", () => {
  const cases = fc.record({
    n: fc.oneof(fc.constantFrom(31, 32, 33, 63, 64, 65), fc.integer({ min: 1, max: 100 })),
    sizes: fc.constantFrom([32, 8], [32, 8], [32, 32], [32, 4], [64, 16], [16, 16], [8, 4], [4, 2], [1, 1]),
    seed: fc.nat(),
    maxTokens: fc.integer({ min: 1, max: 100 }),
    stopTokens: fc.subarray([7, 8, 9]),
    // Of 16 drafts, how many are right; and how sure they are, rightly or not.
    quality: fc.constantFrom(0, 4, 12, 15, 16),
    confidence: fc.constantFrom(0.1, 0.8, 0.97, 1),
    temperature: fc.constantFrom(0, 0, 0.8),
    maxRows: fc.constantFrom(1, 40, 256),
    cachedPages: fc.nat(3),
  });

  test("for drafts of any quality", () => {
    fc.assert(
      fc.property(
        cases,
        ({ n, sizes, seed, maxTokens, stopTokens, temperature, quality, confidence, maxRows, cachedPages }) => {
          const prompt = promptOf(n);
          const [blockLength, subBlock] = sizes;
          const facts = { ...contextCausal, blockLength };
          const options = { maxTokens, stopTokens, temperature, subBlock, seed };
          const cached = Math.min(cachedPages, Math.floor((n - 1) / 32)) * 32;
          const plain = drive(
            { prompt, cached: 0, options: { ...autoregressive, ...options }, facts },
            { model: { seed } },
          );
          const draft = (position: number) => {
            const right = plain.tokens[position - n] ?? 0;
            const hash = pair(position, seed);
            const token = hash % 16 < quality ? right : hash % vocabulary;
            return { token, probability: confidence };
          };
          const run = drive(
            { prompt, cached, options: { ...verified, ...options }, facts },
            { model: { seed, draft }, maxRows },
          );
          expect(run.settled).toEqual(plain.settled); // probabilities and logprobs too: they are the causal pass's
          expect(run.reason).toBe(plain.reason);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("with the model's own drafts", () => {
    for (let seed = 0; seed < 10; seed++) {
      const input = { prompt: promptOf(seed * 9 + 1), cached: 0, facts: contextCausal };
      const plain = drive({ ...input, options: autoregressive }, { model: { seed } });
      expect(drive({ ...input, options: verified }, { model: { seed } }).tokens).toEqual(plain.tokens);
    }
  });
});

/** Decodes with scripted drafts and checks; the prompt's own spans are left out. */
function decode(n: number, draft: Script, check: Script, options = {}) {
  const decoder = createDecoder({
    prompt: promptOf(n),
    cached: 0,
    options: { ...verified, ...options },
    facts: contextCausal,
  });
  const spans: SpanRequest[] = [];
  const denoised: Denoised[][] = [];
  while (!decoder.finished) {
    const span = decoder.next(256);
    const events = decoder.accept(answer(span, span.phase === "denoise" ? draft : check));
    if (span.phase === "prefill") continue;
    spans.push(span);
    denoised.push(events.filter((event) => event.type === "denoised"));
  }
  return { spans, denoised, decoder };
}

const token = (p: number) => p % 40;
const right: Script = (p) => [token(p), 1];
const wrong: Script = (p) => [(token(p) + 1) % 40, 1];
const shapes = (spans: SpanRequest[]) => spans.map((span) => [span.phase, span.position, span.tokens.length]);

test("a round: the pending token and masks bidirectionally, then pending and drafts causally, all in place", () => {
  const { spans } = decode(40, right, right);
  const [draft, verify] = spans;
  expect(draft).toMatchObject({ phase: "denoise", position: 40, keyEnd: 48, visibility: "all", target: "committed" });
  expect(draft.tokens).toEqual([token(40), ...Array(7).fill(maskToken)]);
  expect(predictedPositions(draft)).toEqual(Array.from({ length: 8 }, (_, i) => 41 + i));
  expect(verify).toMatchObject({
    phase: "verify",
    position: 40,
    keyEnd: 49,
    visibility: "causal",
    target: "committed",
  });
  expect(verify.tokens).toEqual(Array.from({ length: 9 }, (_, i) => token(40 + i)));
  expect(verify.head!.rows).toEqual(Array.from({ length: 9 }, (_, i) => i));
});

test("right drafts: two forwards for a sub-block and the bonus, wherever blocks end", () => {
  const { spans } = decode(32, right, right, { maxTokens: 31 });
  expect(shapes(spans)).toEqual([
    ["denoise", 32, 8],
    ["verify", 32, 9],
    ["denoise", 41, 8],
    ["verify", 41, 9],
    ["denoise", 50, 8],
    ["verify", 50, 9],
    ["denoise", 59, 2],
    ["verify", 59, 3],
  ]);
  expect(shapes(decode(32, right, right, { maxTokens: 18, subBlock: 16 }).spans)).toEqual([
    ["denoise", 32, 16],
    ["verify", 32, 17],
  ]);
});

test("the longest right prefix is accepted, then the bonus; the rest is dropped", () => {
  const firstWrong =
    (at: number): Script =>
    (p) =>
      p < at ? right(p, 0) : wrong(p, 0);
  const { spans, denoised } = decode(32, firstWrong(38), right);
  expect(shapes(spans).slice(0, 3)).toEqual([
    ["denoise", 32, 8],
    ["verify", 32, 9],
    ["denoise", 38, 8],
  ]);
  expect(denoised[1][0].commits.map((commit) => commit.position)).toEqual([33, 34, 35, 36, 37, 38]);
  expect(denoised[1][0].masked[0]).toBe(39);
  // The bonus is pending now, and what was rejected is masked again.
  expect(spans[2].tokens).toEqual([token(38), ...Array(7).fill(maskToken)]);
});

test("after a wrong draft the next one is three rows longer than what was right, after a right one whole again", () => {
  const draft: Script = (p) => (p === 34 || p === 40 ? wrong(p, 0) : right(p, 0));
  expect(shapes(decode(32, draft, right, { maxTokens: 60, subBlock: 16 }).spans).slice(0, 11)).toEqual([
    ["denoise", 32, 16],
    ["verify", 32, 17], // 33 right, 34 wrong: too little for 16 rows
    ["step", 34, 1],
    ["denoise", 35, 4],
    ["verify", 35, 5], // all right
    ["denoise", 40, 16],
    ["verify", 40, 17],
    ["denoise", 57, 16],
    ["verify", 57, 17],
    ["denoise", 74, 16],
    ["verify", 74, 17],
  ]);
});

test("drafts are checked as far as the product of their confidences is above 0.1, at least one", () => {
  const verifyRows = (draft: Script) => decode(32, draft, right, { maxTokens: 32 }).spans[1].tokens.length;
  expect(verifyRows((p) => [token(p), p < 36 ? 0.6 : 0.48])).toBe(1 + 4); // 0.6^3 * 0.48 = 0.104, then 0.05
  expect(verifyRows((p) => [token(p), p < 36 ? 0.6 : 0.45])).toBe(1 + 3); // 0.6^3 * 0.45 = 0.097
  expect(verifyRows((p) => [token(p), 0.01])).toBe(1 + 1);
});

test("no draft past the answer's end, and none where too few positions are left to pay: single rows there", () => {
  expect(shapes(decode(40, right, right, { maxTokens: 3 }).spans)).toEqual([
    ["step", 40, 1],
    ["step", 41, 1],
  ]);
  expect(shapes(decode(40, right, right, { maxTokens: 7 }).spans)).toEqual([
    ["denoise", 40, 5],
    ["verify", 40, 6],
  ]);
  const single = decode(40, right, right, { subBlock: 1 });
  expect(single.spans.every((span) => span.phase === "step")).toBe(true);
});

test("drafts that do not pay are tried ever more rarely, until one pays", () => {
  const draft: Script = (p) => (p < 130 ? wrong(p, 0) : right(p, 0));
  const { spans } = decode(32, draft, right, { maxTokens: 200 });
  const phases = spans.map((span) => span.phase[0]).join("");
  // Pauses of 1, 2, 4, 8, 16 and at most 32 single steps after rounds that gain nothing; then it pays.
  expect(phases).toMatch(/^dvs{1}dvs{2}dvs{4}dvs{8}dvs{16}dvs{32}dvs{32}(dv)+$/);
});

test("a round that pays ends the caution", () => {
  const draft: Script = (p) => (p > 36 && p < 50 ? right(p, 0) : wrong(p, 0));
  const phases = decode(32, draft, right).spans.map((span) => span.phase[0]);
  // Two that gain nothing and one that gains all; the next, from 46, gains three; then the caution begins anew.
  expect(phases.join("")).toMatch(/^dvsdvssdvdvdvsdvss/);
});

test("rounds are numbered in their block, and tell of each block they fill", () => {
  const draft: Script = (p) => (p === 38 ? wrong(p, 0) : right(p, 0));
  const { denoised } = decode(32, draft, right, { maxTokens: 60, subBlock: 32 });
  const told = denoised.map((events) =>
    events.map(({ block, step, rows, commits }) => [block, step, rows, commits.length]),
  );
  expect(told.slice(0, 6)).toEqual([
    [],
    [[1, 1, 33, 6]],
    [],
    [[1, 2, 9, 9]],
    [],
    [
      [1, 3, 33, 16],
      [2, 1, 33, 17],
    ],
  ]);
});

test("a stop token among accepted drafts ends the answer; nothing behind it settles", () => {
  const stop: Script = (p) => [p === 38 ? 45 : token(p), 1];
  const { decoder, spans } = decode(32, stop, stop, { stopTokens: [45] });
  expect(spans.length).toBe(2);
  expect(decoder.finished).toBe(true);
});
