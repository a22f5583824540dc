// Verified decoding returns what autoregressive decoding returns, whatever is drafted and however it
// is sampled, and gains forwards when drafts are right.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Denoised, SpanRequest } from "../../src/decode/types.js";
import { contextCausal, decoderOf, defaults, drive, maskToken, promptOf, vocabulary } from "./drive.js";
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

/** Decodes with scripted windows and causal rows; spans of the prompt alone are left out. */
function decode(n: number, draft: Script, check: Script, options = {}) {
  const decoder = decoderOf({
    prompt: promptOf(n),
    cached: 0,
    options: { ...verified, ...options },
    facts: contextCausal,
  });
  const spans: SpanRequest[] = [];
  const denoised: Denoised[][] = [];
  while (!decoder.finished) {
    const span = decoder.next(256);
    const checked = span.position + (span.causalRows ?? span.tokens.length); // the last position a causal row predicts
    const events = decoder.accept(answer(span, (p, forward) => (p <= checked ? check : draft)(p, forward)));
    if (span.causalRows === undefined) continue;
    spans.push(span);
    denoised.push(events.filter((event) => event.type === "denoised"));
  }
  return { spans, denoised, decoder };
}

const token = (p: number) => p % 40;
const right: Script = (p) => [token(p), 1];
const wrong: Script = (p) => [(token(p) + 1) % 40, 1];
/** Right, but not sure enough for the next window to go along. */
const unsure: Script = (p) => [token(p), 0.9];
/** [phase, first position, causal rows, masks] */
const shapes = (spans: SpanRequest[]) =>
  spans.map(({ phase, position, causalRows = 0, tokens }) => [phase, position, causalRows, tokens.length - causalRows]);

test("a pass: the pending token and drafts causally, and masks that see it all, in place", () => {
  const { spans } = decode(40, right, right);
  const [first, second] = spans;
  const all = { visibility: "all", target: "committed" };
  // The prompt's last token is pending, with the rows before it.
  expect(first).toMatchObject({ ...all, phase: "prefill", position: 0, causalRows: 40, keyEnd: 48 });
  expect(first.tokens).toEqual([...promptOf(40), ...Array(8).fill(maskToken)]);
  expect(predictedPositions(first)).toEqual(Array.from({ length: 9 }, (_, i) => 40 + i));
  // 40 is settled by the causal row and pending; 41 to 48 are drafts.
  expect(second).toMatchObject({ ...all, phase: "verify", position: 40, causalRows: 9, keyEnd: 57 });
  expect(second.tokens).toEqual([...Array.from({ length: 9 }, (_, i) => token(40 + i)), ...Array(8).fill(maskToken)]);
  expect(predictedPositions(second)).toEqual(Array.from({ length: 17 }, (_, i) => 41 + i));
});

test("the first span has the prompt's last rows, as many as leave room for the window", () => {
  const decoder = decoderOf({ prompt: promptOf(70), cached: 0, options: verified, facts: contextCausal });
  expect(decoder.next(40)).toMatchObject({ phase: "prefill", position: 0, visibility: "causal", head: null });
  expect(decoder.next(40).tokens).toEqual(promptOf(40));
  decoder.accept(null);
  const last = decoder.next(40);
  expect(last).toMatchObject({ phase: "prefill", position: 40, causalRows: 30, keyEnd: 78 });
  expect(last.head!.rows).toEqual([29, 30, 31, 32, 33, 34, 35, 36, 37]);
  expect(decoder.phase).toBe("prefill");
  decoder.accept(answer(last, right));
  expect([decoder.phase, decoder.committed]).toEqual(["decode", 70]);
});

test("sure and right drafts: one forward for a sub-block and one token more, wherever blocks end", () => {
  expect(shapes(decode(32, right, right, { maxTokens: 31 }).spans)).toEqual([
    ["prefill", 0, 32, 8],
    ["verify", 32, 9, 8],
    ["verify", 41, 9, 8],
    ["verify", 50, 9, 2],
    ["verify", 59, 3, 0],
  ]);
  expect(shapes(decode(32, right, right, { maxTokens: 18, subBlock: 16 }).spans)).toEqual([
    ["prefill", 0, 32, 16],
    ["verify", 32, 17, 0],
  ]);
});

test("the next window waits while it is not likely enough that all drafts are right", () => {
  expect(shapes(decode(32, unsure, right, { maxTokens: 20 }).spans)).toEqual([
    ["prefill", 0, 32, 8],
    ["verify", 32, 9, 0], // 0.9 ^ 8 = 0.43
    ["denoise", 41, 1, 8],
    ["verify", 42, 9, 0],
  ]);
  const close =
    (probability: number): Script =>
    (p) => [token(p), probability];
  const masks = (draft: Script) => shapes(decode(32, draft, right).spans)[1][3];
  expect(masks(close(0.957))).toBe(8); // 0.957 ^ 8 = 0.704
  expect(masks(close(0.956))).toBe(0); // 0.956 ^ 8 = 0.698
});

test("the longest right prefix is accepted, then the bonus; the rest is dropped", () => {
  const firstWrong =
    (at: number): Script =>
    (p) =>
      p < at ? right(p, 0) : wrong(p, 0);
  const { spans, denoised } = decode(32, firstWrong(38), right);
  expect(shapes(spans).slice(0, 3)).toEqual([
    ["prefill", 0, 32, 8],
    ["verify", 32, 9, 8], // the window is in vain
    ["denoise", 38, 1, 8],
  ]);
  expect(denoised[1][0].commits.map((commit) => commit.position)).toEqual([33, 34, 35, 36, 37, 38]);
  expect(denoised[1][0].masked[0]).toBe(39);
  // The bonus is pending now, and what was rejected is masked again.
  expect(spans[2].tokens).toEqual([token(38), ...Array(8).fill(maskToken)]);
});

test("after a wrong draft the next window is three rows longer than what was right, after right ones whole again", () => {
  const draft: Script = (p) => (p === 34 || p === 42 ? wrong(p, 0) : unsure(p, 0));
  expect(shapes(decode(32, draft, right, { maxTokens: 60, subBlock: 16 }).spans).slice(0, 9)).toEqual([
    ["prefill", 0, 32, 16],
    ["verify", 32, 17, 0], // 33 right, 34 wrong: too little for 16 drafts
    ["step", 34, 1, 0],
    ["denoise", 35, 1, 4],
    ["verify", 36, 5, 0], // all right
    ["denoise", 41, 1, 16],
    ["verify", 42, 17, 0],
    ["denoise", 59, 1, 16],
    ["verify", 60, 17, 0],
  ]);
});

test("drafts are checked as far as the product of their confidences is above 0.1, at least one", () => {
  const verifyRows = (draft: Script) => shapes(decode(32, draft, right, { maxTokens: 32 }).spans)[1][2];
  expect(verifyRows((p) => [token(p), p < 36 ? 0.6 : 0.48])).toBe(1 + 4); // 0.6^3 * 0.48 = 0.104, then 0.05
  expect(verifyRows((p) => [token(p), p < 36 ? 0.6 : 0.45])).toBe(1 + 3); // 0.6^3 * 0.45 = 0.097
  expect(verifyRows((p) => [token(p), 0.01])).toBe(1 + 1);
});

test("no draft past the token before the answer's last", () => {
  expect(shapes(decode(40, right, right, { maxTokens: 1 }).spans)).toEqual([["prefill", 0, 40, 0]]);
  expect(shapes(decode(40, right, right, { maxTokens: 2 }).spans)).toEqual([
    ["prefill", 0, 40, 0],
    ["step", 40, 1, 0],
  ]);
  expect(shapes(decode(40, right, right, { maxTokens: 7 }).spans)).toEqual([
    ["prefill", 0, 40, 5],
    ["verify", 40, 6, 0],
  ]);
});

test("drafts that do not pay are tried ever more rarely, until some pay", () => {
  const draft: Script = (p) => (p < 130 ? wrong(p, 0) : unsure(p, 0));
  const { spans } = decode(32, draft, right, { maxTokens: 200 });
  const phases = spans.map((span) => span.phase[0]).join("");
  // Pauses of 1, 2, 4, 8, 16 and at most 32 single steps after drafts that gain nothing; then they pay.
  expect(phases).toMatch(/^pvs{1}dvs{2}dvs{4}dvs{8}dvs{16}dvs{32}dvs{32}dv+(dv)+s*$/);
});

test("drafts that pay end the caution", () => {
  const draft: Script = (p) => (p > 35 && p < 51 ? unsure(p, 0) : wrong(p, 0));
  const phases = decode(32, draft, right).spans.map((span) => span.phase[0]);
  // One that gains nothing, then some that gain; behind 51 the caution begins anew.
  expect(phases.join("")).toMatch(/^pvsdv+dvsdvssdvssss/);
});

test("passes are numbered in their block, and tell of each block they fill", () => {
  const draft: Script = (p) => (p === 37 ? wrong(p, 0) : unsure(p, 0));
  const { denoised } = decode(32, draft, right, { maxTokens: 60, subBlock: 32 });
  const told = denoised.map((events) =>
    events.map(({ block, step, rows, commits }) => [block, step, rows, commits.length]),
  );
  expect(told.slice(0, 6)).toEqual([
    [[1, 1, 64, 1]],
    [[1, 2, 23, 5]], // 22 drafts, one of them surely wrong: 0.9 ^ 22 is below 0.1
    [[1, 3, 8, 1]],
    [[1, 4, 8, 8]],
    [[1, 5, 33, 1]],
    [
      [1, 6, 22, 16],
      [2, 1, 22, 6],
    ],
  ]);
});

test("a stop token among accepted drafts ends the answer; nothing behind it settles", () => {
  const stop: Script = (p) => [p === 38 ? 45 : token(p), 1];
  const { decoder, spans } = decode(32, stop, stop, { stopTokens: [45] });
  expect(spans.length).toBe(2);
  expect(decoder.finished).toBe(true);
});
