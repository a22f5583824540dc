// Verified decoding returns what autoregressive decoding returns, whatever is drafted, and gains
// forwards when drafts are right.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createDecoder } from "../../src/decode/index.js";
import type { Denoised, SpanRequest } from "../../src/decode/types.js";
import { contextCausal, defaults, drive, maskToken, promptOf, vocabulary } from "./drive.js";
import { pair } from "./hash-model.js";
import { answer, predictedPositions, type Script } from "./script.js";

const verified = { ...defaults, mode: "verified" as const, subBlock: 1 };
const autoregressive = { ...verified, mode: "autoregressive" as const };

describe("equality with autoregressive decoding", () => {
  const cases = fc.record({
    n: fc.oneof(fc.constantFrom(31, 32, 33, 63, 64, 65), fc.integer({ min: 1, max: 100 })),
    blockLength: fc.constantFrom(32, 32, 64, 16, 8, 4, 1),
    seed: fc.nat(),
    maxTokens: fc.integer({ min: 1, max: 100 }),
    stopTokens: fc.subarray([7, 8, 9]),
    // Of 16 drafts, how many are right; and how sure they are, rightly or not.
    quality: fc.constantFrom(0, 4, 12, 15, 16),
    confidence: fc.constantFrom(0.1, 0.8, 0.97, 1),
    maxRows: fc.constantFrom(1, 40, 256),
    cachedPages: fc.nat(3),
  });

  test("for drafts of any quality", () => {
    fc.assert(
      fc.property(
        cases,
        ({ n, blockLength, seed, maxTokens, stopTokens, quality, confidence, maxRows, cachedPages }) => {
          const prompt = promptOf(n);
          const facts = { ...contextCausal, blockLength };
          const cached = Math.min(cachedPages, Math.floor((n - 1) / 32)) * 32;
          const plain = drive(
            { prompt, cached: 0, options: { ...autoregressive, maxTokens, stopTokens }, facts },
            { model: { seed } },
          );
          const draft = (position: number) => {
            const right = plain.tokens[position - n] ?? 0;
            const hash = pair(position, seed);
            const token = hash % 16 < quality ? right : hash % vocabulary;
            return { token, probability: confidence };
          };
          const run = drive(
            { prompt, cached, options: { ...verified, maxTokens, stopTokens }, facts },
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

test("a round: the pending token's block bidirectionally, then pending and drafts causally", () => {
  const { spans } = decode(40, right, right);
  const [draft, verify] = spans;
  expect(draft).toMatchObject({ phase: "denoise", position: 32, keyEnd: 64, visibility: "block", target: "scratch" });
  expect(draft.tokens).toEqual([...promptOf(40).slice(32), token(40), ...Array(23).fill(maskToken)]);
  expect(predictedPositions(draft)).toEqual(Array.from({ length: 23 }, (_, i) => 41 + i));
  expect(verify).toMatchObject({
    phase: "verify",
    position: 40,
    keyEnd: 64,
    visibility: "causal",
    target: "committed",
  });
  expect(verify.tokens).toEqual(Array.from({ length: 24 }, (_, i) => token(40 + i)));
  expect(verify.head!.rows).toEqual(Array.from({ length: 24 }, (_, i) => i));
});

test("right drafts: two forwards fill a block, the bonus begins the next", () => {
  const { spans } = decode(32, right, right, { maxTokens: 96 });
  expect(shapes(spans)).toEqual([
    ["denoise", 32, 32],
    ["verify", 32, 32],
    ["denoise", 64, 32],
    ["verify", 64, 32],
    ["denoise", 96, 32],
    ["verify", 96, 31],
  ]);
});

test("the longest right prefix is accepted, then the bonus; the rest is dropped", () => {
  const firstWrong =
    (at: number): Script =>
    (p) =>
      p < at ? right(p, 0) : wrong(p, 0);
  const { spans, denoised } = decode(32, firstWrong(40), right);
  expect(shapes(spans).slice(0, 3)).toEqual([
    ["denoise", 32, 32],
    ["verify", 32, 32],
    ["denoise", 32, 32],
  ]);
  expect(denoised[1][0].commits.map((commit) => commit.position)).toEqual([33, 34, 35, 36, 37, 38, 39, 40]);
  expect(denoised[1][0].masked[0]).toBe(41);
  // The next draft knows what was accepted, and what was rejected is masked again.
  expect(spans[2].tokens).toEqual([
    ...Array.from({ length: 9 }, (_, i) => token(32 + i)),
    ...Array(23).fill(maskToken),
  ]);
});

test("drafts are checked as far as the product of their confidences is above 0.3, at least one", () => {
  const verifyRows = (draft: Script) => decode(32, draft, right, { maxTokens: 32 }).spans[1].tokens.length;
  expect(verifyRows((p) => [token(p), p < 36 ? 0.8 : 0.63])).toBe(1 + 4); // 0.8^3 * 0.63 = 0.32, then 0.20
  expect(verifyRows((p) => [token(p), p < 36 ? 0.8 : 0.57])).toBe(1 + 3); // 0.8^3 * 0.57 = 0.29
  expect(verifyRows((p) => [token(p), 0.01])).toBe(1 + 1);
});

test("no draft across the block's end or past the answer's: single rows there", () => {
  const atEnd = decode(63, right, right, { maxTokens: 3 });
  expect(shapes(atEnd.spans)).toEqual([
    ["step", 63, 1],
    ["step", 64, 1],
  ]);
  const short = decode(40, right, right, { maxTokens: 7 });
  expect(shapes(short.spans)).toEqual([
    ["denoise", 32, 32],
    ["verify", 40, 6],
  ]);
});

test("drafts that do not pay are tried ever more rarely, until one pays", () => {
  const draft: Script = (p) => (p < 80 ? wrong(p, 0) : right(p, 0));
  const { spans } = decode(32, draft, right, { maxTokens: 150 });
  const phases = spans.map((span) => span.phase[0]).join("");
  // Pauses of 1, 2, 4 and 8 single steps after rounds that gain nothing; steps to the block's end; then it pays.
  expect(phases).toMatch(/^dvsdvssdvssssdvssssssss/);
  expect(phases).toMatch(/dvdv$/);
  // Never much dearer than autoregressive decoding.
  const drafts = spans.filter((span) => span.phase === "denoise" && span.position < 64);
  expect(drafts.length).toBeLessThan(6);
});

test("a round that pays ends the caution", () => {
  const draft: Script = (p) => (p > 36 && p < 50 ? right(p, 0) : wrong(p, 0));
  const phases = decode(32, draft, right).spans.map((span) => span.phase[0]);
  expect(phases.join("")).toMatch(/^dvsdvssdvdvsdvss/);
});

test("rounds are numbered in their block; a bonus that begins the next block is its step 0", () => {
  const draft: Script = (p) => (p === 45 ? wrong(p, 0) : right(p, 0));
  const { spans, denoised } = decode(32, draft, right, { maxTokens: 60 });
  expect(spans.slice(0, 4).map((span) => span.phase)).toEqual(["denoise", "verify", "denoise", "verify"]);
  const summary = denoised[3].map(({ block, step, rows, commits }) => [block, step, rows, commits.length]);
  expect(denoised[1].map(({ block, step }) => [block, step])).toEqual([[1, 1]]);
  expect(summary).toEqual([
    [1, 2, 19, 18],
    [2, 0, 19, 1],
  ]);
});

test("a stop token among accepted drafts ends the answer; nothing behind it settles", () => {
  const stop: Script = (p) => [p === 50 ? 45 : token(p), 1];
  const { decoder, spans } = decode(32, stop, stop, { stopTokens: [45] });
  expect(spans.length).toBe(2);
  expect(decoder.finished).toBe(true);
});
