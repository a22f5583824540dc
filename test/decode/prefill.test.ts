import { expect, test } from "vitest";
import type { DecodeOptions, SpanRequest } from "../../src/decode/types.js";
import type { DiffusionFacts } from "../../src/model/types.js";
import { blockCausal, contextCausal, decoderOf, defaults, maskToken, promptOf } from "./drive.js";
import { answer } from "./script.js";

interface SetUp {
  n: number;
  facts?: DiffusionFacts;
  options?: Partial<DecodeOptions>;
  cached?: number;
  maxRows?: number;
}

/** The prompt's spans, and the first span after them. */
function prefill({ n, facts = blockCausal, options = {}, cached = 0, maxRows = 256 }: SetUp) {
  const decoder = decoderOf({ prompt: promptOf(n), cached, options: { ...defaults, ...options }, facts });
  const spans: SpanRequest[] = [];
  for (;;) {
    const span = decoder.next(maxRows);
    if (span.phase !== "prefill") return { spans, after: span, decoder };
    expect(span.target).toBe("committed");
    const masks = Array<number>(span.tokens.length - (span.causalRows ?? span.tokens.length)).fill(maskToken);
    expect(span.tokens).toEqual([...promptOf(n).slice(span.position, span.position + span.tokens.length), ...masks]);
    expect(span.keyEnd).toBe(span.position + span.tokens.length);
    spans.push(span);
    decoder.accept(answer(span, () => [11, 0.5]));
  }
}

const ranges = (spans: SpanRequest[]) => spans.map((span) => [span.position, span.position + span.tokens.length]);
const heads = (spans: SpanRequest[]) => spans.map((span) => span.head?.rows ?? null);

test("a prompt shorter than a block has no prefill: it sits in the first block", () => {
  const { spans, after } = prefill({ n: 31 });
  expect(spans).toEqual([]);
  expect(after).toMatchObject({ phase: "denoise", position: 0, keyEnd: 32 });
  expect(after.tokens).toEqual([...promptOf(31), blockCausal.maskToken]);
  expect(after.head!.rows).toEqual([30]);
});

test.each([32, 64, 96])("a prompt of exactly %i: the last row predicts the answer's first token", (n) => {
  const { spans, after, decoder } = prefill({ n });
  expect(ranges(spans)).toEqual([[0, n]]);
  expect(heads(spans)).toEqual([[n - 1]]);
  expect(spans[0].visibility).toBe("block");
  expect(decoder.committed).toBe(n);
  expect(after).toMatchObject({ phase: "denoise", position: n });
  expect(after.tokens[0]).toBe(11);
});

test("whole blocks are run, the tail waits in the first block, and no prediction is asked for", () => {
  const { spans, after, decoder } = prefill({ n: 75 });
  expect(ranges(spans)).toEqual([[0, 64]]);
  expect(heads(spans)).toEqual([null]);
  expect(decoder.committed).toBe(64);
  expect(after.position).toBe(64);
  expect(after.tokens.slice(0, 12)).toEqual([...promptOf(75).slice(64), blockCausal.maskToken]);
});

test("without token shift a prompt of whole blocks asks for nothing, and the answer begins with masks", () => {
  const { spans, after } = prefill({ n: 64, facts: { ...blockCausal, shift: false } });
  expect(heads(spans)).toEqual([null]);
  expect(new Set(after.tokens)).toEqual(new Set([blockCausal.maskToken]));
  expect(after.head!.rows).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("chunks are whole blocks when rows see their block, at least one", () => {
  const blocks = (maxRows: number) => ranges(prefill({ n: 130, maxRows }).spans);
  expect(blocks(70)).toEqual([
    [0, 64],
    [64, 128],
  ]);
  expect(blocks(96)).toEqual([
    [0, 96],
    [96, 128],
  ]);
  expect(blocks(1).length).toBe(4);
});

const inBlocks = { ...contextCausal, shift: false };

test("context-causal prompts run causally, in chunks of any length", () => {
  const { spans } = prefill({ n: 70, facts: inBlocks, maxRows: 50 });
  expect(ranges(spans)).toEqual([
    [0, 50],
    [50, 64],
  ]);
  expect(spans.map((span) => span.visibility)).toEqual(["causal", "causal"]);
});

test("autoregressive runs the whole prompt causally and asks its last row", () => {
  const { spans, decoder } = prefill({
    n: 70,
    facts: contextCausal,
    options: { mode: "autoregressive" },
    maxRows: 40,
  });
  expect(ranges(spans)).toEqual([
    [0, 40],
    [40, 70],
  ]);
  expect(heads(spans)).toEqual([null, [29]]);
  expect(spans.map((span) => span.visibility)).toEqual(["causal", "causal"]);
  expect(decoder.committed).toBe(70);
});

test("a window goes along with the prompt's last rows, as many as leave room for it", () => {
  const { spans, decoder } = prefill({ n: 70, facts: contextCausal, maxRows: 40 });
  expect(spans.map(({ position, causalRows, tokens }) => [position, causalRows, tokens.length])).toEqual([
    [0, undefined, 40],
    [40, 30, 38],
  ]);
  expect(heads(spans)).toEqual([null, [29, 30, 31, 32, 33, 34, 35, 36, 37]]);
  expect(decoder.committed).toBe(70);
  const tight = prefill({ n: 70, facts: contextCausal, maxRows: 36 });
  expect(tight.spans.map(({ position, tokens }) => [position, tokens.length])).toEqual([
    [0, 36],
    [36, 33],
    [69, 9],
  ]);
});

test("cached positions are not run again", () => {
  expect(ranges(prefill({ n: 130, cached: 64 }).spans)).toEqual([[64, 128]]);
  expect(ranges(prefill({ n: 130, cached: 128 }).spans)).toEqual([]);
  expect(ranges(prefill({ n: 128, cached: 96 }).spans)).toEqual([[96, 128]]);
  expect(ranges(prefill({ n: 70, cached: 64, options: { mode: "autoregressive" } }).spans)).toEqual([[64, 70]]);
});

test("cached positions that end inside a block are only of use under the causal mask", () => {
  const long = { ...inBlocks, blockLength: 64 };
  const blocks = prefill({ n: 130, cached: 96, facts: { ...long, attention: "block-causal" } });
  expect(ranges(blocks.spans)).toEqual([[64, 128]]);
  const causal = prefill({ n: 130, cached: 96, facts: long });
  expect(ranges(causal.spans)).toEqual([[96, 128]]);
  // Part of the tail is cached: its block is denoised whole, and only the rest is committed.
  const tail = prefill({ n: 100, cached: 96, facts: long });
  expect(tail.spans).toEqual([]);
  expect(tail.decoder.committed).toBe(96);
  expect(tail.after.position).toBe(64);
});

test("the last prompt row runs even if everything were cached", () => {
  const { spans } = prefill({ n: 64, cached: 64 });
  expect(ranges(spans)).toEqual([[32, 64]]);
  expect(heads(spans)).toEqual([[31]]);
});

test("a span not taken may be asked for again with less room", () => {
  const decoder = decoderOf({ prompt: promptOf(200), cached: 0, options: defaults, facts: blockCausal });
  expect(decoder.next(256).tokens.length).toBe(192);
  expect(decoder.next(64).tokens.length).toBe(64);
  decoder.accept(null);
  expect(decoder.committed).toBe(64);
  expect(decoder.next(64).position).toBe(64);
});

test("answers must fit the span: a programming error, not a wrong answer", () => {
  const decoder = decoderOf({ prompt: promptOf(32), cached: 0, options: defaults, facts: blockCausal });
  expect(() => decoder.accept(null)).toThrow("without a span");
  decoder.next(256);
  expect(() => decoder.accept(null)).toThrow("do not answer");
});
