import { expect, test } from "vitest";
import type { Denoised } from "../../src/decode/types.js";
import type { DiffusionFacts } from "../../src/model/types.js";
import { blockCausal, decoderOf, defaults, drive, maskToken, promptOf } from "./drive.js";
import { answer } from "./script.js";

const causal: DiffusionFacts = { attention: "causal", blockLength: 32, shift: false, maskToken: null };
const options = { ...defaults, mode: "autoregressive" as const };

test("one causal row a step; the last token's row is not run", () => {
  const { spans, tokens } = drive({
    prompt: promptOf(5),
    cached: 0,
    options: { ...options, maxTokens: 4 },
    facts: causal,
  });
  expect(spans.map((span) => [span.phase, span.position, span.tokens.length])).toEqual([
    ["prefill", 0, 5],
    ["step", 5, 1],
    ["step", 6, 1],
    ["step", 7, 1],
  ]);
  expect(spans.map((span) => span.visibility)).toEqual(["causal", "causal", "causal", "causal"]);
  expect(spans.slice(1).map((span) => span.tokens[0])).toEqual(tokens.slice(0, 3));
  expect(spans.map((span) => span.head!.draw)).toEqual([0, 0, 0, 0]);
});

test("a model without mask token suppresses nothing; a diffusion model never says its mask token", () => {
  const asked = (facts: DiffusionFacts) =>
    drive({ prompt: promptOf(5), cached: 0, options: { ...options, maxTokens: 3 }, facts }).spans.map(
      (span) => span.head!.suppress,
    );
  expect(asked(causal)).toEqual([-1, -1, -1]);
  expect(asked(blockCausal)).toEqual([maskToken, maskToken, maskToken]);
});

test("ends at a stop token of the answer, not of the prompt", () => {
  const decoder = decoderOf({
    prompt: [5, 5],
    cached: 0,
    options: { ...options, stopTokens: [5] },
    facts: causal,
  });
  const script = (p: number): [number, number] => [p === 4 ? 5 : 1, 0.5];
  const events = [1, 2, 3].flatMap(() => decoder.accept(answer(decoder.next(256), script)));
  expect(events.at(-1)).toEqual({ type: "finish", reason: "stop" });
  expect(decoder.committed).toBe(4);
  expect(decoder.committedTokens()).toEqual([5, 5, 1, 1]);
});

test("every token is reported as an AR step, in its block", () => {
  const { turns } = drive({ prompt: promptOf(31), cached: 0, options: { ...options, maxTokens: 2 }, facts: causal });
  const [first, second] = turns.map((events) => events[0] as Denoised);
  expect(first).toMatchObject({ type: "denoised", block: 0, step: 0, rows: 31, masked: [] });
  expect(second).toMatchObject({ type: "denoised", block: 1, step: 0, rows: 1 });
});
