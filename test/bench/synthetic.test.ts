// Synthetic models: every reader of this project takes them, and their numbers are what they claim.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hyperParametersOf, presetNames, presets, synthTypes } from "../../src/bench/presets.js";
import { maskToken, vocabularyMetadata } from "../../src/bench/synthetic-vocabulary.js";
import { halfMatrix, ternaryCodes, ternaryMatrix, ternaryScale } from "../../src/bench/synthetic-weights.js";
import { inspect } from "../../src/convert/inspect.js";
import { openGguf } from "../../src/format/gguf.js";
import { tensorBytes } from "../../src/format/tensor-types.js";
import { tensorToFloats, unpackTernary } from "../../src/format/tensors/index.js";
import type { TensorType } from "../../src/format/types.js";
import { loadModel, type Model } from "../../src/index.js";
import { readHyperParameters } from "../../src/model/hyperparameters.js";
import { architectures } from "../../src/model/types.js";
import { type Folder, temporaryFolder, tinyShape, writeTiny } from "./tiny-model.js";

let folder: Folder;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

function joined(chunks: Iterable<Uint8Array>): Uint8Array {
  return Buffer.concat([...chunks]);
}

describe("weights", () => {
  it("are ternary with the zeros of a trained model", () => {
    const codes = ternaryCodes(1, 2, 0, 1 << 18);
    const counts = [0, 0, 0, 0];
    for (const code of codes) counts[code]++;
    expect(counts[3]).toBe(0);
    expect(counts[1] / codes.length).toBeCloseTo(0.422, 2);
    expect(counts[0] / counts[2]).toBeCloseTo(1, 1);
  });

  it("do not depend on how they are cut into chunks", () => {
    const whole = ternaryCodes(3, 4, 0, 4096);
    expect([...ternaryCodes(3, 4, 1024, 512)]).toEqual([...whole.subarray(1024, 1536)]);
  });

  it("differ between tensors and seeds", () => {
    const codes = (seed: number, tensor: number) => ternaryCodes(seed, tensor, 0, 64).join("");
    expect(new Set([codes(0, 0), codes(0, 1), codes(1, 0), codes(1, 1)]).size).toBe(4);
  });

  it.each(["TQ2_0", "I2_S", "Q2_0"] as const)("are the same values as %s and as F16", (type) => {
    const shape = [768, 5];
    const bytes = joined(ternaryMatrix(type, shape, 9, 7));
    expect(bytes.length).toBe(tensorBytes(type, shape));
    const halves = joined(ternaryMatrix("F16", shape, 9, 7));
    const signs = (type: TensorType, bytes: Uint8Array) => [...tensorToFloats(type, bytes)].map(Math.sign);
    expect(signs(type, bytes)).toEqual(signs("F16", halves));
    expect(unpackTernary(type, bytes).scales[0]).toBeCloseTo(ternaryScale(768), 4);
  });

  it("keep the mean square of what goes through them", () => {
    const [columns, rows] = [512, 400];
    const weights = tensorToFloats("I2_S", joined(ternaryMatrix("I2_S", [columns, rows], 0, 0)));
    const input = Float64Array.from({ length: columns }, (_, i) => Math.sin(i * i) * Math.SQRT2);
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      sum += input.reduce((dot, x, k) => dot + x * weights[row * columns + k], 0) ** 2;
    }
    expect(sum / rows).toBeGreaterThan(0.8);
    expect(sum / rows).toBeLessThan(1.25);
  });

  it("of the embedding have the mean square that was asked for, odd lengths included", () => {
    const bytes = joined(halfMatrix([333, 301], 0.25, 5, 0));
    expect(bytes.length).toBe(2 * 333 * 301);
    const values = tensorToFloats("F16", bytes);
    expect(values.reduce((sum, value) => sum + value * value, 0) / values.length).toBeCloseTo(0.25, 2);
  });
});

describe("vocabulary", () => {
  const arrayOf = (size: number, key: string) => {
    const value = new Map(vocabularyMetadata(size, "llama-bpe")).get(`tokenizer.ggml.${key}`)!;
    return value.type === "array" ? value.values : [];
  };

  it.each(presetNames)("%s: as many different tokens as the embedding has rows", (name) => {
    const { vocabulary } = presets[name];
    const tokens = arrayOf(vocabulary, "tokens");
    expect(tokens).toHaveLength(vocabulary);
    expect(new Set(tokens).size).toBe(vocabulary);
    expect(arrayOf(vocabulary, "token_type")).toHaveLength(vocabulary);
  });

  it("has a merge for every token that is not a byte or a control token", () => {
    const tokens = arrayOf(20_000, "tokens") as string[];
    const merges = arrayOf(20_000, "merges") as string[];
    const known = new Set(tokens.slice(0, 256));
    expect(merges).toHaveLength(20_000 - 256 - 3);
    for (const [i, merge] of merges.entries()) {
      const [left, right] = merge.split(" ");
      expect(known.has(left) && known.has(right)).toBe(true);
      expect(left + right).toBe(tokens[256 + i]);
      known.add(left + right);
    }
  });
});

describe("files", () => {
  it.each(presetNames)("state the shape of %s", async (preset) => {
    const path = folder.file(`${preset}.gguf`);
    const small = { layers: 1, vocabulary: 300, ffn: 256, hidden: 256, heads: 4, kvHeads: 2, headDim: 64 };
    const report = await writeTiny(path, { preset, type: undefined, shape: { ...small, contextLength: 64 } });
    const file = await openGguf(path);
    const { architecture, tiedHead } = presets[preset];
    const expected = hyperParametersOf(
      report.name,
      { ...presets[preset], ...tinyShape, ...small, contextLength: 64 },
      maskToken(300),
    );
    const found = readHyperParameters(file.metadata, file.tensors);
    expect({ ...found, normEps: 0 }).toEqual({ ...expected, normEps: 0 });
    expect(found.normEps).toBeCloseTo(expected.normEps, 9);
    expect(found).toMatchObject({ architecture, tiedHead });
    await file.close();
  });

  it("inspect finds nothing wrong", async () => {
    await writeTiny(folder.file("inspected.gguf"));
    const { problems, warnings, engine, metadata } = await inspect(folder.file("inspected.gguf"));
    expect(problems).toEqual([]);
    expect(warnings).toEqual([]);
    expect(engine?.decodeModes).toEqual(["verified", "iterative", "adaptive", "greedy", "autoregressive"]);
    expect(metadata["unmask.synthetic"]).toBe(true);
  });

  it("depend on the seed and on nothing else", async () => {
    for (const [name, seed] of [
      ["a", 5],
      ["b", 5],
      ["c", 6],
    ] as const)
      await writeTiny(folder.file(name), { seed });
    const [a, b, c] = ["a", "b", "c"].map((name) => readFileSync(folder.file(name)));
    expect(a.equals(b)).toBe(true);
    expect(a.equals(c)).toBe(false);
  });

  it("report progress up to the end", async () => {
    const path = folder.file("progress.gguf");
    const seen: [number, number][] = [];
    const { synthesise } = await import("../../src/bench/synthetic-model.js");
    const report = await synthesise(path, { preset: "smollm2-135m", shape: tinyShape }, (done, total) =>
      seen.push([done, total]),
    );
    expect(seen[seen.length - 1]).toEqual([report.tensorBytes, report.tensorBytes]);
    expect(seen.every(([done], i) => i === 0 || done >= seen[i - 1][0])).toBe(true);
  });

  it.each(["tq2_0", "i2_s"] as const)("refuse rows that %s cannot store and name what can", async (type) => {
    const write = writeTiny(folder.file("never.gguf"), { type, shape: { hidden: 576, heads: 9, kvHeads: 3 } });
    await expect(write).rejects.toMatchObject({
      code: "type_does_not_fit",
      param: "type",
      message: expect.stringMatching(/rows of 576.*--type q2_0/),
    });
  });

  it("choose the type that fits", async () => {
    const wide = { hidden: 256, ffn: 512, heads: 4, kvHeads: 2 };
    expect((await writeTiny(folder.file("wide.gguf"), { type: undefined, shape: wide })).type).toBe("tq2_0");
    expect((await writeTiny(folder.file("narrow.gguf"), { type: undefined })).type).toBe("i2_s");
    const odd = { hidden: 192, heads: 3, kvHeads: 1 };
    expect((await writeTiny(folder.file("odd.gguf"), { type: undefined, shape: odd })).type).toBe("q2_0");
  });
});

describe("answers", () => {
  const load = async (name: string, options: Parameters<typeof writeTiny>[1]): Promise<Model> => {
    await writeTiny(folder.file(name), options);
    return loadModel(folder.file(name), { backend: "reference" });
  };

  it.each(architectures)("%s answers in every mode", async (architecture) => {
    const model = await load(`${architecture}.gguf`, { shape: { architecture } });
    for (const decodeMode of model.info.decodeModes) {
      const options = { decodeMode, maxTokens: 9, ignoreStop: true, seed: 1 };
      let tokens = 0;
      for await (const event of model.generate({ prompt: "ab cd" }, options)) {
        if (event.type === "text") tokens += event.tokens.length;
      }
      expect([decodeMode, tokens]).toEqual([decodeMode, 9]);
    }
    await model.dispose();
  });

  it("have logits that neither vanish nor explode", async () => {
    const model = await load("steady.gguf", { shape: { layers: 8 } });
    const logits = await model.logits([1, 2, 3, 4]);
    const meanSquare = logits.reduce((sum, logit) => sum + logit * logit, 0) / logits.length;
    expect(Math.sqrt(meanSquare)).toBeGreaterThan(2);
    expect(Math.sqrt(meanSquare)).toBeLessThan(8);
    await model.dispose();
  });

  it("are the same from every type, but for the rounding of scales", async () => {
    const shape = { hidden: 256, ffn: 512, heads: 4, kvHeads: 2 };
    const results: Float32Array[] = [];
    for (const type of synthTypes.filter((type) => type !== "f16")) {
      const model = await load(`${type}.gguf`, { type, shape });
      results.push(await model.logits([5, 6, 7]));
      await model.dispose();
    }
    for (const logits of results.slice(1)) {
      const worst = logits.reduce((most, logit, i) => Math.max(most, Math.abs(logit - results[0][i])), 0);
      expect(worst).toBeLessThan(0.5);
    }
  });

  it("read and write text", async () => {
    const model = await load("text.gguf", {});
    for (const text of ["hello world", "A b\n c! 日本", "zzzz"]) {
      expect(model.detokenize(model.tokenize({ prompt: text }))).toBe(text);
    }
    expect(model.tokenize({ prompt: "hello" }).length).toBeLessThan(4);
    await model.dispose();
  });
});
