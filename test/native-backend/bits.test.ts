// The bits of an answer do not depend on threads, instruction set, batch or the weights' file type.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNative, nativeAvailable } from "../../src/backend/native.js";
import type { BackendOptions } from "../../src/backend/types.js";
import type { ModelFile } from "../../src/format/types.js";
import { uniform } from "../../src/util/rng.js";
import { ask } from "../backend/backends.js";
import { bareProgram, fileOf } from "../backend/weights.js";
import { bitsOf, mixedSpans, options, program, smallModel } from "./models.js";

const native = nativeAvailable();

describe.runIf(native.ok)("native answers, to the bit", () => {
  const spans = mixedSpans();
  let file: ModelFile;
  let expected: string[]; // one thread, one span a forward

  const bitsWith = async (own: Partial<BackendOptions>, perForward: number, of = file) => {
    const backend = await createNative(program, of, { ...options, ...own });
    try {
      return await bitsOf(backend, spans, perForward);
    } finally {
      await backend.dispose();
    }
  };

  beforeAll(async () => {
    file = await smallModel("Q2_0");
    expected = await bitsWith({ threads: 1 }, 1);
  });
  afterAll(() => file.close());

  it.each([1, 2, 3])("with %i threads, sixteen requests in one forward", async (threads) => {
    expect(await bitsWith({ threads }, 16)).toEqual(expected);
  });

  it.each(native.ok ? native.isa : [])("with %s", async (isa) => {
    expect(await bitsWith({ isa, threads: 2 }, 5)).toEqual(expected);
  });

  it.each(["I2_S", "TQ1_0", "TQ2_0"] as const)("from a file of %s", async (type) => {
    const other = await smallModel(type);
    expect(await bitsWith({}, 16, other)).toEqual(expected);
    await other.close();
  });

  it("draws the random numbers of util/rng", async () => {
    // Every token is equally likely, so the number drawn decides alone.
    const vocabulary = 4096;
    const zeros = await fileOf([
      { name: "w", type: "F32", shape: [1, vocabulary], values: new Float32Array(vocabulary) },
    ]);
    const ops = [
      { op: "embed", weight: "w", out: "x" },
      { op: "head", input: "x", weight: "w" },
    ] as const;
    const backend = await createNative(bareProgram([...ops], { x: 1 }, vocabulary), zeros, { pages: 32, maxRows: 64 });
    const pages = [...Array(32).keys()];
    for (const [seed, position, draw] of [
      [0, 0, 0],
      [1, 900, 7],
      [0xffffffff, 33, 123456],
      [-5, 1, 2 ** 31],
      [12345678901, 500, 3],
    ]) {
      const rows = [...Array(40).keys()];
      const head = ask(rows, { temperature: 1, seed, draw, logits: false });
      const tokens = rows.map(() => 0);
      const span = { tokens, position, visibility: "causal", keyEnd: position + 40, pages, head } as const;
      const [answer] = await backend.forward([span]);
      const drawn = rows.map((row) => Math.floor(uniform(seed, position + row, draw) * vocabulary));
      expect([...answer!.token]).toEqual(drawn);
    }
    await backend.dispose();
    await zeros.close();
  });
});
