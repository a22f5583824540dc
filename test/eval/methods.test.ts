// Which ways of decoding are compared, and which of them stand for their mode.

import { describe, expect, it } from "vitest";
import { mainMethods, methodsFor, optionsOf } from "../../src/eval/methods.js";
import { info } from "./scripted-model.js";

const all = methodsFor(info, {});
const names = (methods: readonly { name: string }[]) => methods.map(({ name }) => name);

describe("methods", () => {
  it("are every mode with its usual thresholds and sub-blocks", () => {
    expect(names(all)).toEqual([
      "autoregressive",
      "verified",
      "one by one, left to right",
      "iterative 0.99, whole block",
      "iterative 0.95, whole block",
      "iterative 0.9, whole block",
      "iterative 0.7, whole block",
      "iterative 0.5, whole block",
      "iterative 0.99, sub-blocks of 8",
      "iterative 0.95, sub-blocks of 8",
      "iterative 0.9, sub-blocks of 8",
      "iterative 0.7, sub-blocks of 8",
      "iterative 0.5, sub-blocks of 8",
      "adaptive 0.9, whole block",
      "adaptive 0.9, sub-blocks of 8",
      "greedy, whole block",
    ]);
  });

  it("pass on only what a mode uses, and nothing random", () => {
    const options = Object.fromEntries(all.map((method) => [method.name, optionsOf(method)]));
    const fixed = { temperature: 0, seed: 0 };
    expect(options.verified).toEqual({ decodeMode: "verified", ...fixed });
    expect(options["greedy, whole block"]).toEqual({ decodeMode: "greedy", ...fixed, smallBlockSize: 32 });
    const oneByOne = { decodeMode: "iterative", ...fixed, threshold: 1, smallBlockSize: 1 };
    expect(options["one by one, left to right"]).toEqual(oneByOne);
    expect(options["iterative 0.7, sub-blocks of 8"]).toMatchObject({ threshold: 0.7, smallBlockSize: 8 });
    expect(options["adaptive 0.9, whole block"]).toMatchObject({ threshold: 0.9, smallBlockSize: 32 });
  });

  it("are those that were chosen", () => {
    const grid = (choice: Parameters<typeof methodsFor>[1]) =>
      methodsFor(info, choice).map(({ mode, threshold, smallBlockSize }) => [mode, threshold, smallBlockSize]);
    expect(grid({ modes: ["adaptive", "iterative"], thresholds: [0.8] })).toEqual([
      ["iterative", 0.8, 32],
      ["iterative", 0.8, 8],
      ["adaptive", 0.8, 32],
      ["adaptive", 0.8, 8],
    ]);
    expect(grid({ modes: ["adaptive"], smallBlockSizes: [16, 4] })).toEqual([
      ["adaptive", 0.9, 16],
      ["adaptive", 0.9, 4],
    ]);
  });

  it("are those that the model can run", () => {
    const causal = { decodeModes: ["autoregressive" as const], blockLength: null };
    expect(methodsFor(causal, {})).toHaveLength(1);
    expect(() => methodsFor(causal, { modes: ["verified"] })).toThrow(/cannot decode in the mode "verified"/);
    const short = { ...info, blockLength: 4 };
    expect(methodsFor(short, { modes: ["adaptive"] }).map(({ smallBlockSize }) => smallBlockSize)).toEqual([4]);
  });

  it("are possible", () => {
    expect(() => methodsFor(info, { thresholds: [0.5, 1.5] })).toThrow(/threshold 1\.5 is impossible/);
    expect(() => methodsFor(info, { thresholds: [0] })).toThrow(/above 0/);
    expect(() => methodsFor(info, { smallBlockSizes: [8, 12] })).toThrow(/Sub-blocks of 12 do not divide.*32/);
  });
});

describe("the main methods", () => {
  it("are one of each mode, as a server would decode", () => {
    expect(names(mainMethods(all))).toEqual([
      "autoregressive",
      "verified",
      "iterative 0.9, sub-blocks of 8",
      "adaptive 0.9, sub-blocks of 8",
      "greedy, whole block",
    ]);
  });

  it("are the nearest to that where it was not measured", () => {
    const chosen = methodsFor(info, { modes: ["iterative"], thresholds: [0.5, 0.8], smallBlockSizes: [32, 16] });
    expect(names(mainMethods(chosen))).toEqual(["iterative 0.8, sub-blocks of 16"]);
  });
});
