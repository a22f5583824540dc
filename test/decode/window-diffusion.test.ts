// One test for each rule of windows, with scripted predictions.

import { expect, test } from "vitest";
import type { DecodeEvent, DecodeOptions, Denoised, SpanRequest } from "../../src/decode/types.js";
import { contextCausal, decoderOf, defaults, maskToken, promptOf } from "./drive.js";
import { answer, predictedPositions, type Script } from "./script.js";

interface Turn {
  span: SpanRequest;
  events: DecodeEvent[];
  denoised: Denoised[];
}

const token = (p: number) => p % 40;
const sure: Script = (p) => [token(p), 0.99];
const unsure: Script = (p) => [token(p), 0.1];

/** Decodes a prompt with scripted predictions. */
function decode(n: number, options: Partial<DecodeOptions>, script: Script, contextLength = 4096): Turn[] {
  const input = { prompt: promptOf(n), cached: 0, options: { ...defaults, ...options }, facts: contextCausal };
  const decoder = decoderOf({ ...input, contextLength });
  const turns: Turn[] = [];
  for (let forward = 0; !decoder.finished; ) {
    const span = decoder.next(256);
    const events = decoder.accept(answer(span, script, { forward }));
    forward++;
    turns.push({ span, events, denoised: events.filter((event) => event.type === "denoised") });
  }
  return turns;
}

/** [first position, causal rows, rows of the window] */
const shape = ({ span }: Turn) => [span.position, span.causalRows, span.tokens.length - span.causalRows!];
const commits = ({ denoised }: Turn) => denoised.flatMap((event) => event.commits.map(({ position }) => position));

test("the first window goes along with the prompt", () => {
  const [{ span }] = decode(40, {}, unsure);
  expect(span).toMatchObject({
    phase: "prefill",
    position: 0,
    visibility: "all",
    causalRows: 40,
    keyEnd: 48,
    target: "committed",
  });
  expect(span.tokens).toEqual([...promptOf(40), ...Array(8).fill(maskToken)]);
  expect(predictedPositions(span)).toEqual(Array.from({ length: 9 }, (_, i) => 40 + i));
});

test("what is known without a gap runs causally, and the window begins behind it", () => {
  const [, second, third] = decode(40, { mode: "iterative" }, sure);
  expect(shape(second)).toEqual([40, 9, 8]);
  expect(second.span).toMatchObject({ phase: "denoise", visibility: "all", keyEnd: 57, target: "committed" });
  expect(second.span.tokens).toEqual([
    ...Array.from({ length: 9 }, (_, i) => token(40 + i)),
    ...Array(8).fill(maskToken),
  ]);
  expect(commits(second)).toEqual(Array.from({ length: 9 }, (_, i) => 49 + i));
  expect(shape(third)).toEqual([49, 9, 8]);
});

test("it slides on to the first gap; what is known behind that stays in it, and is not asked about", () => {
  const script: Script = (p, forward) => [token(p), p % 2 === 1 || forward > 1 ? 0.99 : 0.2];
  const turns = decode(40, { mode: "iterative" }, script);
  expect(commits(turns[0])).toEqual([40, 41, 43, 45, 47]);
  expect(shape(turns[1])).toEqual([40, 2, 8]);
  expect(turns[1].span.tokens).toEqual(
    [40, 41, 0, 43, 0, 45, 0, 47, 0, 0].map((p) => (p === 0 ? maskToken : token(p))),
  );
  expect(predictedPositions(turns[1].span)).toEqual([42, 44, 46, 48, 49, 50]);
});

test("the first masked position is taken at once, however unsure; others only above the threshold", () => {
  const script: Script = (p) => [token(p), p === 52 ? 0.4 : 0.3];
  expect(decode(40, { mode: "iterative" }, script).slice(0, 3).map(commits)).toEqual([[40], [41], [42]]);
  expect(decode(40, { mode: "adaptive" }, script).slice(0, 3).map(commits)).toEqual([[40], [41], [42]]);
});

test("adaptive commits a run from the left; the confidence of the first position does not count", () => {
  // 0.97 three times is above 0.9, four times is not.
  const script: Script = (p) => [token(p), p === 40 ? 0.2 : p === 50 ? 0.5 : 0.97];
  const turns = decode(40, { mode: "adaptive" }, script);
  expect(turns.slice(0, 4).map(commits)).toEqual([
    [40, 41, 42, 43],
    [44, 45, 46, 47],
    [48, 49],
    [50, 51, 52, 53],
  ]);
});

test("greedy takes whole windows", () => {
  const greedy = decode(40, { mode: "greedy" }, unsure);
  expect(greedy.map((turn) => commits(turn).length).slice(0, 3)).toEqual([9, 9, 9]);
});

test("windows end with the context", () => {
  const turns = decode(40, { maxTokens: 24 }, sure, 64);
  expect(turns.map(shape)).toEqual([
    [0, 40, 8],
    [40, 9, 8],
    [49, 9, 5], // 58 to 62, which predict up to 63
  ]);
  expect(decode(40, { maxTokens: 19 }, sure, 59).map(shape)).toEqual([
    [0, 40, 8],
    [40, 9, 8],
    [49, 9, 0], // the last position is the causal row's to predict
  ]);
});

test("events tell of each block that is filled, and of the pass within it", () => {
  const turns = decode(56, { mode: "iterative" }, (p, forward) => [token(p), p === 58 && forward === 0 ? 0.2 : 0.99]);
  const told = turns.map(({ denoised }) =>
    denoised.map(({ block, step, rows, commits }) => [block, step, rows, commits.length]),
  );
  expect(told.slice(0, 2)).toEqual([
    [
      [1, 1, 64, 7],
      [2, 1, 64, 1],
    ],
    [
      [1, 2, 10, 1],
      [2, 2, 10, 2],
    ],
  ]);
  const across = decode(60, { mode: "iterative" }, sure)[0].denoised;
  expect(across.map(({ block, step, commits }) => [block, step, commits.length])).toEqual([
    [1, 1, 4],
    [2, 1, 5],
  ]);
  expect(across[1].masked[0]).toBe(69);
});

test("a stop token ends the answer only when nothing before it is masked", () => {
  const script: Script = (p, forward) => [p === 44 ? 5 : 1, p >= 43 || forward > 0 ? 0.99 : 0.2];
  const turns = decode(40, { mode: "iterative", stopTokens: [5] }, script);
  expect(turns.map(({ events }) => events.map((event) => event.type))).toEqual([
    ["denoised", "settled"],
    ["denoised", "settled", "finish"],
  ]);
});
