// Whole forwards against PyTorch: every architecture, causal, block-causal and context-causal, with
// DualCache steps over stale K/V; however the same work is cut into chunks, spread over pages and
// put together into forwards.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, type Predictions, pageSize, type Span } from "../../src/backend/types.js";
import { hash } from "../../src/util/rng.js";
import { ask, backends, largestDifference, withoutNative } from "./backends.js";
import { floatModels, type Oracle, openOracle, type Run, ternaryModels } from "./oracle.js";

const pagesPerCase = 6; // four of 32 for the context, two that scratch runs write instead
const caseNames = ["causal", "block-causal", "context-causal"];
const options = { pages: 3 * pagesPerCase, maxRows: 256 };

describe.each(backends)(`$name against PyTorch${withoutNative}`, ({ create, tolerance }) => {
  describe.each([...floatModels, ...ternaryModels])("%s", (model) => {
    const ternary = (ternaryModels as readonly string[]).includes(model);
    let oracle: Oracle;
    let backend: Backend;

    beforeAll(async () => {
      oracle = await openOracle(model);
      backend = await create(oracle.program, oracle.file, options);
    });
    afterAll(async () => {
      await backend.dispose();
      await oracle.file.close();
    });

    const check = (pairs: Answer[]) => {
      expect(pairs.length).toBeGreaterThan(0);
      if (ternary) expect(compareProbabilities(pairs, oracle.program.vocabulary).largest).toBeLessThan(0.02);
      else for (const { found, expected } of pairs) expect(largestDifference(found, expected)).toBeLessThan(tolerance);
    };

    it.each(caseNames)("%s, one forward a run", async (name) => {
      const runs = oracle.cases.get(name);
      if (runs === undefined) return expect(oracle.program.blockLength % pageSize).not.toBe(0); // no such case
      const pairs: Answer[] = [];
      for (const run of runs) pairs.push(...(await forward(backend, [toSpan(run, tables.plain)], [run])));
      check(pairs);
    });

    it.each([1, 5, 32])("causal rows in chunks of %i", async (size) => {
      const pairs: Answer[] = [];
      for (const run of split(oracle.cases.get("causal")![0], size)) {
        pairs.push(...(await forward(backend, [toSpan(run, tables.plain)], [run])));
      }
      check(pairs);
    });

    it("block-causal prefill cut at block borders, two chunks in one forward", async () => {
      const { blockLength } = oracle.program;
      const chunks = split(oracle.cases.get("block-causal")![0], blockLength);
      check(
        await forward(
          backend,
          chunks.map((run) => toSpan(run, tables.plain)),
          chunks,
        ),
      );
    });

    it("all cases at once, in lockstep, on shuffled pages", async () => {
      const cases = [...oracle.cases.values()];
      const longest = Math.max(...cases.map((runs) => runs.length));
      const pairs: Answer[] = [];
      for (let i = 0; i < longest; i++) {
        const present = cases.flatMap((runs, c) =>
          i < runs.length ? [{ run: runs[i], table: tables.shuffled[c] }] : [],
        );
        const spans = present.map(({ run, table }) => toSpan(run, table));
        pairs.push(
          ...(await forward(
            backend,
            spans,
            present.map(({ run }) => run),
          )),
        );
      }
      check(pairs);
    });
  });

  it("ternary models agree on the most probable token in 99 % of all rows", async () => {
    let rows = 0;
    let sameWinner = 0;
    for (const model of ternaryModels) {
      const { file, program, cases } = await openOracle(model);
      const backend = await create(program, file, options);
      for (const run of [...cases.values()].flat()) {
        const result = compareProbabilities(
          await forward(backend, [toSpan(run, tables.plain)], [run]),
          program.vocabulary,
        );
        rows += result.rows;
        sameWinner += result.sameWinner;
      }
      await backend.dispose();
      await file.close();
    }
    expect(rows).toBeGreaterThan(300);
    expect(sameWinner / rows).toBeGreaterThanOrEqual(0.99);
  });
});

interface Answer {
  found: Float32Array; // [rows, vocabulary]
  expected: Float32Array; // [rows, vocabulary]
}

async function forward(backend: Backend, spans: Span[], runs: Run[]): Promise<Answer[]> {
  const predictions = await backend.forward(spans);
  return runs.flatMap((run, i) => {
    if (run.rows.length === 0) return [];
    return [{ found: (predictions[i] as Predictions).logits!, expected: run.expected }];
  });
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
  pairs: Answer[],
  vocabulary: number,
): { largest: number; rows: number; sameWinner: number } {
  const result = { largest: 0, rows: 0, sameWinner: 0 };
  for (const { found, expected } of pairs) {
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
