// One test for each rule of block diffusion, with scripted predictions.

import { expect, test } from "vitest";
import type { DecodeEvent, DecodeOptions, Denoised, SpanRequest } from "../../src/decode/types.js";
import type { DiffusionFacts } from "../../src/model/types.js";
import { blockCausal, contextCausal, decoderOf, defaults, maskToken, promptOf } from "./drive.js";
import { answer, predictedPositions, type Script } from "./script.js";

interface Turn {
  span: SpanRequest;
  events: DecodeEvent[];
  denoised: Denoised | undefined;
}

const sure: Script = () => [1, 1];
const unsure: Script = () => [1, 0.1];

/** Decodes a prompt with scripted predictions; the prompt's own spans are left out. */
function decode(
  n: number,
  options: Partial<DecodeOptions>,
  script: Script,
  {
    facts = blockCausal,
    turns = 1000,
    prompt = promptOf(n),
  }: { facts?: DiffusionFacts; turns?: number; prompt?: number[] } = {},
): Turn[] {
  const decoder = decoderOf({ prompt, cached: 0, options: { ...defaults, ...options }, facts });
  const out: Turn[] = [];
  for (let forward = 0; !decoder.finished && out.length < turns; ) {
    const span = decoder.next(256);
    const events = decoder.accept(answer(span, script, { shift: facts.shift, forward }));
    if (span.phase === "prefill") continue;
    forward++;
    out.push({ span, events, denoised: events.find((event) => event.type === "denoised") });
  }
  return out;
}

const shape = ({ span }: Turn) => [span.phase, span.position, span.tokens.length];
const commits = ({ denoised }: Turn) => denoised?.commits.map((commit) => commit.position) ?? [];

test("a denoise span is the whole block in scratch, masks at unknown positions", () => {
  const [{ span }] = decode(40, {}, unsure);
  expect(span).toMatchObject({ phase: "denoise", position: 32, visibility: "block", keyEnd: 64, target: "scratch" });
  expect(span.tokens).toEqual([...promptOf(40).slice(32), ...Array(24).fill(maskToken)]);
});

test("with shift, row p-1 is asked about p; only masked positions of the current sub-block", () => {
  const [{ span }] = decode(35, { subBlock: 8 }, unsure);
  expect(span.head!.rows).toEqual([2, 3, 4, 5, 6]);
  expect(predictedPositions(span)).toEqual([35, 36, 37, 38, 39]);
});

test("without shift, row p is asked about p", () => {
  const facts = { ...blockCausal, shift: false };
  const [{ span }] = decode(35, { subBlock: 8 }, unsure, { facts });
  expect(span.head!.rows).toEqual([3, 4, 5, 6, 7]);
});

test("the mask token cannot win", () => {
  for (const { span } of decode(35, {}, unsure)) expect(span.head?.suppress ?? maskToken).toBe(maskToken);
});

test("sub-blocks are decoded left to right; the others do not commit, however sure", () => {
  const turns = decode(32, { subBlock: 8, maxTokens: 32, mode: "iterative", dualCache: false }, sure);
  expect(turns.map(commits)).toEqual([
    [33, 34, 35, 36, 37, 38, 39],
    [40, 41, 42, 43, 44, 45, 46, 47],
    [48, 49, 50, 51, 52, 53, 54, 55],
    [56, 57, 58, 59, 60, 61, 62, 63],
  ]);
});

test("above the threshold all commit, else the single best", () => {
  const script: Script = (p, forward) => [1, forward === 0 ? (p % 2 === 0 ? 0.95 : 0.9) : p === 37 ? 0.4 : 0.2];
  const turns = decode(32, { subBlock: 8, mode: "iterative" }, script, { turns: 2 });
  expect(turns.map(commits)).toEqual([[34, 36, 38], [37]]);
});

test("adaptive commits a run from the left, and never beyond its sub-block", () => {
  // 0.97 three times is above 0.9, four times is not.
  const turns = decode(32, { subBlock: 8, maxTokens: 16 }, (p) => [1, p === 41 ? 0.5 : 0.97]);
  expect(turns.map(commits)).toEqual([[33, 34, 35], [36, 37, 38], [39], [40], [41], [42, 43, 44], [45, 46, 47]]);
  expect(turns.map((turn) => turn.denoised!.step)).toEqual([1, 2, 3, 1, 2, 3, 4]);
});

test("without sub-blocks a run may be as long as the block, and the counter runs over it", () => {
  const script: Script = (p) => [1, p < 60 ? 1 : 0.3];
  const turns = decode(32, { subBlock: 32, maxTokens: 32 }, script);
  expect(turns.map(commits)).toEqual([Array.from({ length: 27 }, (_, i) => 33 + i), [60], [61], [62], [63]]);
  expect(turns.map((turn) => turn.denoised!.step)).toEqual([1, 2, 3, 4, 5]);
});

test("greedy commits a whole block in one pass, a sub-block a pass with sub-blocks", () => {
  const whole = decode(40, { mode: "greedy", subBlock: 32, maxTokens: 24 }, unsure);
  expect(whole.map(commits)).toEqual([Array.from({ length: 24 }, (_, i) => 40 + i)]);
  const parts = decode(40, { mode: "greedy", subBlock: 8, maxTokens: 24 }, unsure);
  expect(parts.map((turn) => commits(turn).length)).toEqual([8, 8, 8]);
});

test("DualCache: the first pass of a block is full, then sub-block passes, full again at each sub-block's start", () => {
  const script: Script = (p) => [1, p % 8 === 0 ? 0.5 : 0.4];
  const turns = decode(32, { subBlock: 8, mode: "iterative", maxTokens: 16 }, script);
  expect(turns.map(({ span }) => span.tokens.length)).toEqual([32, 8, 8, 8, 8, 8, 8, 32, 8, 8, 8, 8, 8, 8, 8]);
  // A sub-block pass: its own rows, scratch, seeing the whole block.
  expect(turns[1].span).toMatchObject({ position: 32, visibility: "block", keyEnd: 64, target: "scratch" });
  expect(predictedPositions(turns[1].span)).toEqual([34, 35, 36, 37, 38, 39]);
  expect(turns[8].span.position).toBe(40);
  expect(turns[8].span.head!.rows).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("DualCache: the whole block as long as the sub-block's first position is masked", () => {
  const script: Script = (p) => [1, p % 8 === 0 ? 0.1 : 0.4];
  const turns = decode(32, { subBlock: 8, mode: "iterative", maxTokens: 16 }, script);
  expect(turns.slice(7).map(({ span }) => span.tokens.length)).toEqual([32, 32, 32, 32, 32, 32, 32, 32]);
});

test("DualCache begins anew in each block", () => {
  const turns = decode(32, { subBlock: 8, mode: "iterative", maxTokens: 40 }, sure);
  expect(turns.slice(4).map(shape)).toEqual([
    ["commit", 32, 32],
    ["denoise", 64, 32],
  ]);
});

test("shifted DualCache: a sub-block begins with the one to its left, and never with the whole block", () => {
  const script: Script = (p) => [1, p % 8 === 0 ? 0.5 : 0.4];
  const turns = decode(32, { subBlock: 8, mode: "iterative", maxTokens: 16, dualCache: "shifted" }, script);
  expect(turns.map(({ span }) => span.tokens.length)).toEqual([32, 8, 8, 8, 8, 8, 8, 16, 8, 8, 8, 8, 8, 8, 8]);
  expect(turns[7].span).toMatchObject({ position: 32, visibility: "block", keyEnd: 64, target: "scratch" });
  expect(predictedPositions(turns[7].span)).toEqual([40, 41, 42, 43, 44, 45, 46, 47]);
  expect(turns[8].span.position).toBe(40);
});

test("shifted DualCache: one row more while the sub-block's first position is masked", () => {
  const script: Script = (p) => [1, p % 8 === 0 ? 0.1 : 0.4];
  const turns = decode(32, { subBlock: 8, mode: "iterative", maxTokens: 16, dualCache: "shifted" }, script);
  expect(turns.slice(7).map(({ span }) => span.tokens.length)).toEqual([16, 9, 9, 9, 9, 9, 9, 9]);
  expect(turns[8].span.position).toBe(39);
});

test("dualCache false: every pass is the whole block", () => {
  const turns = decode(32, { subBlock: 8, mode: "iterative", maxTokens: 16, dualCache: false }, unsure);
  expect(new Set(turns.map(({ span }) => span.tokens.length))).toEqual(new Set([32]));
});

test("a full block is committed clean, and its last row predicts the next block's first token", () => {
  const script: Script = (p) => [p % 40, 1];
  const turns = decode(40, { maxTokens: 60, subBlock: 32 }, script);
  expect(turns.map(shape)).toEqual([
    ["denoise", 32, 32],
    ["commit", 32, 32],
    ["denoise", 64, 32],
    ["commit", 64, 32],
    ["denoise", 96, 32],
  ]);
  const { span, denoised } = turns[1];
  expect(span).toMatchObject({ visibility: "block", keyEnd: 64, target: "committed" });
  expect(span.tokens).toEqual([...promptOf(40).slice(32), ...Array.from({ length: 24 }, (_, i) => (40 + i) % 40)]);
  expect(span.head!.rows).toEqual([31]);
  expect(denoised).toMatchObject({ block: 2, step: 0, rows: 32 });
  expect(denoised!.commits.map(({ position, token }) => [position, token])).toEqual([[64, 24]]);
  expect(denoised!.masked).toEqual(Array.from({ length: 31 }, (_, i) => 65 + i));
});

test("context-causal without shift: the commit pass is causal and takes the prompt tail with it", () => {
  const [, { span }] = decode(40, { subBlock: 32 }, sure, { facts: { ...contextCausal, shift: false } });
  expect(span).toMatchObject({ phase: "commit", position: 32, visibility: "causal", keyEnd: 64, target: "committed" });
  expect(span.tokens.length).toBe(32);
});

test("without shift the commit pass asks nothing and the next block begins with a mask", () => {
  const facts = { ...blockCausal, shift: false };
  const turns = decode(40, { maxTokens: 40, subBlock: 32 }, sure, { facts });
  expect(turns[1].span.head).toBeNull();
  expect(turns[1].events).toEqual([]);
  expect(turns[2].span.tokens).toEqual(Array(32).fill(maskToken));
  expect(turns[2].span.head!.rows[0]).toBe(0);
});

test("no commit pass for the block in which the answer ends", () => {
  const exact = decode(40, { maxTokens: 24, subBlock: 32 }, sure);
  expect(exact.map(shape)).toEqual([["denoise", 32, 32]]);
  const stopped = decode(40, { stopTokens: [5], subBlock: 32 }, (p) => [p === 50 ? 5 : 1, 1]);
  expect(stopped.map(shape)).toEqual([["denoise", 32, 32]]);
});

test("the token of an AR step can end the answer", () => {
  const turns = decode(40, { maxTokens: 25, subBlock: 32 }, sure);
  expect(turns.map(shape)).toEqual([
    ["denoise", 32, 32],
    ["commit", 32, 32],
  ]);
  expect(turns[1].events.at(-1)).toEqual({ type: "finish", reason: "length" });
});

test("a stop token ends the answer only when nothing before it is masked", () => {
  const script: Script = (p, forward) => [p === 45 ? 5 : 1, p >= 44 || forward > 0 ? 0.99 : 0.2];
  const turns = decode(40, { mode: "iterative", subBlock: 32, stopTokens: [5] }, script);
  expect(turns.map((turn) => turn.events.map((event) => event.type))).toEqual([
    ["denoised"],
    ["denoised", "settled", "finish"],
  ]);
  expect(turns[1].events.at(-1)).toEqual({ type: "finish", reason: "stop" });
  const settled = turns[1].events.find((event) => event.type === "settled")!;
  expect(settled.tokens.map((token) => token.position)).toEqual([40, 41, 42, 43, 44, 45]);
});

test("the mask token and stop tokens in the prompt are text like any other", () => {
  const prompt = [5, maskToken, 7, maskToken];
  const [{ span, events }] = decode(4, { subBlock: 8, stopTokens: [5] }, sure, { prompt });
  expect(span.tokens.slice(0, 5)).toEqual([5, maskToken, 7, maskToken, maskToken]);
  expect(predictedPositions(span)).toEqual([4, 5, 6, 7]);
  expect(events.map((event) => event.type)).toEqual(["denoised", "settled"]);
});

test("sampling options reach the head, and every decode forward draws anew", () => {
  const sampling = { temperature: 0.7, topP: 0.8, topK: 20, seed: 9, top: 3 };
  const heads = decode(40, { ...sampling, subBlock: 32, maxTokens: 30 }, unsure).map(({ span }) => span.head!);
  for (const head of heads) expect(head).toMatchObject({ ...sampling, logits: false });
  expect(heads.map((head) => head.draw)).toEqual(heads.map((_, i) => i + 1));
});

test("committed tokens carry probability, logprob and candidates of the pass that committed them", () => {
  const decoder = decoderOf({
    prompt: [1],
    cached: 0,
    options: { ...defaults, mode: "iterative", subBlock: 32, top: 2 },
    facts: blockCausal,
  });
  const span = decoder.next(256);
  const rows = span.head!.rows.length;
  const predictions = answer(span, (p) => [p, p === 3 ? 0.75 : 0.25])!;
  predictions.topToken = Int32Array.from({ length: rows * 2 }, (_, i) => (i === 5 ? -1 : 100 + i));
  predictions.topLogprob = Float32Array.from({ length: rows * 2 }, (_, i) => -i);
  const [event] = decoder.accept(predictions) as [Denoised];
  expect(event.commits).toEqual([
    {
      token: 3,
      position: 3,
      probability: 0.75,
      logprob: Math.fround(Math.log(0.75)),
      top: [{ token: 104, logprob: -4 }],
    },
  ]);
});
