// How tokens are chosen and reported: the definition against probability theory, then every
// backend against the definition.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Op } from "../../src/backend/program.js";
import { predictRow, type RowPrediction } from "../../src/backend/sampling.js";
import type { Backend, HeadRequest, Predictions, Span } from "../../src/backend/types.js";
import type { ModelFile } from "../../src/format/types.js";
import { uniform } from "../../src/util/rng.js";
import { ask, backends, withoutNative } from "./backends.js";
import { bareProgram, fileOf, identity, Random } from "./weights.js";

const greedy = { suppress: -1, temperature: 0, topP: 1, topK: 0, top: 0 };

function softmax(logits: ArrayLike<number>, temperature = 1): number[] {
  const weights = Array.from(logits, (logit) => Math.exp(logit / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** How often each token is drawn in `draws` draws. */
function histogram(logits: Float32Array, request: Partial<typeof greedy>, draws: number): number[] {
  const counts = Array.from(logits, () => 0);
  for (let draw = 0; draw < draws; draw++) {
    counts[predictRow(logits, { ...greedy, ...request }, uniform(1, 2, draw)).token]++;
  }
  return counts;
}

/** Pearson's statistic; tokens of probability 0 must not be drawn. */
function chiSquare(counts: number[], probabilities: number[]): number {
  const draws = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count, token) => {
    const expected = probabilities[token] * draws;
    if (expected === 0) {
      expect(count).toBe(0);
      return sum;
    }
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

describe("the sampling rule", () => {
  const logits = Float32Array.of(1, 3, 0.5, 3, -2, 2.5, 0, 1.5);
  const draws = 20_000;
  const limit = 24.3; // 99.9 % quantile of chi-square with 7 degrees of freedom; the draws are fixed

  it("at temperature 0 takes the largest logit, the lowest token among equals, for any u", () => {
    for (const u of [0, 0.5, 0.999]) expect(predictRow(logits, greedy, u).token).toBe(1);
  });

  it.each([0.3, 1, 2.5])("at temperature %f draws from softmax(logits / T)", (temperature) => {
    expect(chiSquare(histogram(logits, { temperature }, draws), softmax(logits, temperature))).toBeLessThan(limit);
  });

  it("walks tokens in ascending order, each taking the numbers [cdf before it, cdf with it)", () => {
    const request = { ...greedy, temperature: 1 };
    const probabilities = softmax(logits);
    let below = 0;
    for (const [token, probability] of probabilities.entries()) {
      expect(predictRow(logits, request, below + 1e-6).token).toBe(token);
      expect(predictRow(logits, request, below + probability - 1e-6).token).toBe(token);
      below += probability;
    }
  });

  it("never chooses a token of weight 0, not even for u = 0", () => {
    const far = Float32Array.of(-2000, 1, 0);
    expect(predictRow(far, { ...greedy, temperature: 1 }, 0).token).toBe(1);
  });

  it("with top_k draws among the k best, lowest tokens first among equals", () => {
    const tied = Float32Array.of(0, 2, 1, 2, 2, -1, 1, 0);
    const probabilities = [0, 0.5, 0, 0.5, 0, 0, 0, 0];
    expect(chiSquare(histogram(tied, { temperature: 1.7, topK: 2 }, draws), probabilities)).toBeLessThan(limit);
  });

  it("with top_k walks the kept tokens from the most probable on", () => {
    const rising = Float32Array.of(0, 1, 2, 3);
    const request = { ...greedy, temperature: 1, topK: 3 };
    const chosen = [0, 0.64, 0.68, 0.89, 0.92].map((u) => predictRow(rising, request, u).token);
    expect(chosen).toEqual([3, 3, 2, 2, 1]); // e^3, e^2, e^1 have shares 0.665, 0.245, 0.090
  });

  it("with top_p keeps the shortest prefix that holds top_p of the tempered distribution", () => {
    // Shares at temperature 1: 0.5, 0.25, 0.15, 0.1, in this order of tokens.
    const four = Float32Array.from([0.25, 0.1, 0.5, 0.15], Math.log);
    const kept = (topP: number, more = {}) =>
      histogram(four, { temperature: 1, topP, ...more }, 3000).map((count) => count > 0);
    expect(kept(0.49)).toEqual([false, false, true, false]);
    expect(kept(0.51)).toEqual([true, false, true, false]);
    expect(kept(0.76)).toEqual([true, false, true, true]);
    expect(kept(0.91)).toEqual([true, true, true, true]);
    // At temperature 0.5 the best token has 0.25 / 0.345 = 0.72 of the squares.
    expect(kept(0.7, { temperature: 0.5 })).toEqual([false, false, true, false]);
    // After top_k 2 the best token has two thirds of what is left.
    expect(kept(0.66, { topK: 2 })).toEqual([false, false, true, false]);
    expect(kept(0.67, { topK: 2 })).toEqual([true, false, true, false]);
    const shares = [1 / 3, 0, 2 / 3, 0];
    expect(chiSquare(histogram(four, { temperature: 1, topP: 0.51 }, draws), shares)).toBeLessThan(limit);
  });

  it("with a tiny or zero top_p takes the best token", () => {
    for (const topP of [0, 1e-9]) {
      expect(histogram(logits, { temperature: 3, topP }, 100)[1]).toBe(100);
    }
  });

  it("never chooses or lists a suppressed token, and leaves it out of the softmax", () => {
    const request = { ...greedy, suppress: 1, top: 8 };
    const row = predictRow(logits, request, 0);
    const others = softmax(logits.map((logit, token) => (token === 1 ? -Infinity : logit)));
    expect(row.token).toBe(3);
    expect(row.probability).toBeCloseTo(others[3], 12);
    expect(row.top.map(({ token }) => token)).toEqual([3, 5, 7, 0, 2, 6, 4]);
    expect(histogram(logits, { temperature: 5, suppress: 1 }, 2000)[1]).toBe(0);
  });

  it("reports plain probabilities whatever the sampling was", () => {
    const plain = softmax(logits);
    for (let draw = 0; draw < 50; draw++) {
      const request = { ...greedy, temperature: 2, topK: 4, topP: 0.9, top: 3 };
      const row = predictRow(logits, request, uniform(3, 0, draw));
      expect(row.probability).toBeCloseTo(plain[row.token], 12);
      expect(row.logprob).toBeCloseTo(Math.log(plain[row.token]), 12);
      expect(row.entropy).toBeCloseTo(-plain.reduce((sum, p) => sum + p * Math.log(p), 0), 12);
      expect(row.top.map(({ token }) => token)).toEqual([1, 3, 5]);
      for (const { token, logprob } of row.top) expect(logprob).toBeCloseTo(Math.log(plain[token]), 12);
    }
  });

  it("stays finite with logits far apart", () => {
    const row = predictRow(Float32Array.of(1e4, -1e4, 0), { ...greedy, temperature: 1, top: 3 }, 0.999999);
    expect(row).toMatchObject({ token: 0, probability: 1, logprob: 0, entropy: 0 });
    expect(row.top.map(({ logprob }) => logprob)).toEqual([0, -1e4, -2e4]);
  });
});

describe.each(backends)(`$name, head requests${withoutNative}`, ({ create }) => {
  // Token t's embedding is a row of logits, which an identity head shows.
  const vocabulary = 600;
  const random = new Random(21);
  const table = new Float32Array(vocabulary * vocabulary);
  const rowOf = (token: number) => table.subarray(token * vocabulary, (token + 1) * vocabulary);
  for (let token = 0; token < 16; token++) rowOf(token).set(random.normals(vocabulary, 1 + (token % 4)));
  rowOf(16).fill(1.5); // all equal
  rowOf(17).set([7, 7], 530); // a tie beyond the first 512 tokens
  rowOf(18).set([9, 9], 511); // a tie across 512
  const showTable: Op[] = [
    { op: "embed", weight: "in", out: "x" },
    { op: "head", input: "x", weight: "out" },
  ];
  let file: ModelFile;
  let backend: Backend;

  beforeAll(async () => {
    const shape = [vocabulary, vocabulary];
    file = await fileOf([
      { name: "in", type: "F32", shape, values: table },
      { name: "out", type: "F32", shape, values: identity(vocabulary) },
    ]);
    backend = await create(bareProgram(showTable, { x: vocabulary }, vocabulary), file, { pages: 32, maxRows: 64 });
  });
  afterAll(async () => {
    await backend.dispose();
    await file.close();
  });

  const span = (tokens: number[], position: number, head: HeadRequest): Span => ({
    tokens,
    position,
    visibility: "causal",
    keyEnd: position + tokens.length,
    pages: [...Array(32).keys()],
    head,
  });
  const predict = async (tokens: number[], position: number, head: Partial<HeadRequest>): Promise<Predictions> => {
    const [predictions] = await backend.forward([span(tokens, position, ask([...tokens.keys()], head))]);
    return predictions as Predictions;
  };

  /** Compares with the definition; a draw within 1e-5 of the border of two tokens may give either. */
  function expectAsDefined(tokens: number[], position: number, head: Partial<HeadRequest>, found: Predictions): void {
    const request = ask([...tokens.keys()], head);
    for (const [i, token] of tokens.entries()) {
      const u = uniform(request.seed, position + i, request.draw);
      let row: RowPrediction | undefined;
      for (const at of [u, Math.max(0, u - 1e-5), Math.min(1 - 1e-7, u + 1e-5)]) {
        row = predictRow(rowOf(token), request, at);
        if (row.token === found.token[i]) break;
      }
      expect(found.token[i], `row ${i}, table row ${token}`).toBe(row!.token);
      expect(found.probability[i]).toBeCloseTo(row!.probability, 5);
      expect(found.logprob[i]).toBeCloseTo(row!.logprob, 4);
      expect(found.entropy[i]).toBeCloseTo(row!.entropy, 4);
      const top = found.topToken.subarray(i * request.top, (i + 1) * request.top);
      expect([...top]).toEqual(row!.top.map(({ token }) => token));
      for (const [j, { logprob }] of row!.top.entries()) {
        expect(found.topLogprob[i * request.top + j]).toBeCloseTo(logprob, 4);
      }
      expect(found.logits!.subarray(i * vocabulary, (i + 1) * vocabulary)).toEqual(rowOf(token));
    }
  }

  it.each([
    { temperature: 0 },
    { temperature: 0, top: 20 },
    { temperature: 0, suppress: 17, top: 3 },
    { temperature: 1 },
    { temperature: 0.7, suppress: 555 },
    { temperature: 1.3, topK: 40, top: 5 },
    { temperature: 1, topK: 1 },
    { temperature: 1, topP: 0.9 },
    { temperature: 0.8, topP: 0.95, topK: 50, suppress: 0, top: 1 },
    { temperature: 2, topP: 0.3 },
    { temperature: 1, topK: 100_000 },
  ])("follows the definition: %o", async (head) => {
    const tokens = [...Array(19).keys()];
    for (const [seed, draw, position] of [
      [0, 0, 7],
      [0x9e3779b9, 5, 507],
    ]) {
      const request = { ...head, seed, draw };
      expectAsDefined(tokens, position, request, await predict(tokens, position, request));
    }
  });

  it("breaks ties towards the lowest token", async () => {
    const { token } = await predict([16, 17, 18], 0, {});
    expect([...token]).toEqual([0, 530, 511]);
    const suppressed = await predict([16, 17], 0, { suppress: 530 });
    expect([...suppressed.token]).toEqual([0, 531]);
    expect((await predict([16], 0, { suppress: 0 })).token[0]).toBe(1);
  });

  it("names a draw by seed, position and draw, not by row or batch", async () => {
    const head = { temperature: 1.5, seed: 77, draw: 3 };
    const tokens = [3, 3, 3, 3, 3, 3, 3, 3];
    const together = await predict(tokens, 200, head);
    for (const [i, token] of tokens.entries()) {
      expect((await predict([token], 200 + i, head)).token[0]).toBe(together.token[i]);
    }
    expect((await predict(tokens, 200, head)).token).toEqual(together.token);
    expect(new Set(together.token).size).toBeGreaterThan(3); // positions differ
    for (const other of [{ seed: 78 }, { draw: 4 }]) {
      expect((await predict(tokens, 200, { ...head, ...other })).token).not.toEqual(together.token);
    }
  });

  it("answers only the rows asked about, span by span", async () => {
    const answers = await backend.forward([
      span([1, 2, 3, 17], 0, ask([1, 3], { logits: false, top: 2 })),
      span([4, 5], 32, ask([0])),
      { ...span([6], 64, ask([])), head: null },
      span([16], 96, ask([])),
    ]);
    expect(answers[0]!.token).toHaveLength(2);
    expect(answers[0]!.token[1]).toBe(530);
    expect(answers[0]!.logits).toBeNull();
    expect(answers[0]!.topToken).toHaveLength(4);
    expect([...answers[0]!.topToken.subarray(2)]).toEqual([530, 531]);
    expect(answers[1]!.logits).toEqual(rowOf(4));
    expect(answers[2]).toBeNull();
    expect(answers[3]!.token).toHaveLength(0);
  });

  it("refuses what a caller must not ask", async () => {
    const good = span([1, 2], 10, ask([0, 1]));
    const bad: Span[] = [
      { ...good, tokens: [] },
      { ...good, tokens: [1, 600] },
      { ...good, tokens: [-1, 2] },
      { ...good, tokens: [1.5, 2] },
      { ...good, position: -1 },
      { ...good, keyEnd: 11 },
      { ...good, keyEnd: 1025 },
      { ...good, pages: [] },
      { ...good, pages: [32] },
      { ...good, head: ask([2]) },
      { ...good, head: ask([1, 0]) },
      { ...good, head: ask([0], { suppress: 600 }) },
      { ...good, head: ask([0], { temperature: -1 }) },
      { ...good, head: ask([0], { temperature: Number.NaN }) },
      { ...good, head: ask([0], { topP: 1.1 }) },
      { ...good, head: ask([0], { topK: -1 }) },
      { ...good, head: ask([0], { top: 21 }) },
      { ...good, tokens: Array(65).fill(1), keyEnd: 75, pages: [0, 1, 2] },
    ];
    for (const wrong of bad) await expect(backend.forward([wrong])).rejects.toThrow();
    expect((await backend.forward([good]))[0]!.token).toHaveLength(2); // still well
  });

  it("lists fewer where the vocabulary runs out", async () => {
    const small = await fileOf([
      { name: "in", type: "F32", shape: [3, 3], values: Float32Array.of(1, 2, 3, 0, 0, 0, 5, 4, 5) },
      { name: "out", type: "F32", shape: [3, 3], values: identity(3) },
    ]);
    const tiny = await create(bareProgram(showTable, { x: 3 }, 3), small, { pages: 1, maxRows: 4 });
    const [found] = await tiny.forward([
      { ...span([0, 2], 0, ask([0, 1], { top: 5, suppress: 2 })), pages: [0], keyEnd: 2 },
    ]);
    await tiny.dispose();
    await small.close();
    expect([...found!.topToken]).toEqual([1, 0, -1, -1, -1, 0, 1, -1, -1, -1]);
    expect(found!.topLogprob[2]).toBe(-Infinity);
  });
});
