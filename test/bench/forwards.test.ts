// The measured forwards: valid for every kind of model, and counted rightly.

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { checkSpans } from "../../src/backend/spans.js";
import type { Backend, Span } from "../../src/backend/types.js";
import { forwardCandidate, forwardCases, prefillCase, randomTokens } from "../../src/bench/forwards.js";
import { hyperParametersOf, presets } from "../../src/bench/presets.js";
import { sumOfWork, workOfForward } from "../../src/bench/work.js";
import type { TensorInfo } from "../../src/format/types.js";
import { buildProgram } from "../../src/model/program.js";
import type { AttentionKind } from "../../src/model/types.js";
import { modelInfo } from "../cli/fakes.js";
import { tinyShape } from "./tiny-model.js";

function subject(attention: AttentionKind, { blockLength = 32, contextLength = 1024, maxRows = 256 } = {}) {
  const facts = { attention, blockLength, shift: true, maskToken: attention === "causal" ? null : 999 };
  return {
    facts,
    info: { ...modelInfo, attention, contextLength, vocabulary: 1000, kvPages: 64 },
    maxRows,
  };
}

function tiny() {
  const hp = hyperParametersOf("t", { ...presets["bitnet-2b"], ...tinyShape, contextLength: 1024 }, 999);
  const { program, roles } = buildProgram(hp);
  const tensors = new Map<string, TensorInfo>(
    roles.map(({ name, shape, kind }) => {
      const type = kind === "vector" ? "F32" : name.startsWith("blk.") ? "I2_S" : "F16";
      const bytes = (type === "F16" ? 2 : 4) * shape.reduce((a, b) => a * b, 1);
      return [name, { name, type, shape, offset: 0, bytes }];
    }),
  );
  return { hp, program, tensors };
}

describe("forward cases", () => {
  it.each(["causal", "block-causal", "context-causal"] as const)("are forwards a %s model takes", (attention) => {
    const { program } = tiny();
    for (const { forwards } of forwardCases(subject(attention))) {
      for (const spans of forwards) {
        expect(() => checkSpans(program, { pages: 64, maxRows: 256 }, spans)).not.toThrow();
      }
    }
  });

  it("count the rows they run", () => {
    for (const { rows, forwards, name } of forwardCases(subject("context-causal"))) {
      expect([name, forwards.flat().reduce((sum, { tokens }) => sum + tokens.length, 0)]).toEqual([name, rows]);
    }
  });

  it("read a long prompt in forwards of at most maxRows, whole blocks each, with the last row's head", () => {
    const { forwards } = prefillCase(subject("block-causal", { maxRows: 200 }), 512);
    const spans = forwards.flat();
    expect(spans.map(({ tokens }) => tokens.length)).toEqual([192, 192, 128]);
    expect(spans.map(({ position }) => position)).toEqual([0, 192, 384]);
    expect(spans.map(({ head }) => head?.rows ?? null)).toEqual([null, null, [127]]);
  });

  it("leave out what the context does not hold", () => {
    const names = forwardCases(subject("context-causal", { contextLength: 128 })).map(({ name }) => name);
    expect(names).toContain("prefill 128 tokens");
    expect(names).not.toContain("prefill 512 tokens");
    expect(names).toContain("decode 1 token");
  });

  it("use tokens of the vocabulary, the same every time", () => {
    const tokens = randomTokens(1000, 77);
    expect(Math.max(...tokens)).toBeLessThan(77);
    expect(new Set(tokens).size).toBeGreaterThan(60);
    expect(randomTokens(1000, 77)).toEqual(tokens);
  });
});

describe("a forward candidate", () => {
  it("repeats short forwards and gives the time of one", async () => {
    let clock = 0;
    let calls = 0;
    vi.spyOn(performance, "now").mockImplementation(() => clock);
    onTestFinished(() => void vi.restoreAllMocks());
    const backend = {
      forward: async (spans: readonly Span[]) => {
        calls++;
        clock += 2;
        return spans.map(() => null);
      },
    } as unknown as Backend;
    const long = forwardCases(subject("context-causal"))[1];
    expect(long.forwards).toHaveLength(2);
    const { run } = forwardCandidate(backend, long);
    expect(await run()).toBe(4);
    expect(calls).toBe(2 * (2 + 5)); // twice to warm up, then 20 ms of two forwards of 2 ms
    await run();
    expect(calls).toBe(2 * (2 + 5 + 5));
  });
});

describe("work", () => {
  const { hp, program, tensors } = tiny();
  const { hidden, ffn, heads, kvHeads, headDim, vocabulary, layers } = hp;
  const ternaryWeights = layers * (2 * hidden * heads * headDim + 2 * hidden * kvHeads * headDim + 3 * hidden * ffn);
  const cases = new Map(forwardCases(subject("context-causal")).map((test) => [test.name, test]));
  const workOf = (name: string) =>
    sumOfWork(cases.get(name)!.forwards.map((spans) => workOfForward(program, tensors, spans)));

  it("counts two operations for each row and ternary weight", () => {
    expect(workOf("denoise 32 rows, no head").int8Ops).toBe(2 * 32 * ternaryWeights);
    expect(workOf("prefill 512 tokens").int8Ops).toBe(2 * 512 * ternaryWeights);
  });

  it("counts the head for the rows that ask, and reads it once", () => {
    const [none, one, all] = ["no head", "head of 1 row", "head of 32 rows"].map((head) =>
      workOf(`denoise 32 rows, ${head}`),
    );
    expect(one.floatOps - none.floatOps).toBe(2 * hidden * vocabulary);
    expect(all.floatOps - none.floatOps).toBe(2 * 32 * hidden * vocabulary);
    expect(one.bytes - none.bytes).toBe(2 * hidden * vocabulary);
    expect(all.bytes).toBe(one.bytes);
  });

  it("counts visible keys: causal rows those before them, block rows all of the block", () => {
    const perPair = 4 * heads * headDim * layers;
    const head = 2 * hidden * vocabulary;
    const causal = (128 * 129) / 2;
    expect(workOf("prefill 128 tokens").floatOps).toBe(perPair * causal + head);
    expect(workOf("denoise 32 rows, no head").floatOps).toBe(perPair * 32 * 64);
    expect(workOf("decode 1 token").floatOps).toBe(perPair * 65 + head);
  });

  it("reads 2 bits for a ternary weight, and keys and values of every position", () => {
    const kv = (positions: number) => layers * positions * 2 * kvHeads * headDim * 2;
    expect(workOf("denoise 32 rows, no head").bytes).toBe(ternaryWeights / 4 + kv(64));
    expect(workOf("decode 1 token").bytes).toBe(ternaryWeights / 4 + kv(65) + 2 * hidden * vocabulary);
  });
});
