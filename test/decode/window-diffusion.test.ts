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

/** Decodes a prompt with scripted predictions; the prompt's own spans are left out. */
function decode(n: number, options: Partial<DecodeOptions>, script: Script, contextLength = 4096): Turn[] {
  const input = { prompt: promptOf(n), cached: 0, options: { ...defaults, ...options }, facts: contextCausal };
  const decoder = decoderOf({ ...input, contextLength });
  const turns: Turn[] = [];
  for (let forward = 0; !decoder.finished; ) {
    const span = decoder.next(256);
    const events = decoder.accept(answer(span, script, { forward }));
    if (span.phase === "prefill") continue;
    forward++;
    turns.push({ span, events, denoised: events.filter((event) => event.type === "denoised") });
  }
  return turns;
}

/** [first position, causal rows, rows of the window] */
const shape = ({ span }: Turn) => [span.position, span.causalRows, span.tokens.length - span.causalRows!];
const commits = ({ denoised }: Turn) => denoised.flatMap((event) => event.commits.map(({ position }) => position));

test("the first window follows the prompt, whose last row has predicted its first token", () => {
  const [{ span }] = decode(40, {}, unsure);
  expect(span).toMatchObject({
    phase: "denoise",
    position: 40,
    visibility: "all",
    causalRows: 0,
    keyEnd: 48,
    target: "committed",
  });
  expect(span.tokens).toEqual([token(40), ...Array(7).fill(maskToken)]);
  expect(predictedPositions(span)).toEqual(Array.from({ length: 8 }, (_, i) => 41 + i));
});

test("a full window runs causally with the next one's first pass, which fills one position more", () => {
  const [, second, third] = decode(40, { mode: "iterative" }, sure);
  expect(shape(second)).toEqual([40, 9, 8]);
  expect(second.span).toMatchObject({ visibility: "all", keyEnd: 57, target: "committed" });
  expect(second.span.tokens).toEqual([
    ...Array.from({ length: 9 }, (_, i) => token(40 + i)),
    ...Array(8).fill(maskToken),
  ]);
  expect(commits(second)).toEqual(Array.from({ length: 9 }, (_, i) => 49 + i));
  expect(shape(third)).toEqual([49, 9, 8]);
});

test("a later pass runs the window alone, and asks about what is masked", () => {
  const script: Script = (p, forward) => [token(p), p % 2 === 0 || forward > 1 ? 0.99 : 0.2];
  const turns = decode(40, { mode: "iterative" }, script);
  expect(commits(turns[0])).toEqual([42, 44, 46, 48]);
  expect(shape(turns[1])).toEqual([40, 0, 8]);
  expect(turns[1].span.tokens).toEqual([40, 0, 42, 0, 44, 0, 46, 0].map((p) => (p === 0 ? maskToken : token(p))));
  expect(predictedPositions(turns[1].span)).toEqual([41, 43, 45, 47]);
});

test("the first position of a window is taken at once, however unsure; then the best where nothing is above", () => {
  const script: Script = (p) => [token(p), p < 49 ? 0.99 : p === 52 ? 0.4 : 0.3];
  const turns = decode(40, { mode: "iterative" }, script);
  expect(turns.slice(1, 5).map(commits)).toEqual([[49], [52], [50], [51]]);
});

test("in the first window, whose first token is known, the best is taken where nothing is above", () => {
  const turns = decode(40, { mode: "iterative" }, (p) => [token(p), p === 43 ? 0.4 : 0.3]);
  expect(turns.slice(0, 3).map(commits)).toEqual([[43], [41], [42]]);
});

test("adaptive commits a run from the left, behind the first token, which is taken in any case", () => {
  // 0.97 three times is above 0.9, four times is not; the first token's own confidence does not count.
  const script: Script = (p) => [token(p), p < 49 ? 1 : p === 49 ? 0.2 : p === 54 ? 0.5 : 0.97];
  const steps = decode(40, { mode: "adaptive" }, script);
  expect(steps.slice(0, 5).map(commits)).toEqual([
    [41, 42, 43, 44, 45, 46, 47, 48],
    [49, 50, 51, 52],
    [53],
    [54],
    [55, 56, 57],
  ]);
});

test("greedy takes whole windows", () => {
  const greedy = decode(40, { mode: "greedy" }, unsure);
  expect(greedy.map((turn) => commits(turn).length).slice(0, 3)).toEqual([8, 9, 9]);
});

test("windows end with the context", () => {
  const turns = decode(40, { maxTokens: 24 }, sure, 64);
  expect(turns.map(shape)).toEqual([
    [40, 0, 8],
    [40, 9, 8],
    [49, 9, 5], // 58 to 62, which predict up to 63
  ]);
  expect(decode(40, { maxTokens: 19 }, sure, 59).map(shape)).toEqual([
    [40, 0, 8],
    [40, 9, 8],
    [49, 9, 0], // the last position is the causal row's to predict
  ]);
});

test("events tell of each block that is filled, and of the step within the window", () => {
  const turns = decode(55, { mode: "iterative" }, (p, forward) => [token(p), p === 58 && forward === 0 ? 0.2 : 0.99]);
  const told = turns.map(({ denoised }) =>
    denoised.map(({ block, step, rows, commits }) => [block, step, rows, commits.length]),
  );
  expect(told.slice(0, 3)).toEqual([[[1, 1, 8, 7]], [[1, 2, 8, 1]], [[2, 1, 17, 9]]]);
  const across = decode(60, { mode: "iterative" }, sure)[0].denoised;
  expect(across.map(({ block, step, commits }) => [block, step, commits.length])).toEqual([
    [1, 1, 3],
    [2, 1, 5],
  ]);
  expect(across[1].masked[0]).toBe(69);
});

test("a stop token ends the answer only when nothing before it is masked", () => {
  const script: Script = (p, forward) => [p === 44 ? 5 : 1, p >= 43 || forward > 0 ? 0.99 : 0.2];
  const turns = decode(40, { mode: "iterative", stopTokens: [5] }, script);
  expect(turns.map(({ events }) => events.map((event) => event.type))).toEqual([
    ["denoised"],
    ["denoised", "settled", "finish"],
  ]);
});
