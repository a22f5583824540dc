// Whole forwards against PyTorch: every architecture, causal, block-causal and context-causal, with
// DualCache steps over stale K/V; however the same work is cut into chunks, spread over pages and
// put together into forwards.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, pageSize, type Span } from "../../src/backend/types.js";
import { hash } from "../../src/util/rng.js";
import { ask, backends, largestDifference, withoutNative } from "./backends.js";
import { floatModels, type Oracle, openOracle, type Run, ternaryModels } from "./oracle.js";

const pagesPerCase = 6; // four of 32 for the context, two that scratch runs write instead
const caseNames = ["causal", "block-causal", "context-causal"];
const options = { pages: 3 * pagesPerCase, maxRows: 256 };

describe.each(backends)(`$name against PyTorch${withoutNative}`, ({ create, tolerance }) => {
  const open = async (model: string) => {
    const oracle = await openOracle(model);
    const backend = await create(oracle.program, oracle.file, options);
    const close = async () => {
      await backend.dispose();
      await oracle.file.close();
    };
    return { oracle, backend, close };
  };

  describe.each(floatModels)("%s", (model) => {
    let oracle: Oracle;
    let backend: Backend;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ oracle, backend, close } = await open(model));
    });
    afterAll(() => close());

    const expectEqual = (answers: Answer[]) => {
      expect(answers.length).toBeGreaterThan(0);
      for (const { found, expected } of answers) expect(largestDifference(found, expected)).toBeLessThan(tolerance);
    };

    it.each(caseNames)("%s, one forward a run", async (name) => {
      const runs = oracle.cases.get(name);
      if (runs === undefined) return expect(oracle.program.blockLength % pageSize).not.toBe(0); // no such case
      expectEqual(await replay(backend, runs.map(alone)));
    });

    it("causal rows in chunks", async () => {
      expectEqual(await replay(backend, split(oracle.cases.get("causal")![0], 5).map(alone)));
    });

    it("block-causal prefill cut at block borders, the chunks in one forward", async () => {
      const chunks = split(oracle.cases.get("block-causal")![0], oracle.program.blockLength);
      expectEqual(await replay(backend, [chunks.flatMap(alone)]));
    });

    it("all cases at once, in lockstep, on shuffled pages", async () => {
      expectEqual(await replay(backend, inLockstep(oracle)));
    });
  });

  it("ternary models: probabilities within 0.02, the same winner in 99 % of all rows", async () => {
    const total = { rows: 0, sameWinner: 0 };
    for (const model of ternaryModels) {
      const { oracle, backend, close } = await open(model);
      const answers = await replay(backend, [...oracle.cases.values()].flat().map(alone));
      const { largest, rows, sameWinner } = compareProbabilities(answers, oracle.program.vocabulary);
      expect(largest, model).toBeLessThan(0.02);
      total.rows += rows;
      total.sameWinner += sameWinner;
      await close();
    }
    expect(total.rows).toBeGreaterThan(300);
    expect(total.sameWinner / total.rows).toBeGreaterThanOrEqual(0.99);
  });

  it("a ternary model: all cases at once, in lockstep, on shuffled pages", async () => {
    const { oracle, backend, close } = await open("bitnet-i2_s");
    const answers = await replay(backend, inLockstep(oracle));
    expect(compareProbabilities(answers, oracle.program.vocabulary).largest).toBeLessThan(0.02);
    await close();
  });
});

/** A run and where its sequence's pages are. */
interface Placed {
  run: Run;
  table: Table;
}

interface Answer {
  found: Float32Array; // [rows, vocabulary]
  expected: Float32Array; // [rows, vocabulary]
}

/** Runs forwards one after another. */
async function replay(backend: Backend, forwards: Placed[][]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const placed of forwards) {
    const predictions = await backend.forward(placed.map(({ run, table }) => toSpan(run, table)));
    for (const [i, { run }] of placed.entries()) {
      if (predictions[i] !== null) answers.push({ found: predictions[i].logits!, expected: run.expected });
    }
  }
  return answers;
}

/** A forward of its own on pages 0, 1, ... */
function alone(run: Run): Placed[] {
  return [{ run, table: tables.plain }];
}

/** Forward i holds run i of every case, each case a sequence with pages of its own. */
function inLockstep({ cases }: Oracle): Placed[][] {
  const sequences = [...cases.values()];
  const longest = Math.max(...sequences.map((runs) => runs.length));
  return Array.from({ length: longest }, (_, i) =>
    sequences.flatMap((runs, s) => (i < runs.length ? [{ run: runs[i], table: tables.shuffled[s] }] : [])),
  );
}

/** Page numbers of one sequence: positions p < 128 in committed[p / 32], scratch runs end in scratch. */
interface Table {
  committed: number[];
  scratch: number[];
}

const tables = { plain: table([0, 1, 2, 3, 4, 5]), shuffled: shuffledTables() };

function table(pages: number[]): Table {
  return { committed: pages.slice(0, 4), scratch: pages.slice(4) };
}

function shuffledTables(): Table[] {
  const pages = Array.from({ length: options.pages }, (_, i) => i).sort((a, b) => hash(1, a, 0) - hash(1, b, 0));
  return [0, 1, 2].map((c) => table(pages.slice(c * pagesPerCase, (c + 1) * pagesPerCase)));
}

/** Scratch runs decode the block that begins at position 64, so pages 2 and up are theirs. */
function toSpan(run: Run, { committed, scratch }: Table): Span {
  const pages = run.scratch ? [...committed.slice(0, 2), ...scratch] : committed;
  return {
    tokens: run.tokens,
    position: run.position,
    visibility: run.visibility,
    keyEnd: run.keyEnd,
    pages: pages.slice(0, Math.ceil(run.keyEnd / pageSize)),
    head: run.rows.length === 0 ? null : ask(run.rows),
  };
}

/** The same rows as runs of at most `size`, each of which sees what lies up to its own end. */
function split(run: Run, size: number): Run[] {
  const vocabulary = run.expected.length / run.rows.length;
  const parts: Run[] = [];
  for (let start = 0; start < run.tokens.length; start += size) {
    const end = Math.min(start + size, run.tokens.length);
    const known = run.rows.flatMap((row, i) => (row >= start && row < end ? [{ row, i }] : []));
    const expected = known.flatMap(({ i }) => [...run.expected.subarray(i * vocabulary, (i + 1) * vocabulary)]);
    parts.push({
      ...run,
      tokens: run.tokens.slice(start, end),
      position: run.position + start,
      keyEnd: run.position + end,
      rows: known.map(({ row }) => row - start),
      expected: Float32Array.from(expected),
    });
  }
  return parts;
}

/**
 * An activation at a rounding boundary may get the neighbouring int8 code, which moves the logits of
 * a ternary model by more than rounding; so its probabilities are compared.
 */
function compareProbabilities(
  answers: Answer[],
  vocabulary: number,
): { largest: number; rows: number; sameWinner: number } {
  const result = { largest: 0, rows: 0, sameWinner: 0 };
  for (const { found, expected } of answers) {
    for (let start = 0; start < expected.length; start += vocabulary) {
      const a = softmax(found.subarray(start, start + vocabulary));
      const b = softmax(expected.subarray(start, start + vocabulary));
      result.rows++;
      if (a.indexOf(Math.max(...a)) === b.indexOf(Math.max(...b))) result.sameWinner++;
      result.largest = Math.max(result.largest, largestDifference(a, b));
    }
  }
  return result;
}

function softmax(logits: Float32Array): number[] {
  const max = Math.max(...logits);
  const weights = Array.from(logits, (logit) => Math.exp(logit - max));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
