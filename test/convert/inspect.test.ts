// What inspect says of sound, odd and useless files.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { report } from "../../src/cli/inspect.js";
import { inspect } from "../../src/convert/inspect.js";
import { array, type GgufValue, string, u32 } from "../../src/format/gguf-values.js";
import { type TensorSource, writeGguf } from "../../src/format/gguf-writer.js";
import { packTernary } from "../../src/format/tensors/index.js";
import { hash } from "../../src/util/rng.js";
import { writeTiny } from "../bench/tiny-model.js";
import { temporaryFolder, unmaskError, writeTo } from "../format/files.js";
import { converter } from "./converted.js";
import { bitnet, fastDllm, float, llama, sizes, weights } from "./tiny-checkpoint.js";

const converted = converter();
const folder = temporaryFolder();

/** A file of one I2_S tensor with these codes, and whatever metadata. */
async function single(name: string, codes: Uint8Array, metadata: [string, GgufValue][] = []): Promise<string> {
  const path = join(folder, `${name}.gguf`);
  const tensor: TensorSource = {
    name: "w",
    type: "I2_S",
    shape: [1024, codes.length / 1024],
    produce: () => [packTernary("I2_S", codes, 0.25)],
  };
  await writeGguf(path, { metadata: new Map(metadata), tensors: [tensor] });
  return path;
}

function untied() {
  const checkpoint = llama();
  const { vocabulary, hidden } = sizes;
  checkpoint.config.tie_word_embeddings = false;
  checkpoint.tensors["lm_head.weight"] = float("F32", [vocabulary, hidden], weights("head", vocabulary * hidden));
  return checkpoint;
}

it("says what the engine would do with a diffusion model", async () => {
  const { report: conversion } = await converted(fastDllm());
  const inspection = await inspect(conversion.path);
  expect(inspection.problems).toEqual([]);
  expect(inspection.engine).toMatchObject({
    architecture: "qwen2",
    layers: 2,
    contextLength: 2048,
    vocabulary: 320,
    tiedHead: true,
    attention: "block-causal",
    diffusion: { blockLength: 32, shift: true, maskToken: 305 },
    defaultMode: "iterative",
    tokenizer: { pre: "qwen2", tokens: 320, addBos: false, stops: [300, 301], chatTemplate: false },
  });
  // 2 layers, K and V, 2 heads of 64, f16.
  const kvPerToken = 2 * 2 * 128 * 2;
  expect(inspection.memory).toMatchObject({ contextLength: 2048, kvPerToken, kvPool: 16 * (2048 + 32) * kvPerToken });
  expect(inspection.memory!.total).toBe(conversion.tensorBytes + inspection.memory!.kvPool);
  expect(inspection.parameters).toBe(conversion.parameters);
  expect(inspection.types.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(conversion.tensorBytes);
});

it("counts a requantised head: beside a tied embedding, instead of a head of its own", async () => {
  for (const checkpoint of [fastDllm(), untied()]) {
    const { report: conversion } = await converted(checkpoint);
    const plain = await inspect(conversion.path);
    const { vocabulary, hidden, tiedHead } = plain.engine!;
    expect(plain.engine!.head).toEqual({ type: "F16", stored: "F16" });
    const requantised = await inspect(conversion.path, { head: "q8_0" });
    expect(requantised.engine!.head).toEqual({ type: "Q8_0", stored: "F16" });
    expect(report(requantised)).toMatch(/head +Q8_0, requantised from F16 \(--head\)\n/);
    expect(report(plain)).not.toContain("requantised");
    const gone = tiedHead ? 0 : 2 * vocabulary * hidden;
    expect(requantised.memory!.weights).toBe(plain.memory!.weights + (vocabulary * hidden * 34) / 32 - gone);
  }
});

it("has a problem with a head that does not fit", async () => {
  const path = join(folder, "narrow.gguf");
  await writeTiny(path, { shape: { hidden: 64, ffn: 64, heads: 1, kvHeads: 1, vocabulary: 300 } });
  const { engine, problems } = await inspect(path, { head: "q6_k" });
  expect(engine!.head).toBeNull();
  expect(problems).toEqual([expect.stringContaining("Use --head q8_0 or q4_0.")]);
});

it("agrees with the conversion about ternary tensors", async () => {
  for (const type of ["i2_s", "tq1_0"] as const) {
    const { report: conversion } = await converted(bitnet(), { type });
    const inspection = await inspect(conversion.path);
    const found = inspection.tensors.flatMap(({ name, ternary }) => (ternary === null ? [] : [{ name, ternary }]));
    expect(found).toHaveLength(14);
    for (const { name, scale, zeroShare } of conversion.ternary) {
      const { ternary } = found.find((tensor) => tensor.name === name)!;
      expect(ternary.zeroShare).toBe(zeroShare);
      expect(ternary.scales.least / scale).toBeCloseTo(1, 3);
      expect(ternary.scales.most).toBe(ternary.scales.least);
    }
    expect(inspection.warnings.filter((warning) => warning.includes("zero"))).toEqual([]);
  }
});

it("shows that ternary was forced", async () => {
  const { report: conversion } = await converted(llama(), { type: "i2_s", forceTernary: true });
  const inspection = await inspect(conversion.path);
  expect(inspection.forcedTernary).toBe(true);
  expect(inspection.warnings[0]).toContain("--force-ternary");
  expect(report(inspection)).toMatch(/ternary +forced/);
});

describe("ternary statistics", () => {
  it("are sampled in large tensors, close to the truth", async () => {
    const codes = Uint8Array.from({ length: 1024 * 2048 }, (_, i) => (hash(5, i, 0) % 5 < 2 ? 1 : (i % 2) * 2));
    const { tensors } = await inspect(await single("large", codes));
    expect(tensors[0].ternary!.sampled).toBe(1024 * 1024);
    expect(tensors[0].ternary!.zeroShare).toBeCloseTo(0.4, 2);
    expect(tensors[0].ternary!.scales).toEqual({ least: 0.25, most: 0.25 });
  });

  it("warn of signs, of too many zeros and of codes that mean nothing", async () => {
    const warnings = async (name: string, code: (i: number) => number) =>
      (
        await inspect(
          await single(
            name,
            Uint8Array.from({ length: 4096 }, (_, i) => code(i)),
          ),
        )
      ).warnings.join("\n");
    expect(await warnings("signs", (i) => (i % 2) * 2)).toContain("no weight is zero");
    expect(await warnings("empty", () => 1)).toContain("100.0 %");
    expect(await warnings("threes", (i) => i % 4)).toContain("1024 sampled weights have code 3");
  });
});

it("lists every problem of a file the engine cannot load", async () => {
  const inspection = await inspect(
    await single("useless", new Uint8Array(1024).fill(1), [["general.architecture", string("mamba")]]),
  );
  expect(inspection.engine).toBeNull();
  expect(inspection.problems.join("\n")).toMatch(/'mamba'[\s\S]*no tokenizer/);
  expect(report(inspection)).toContain("Problems");
});

it("shortens long arrays and texts, and keeps 64-bit numbers", async () => {
  const inspection = await inspect(
    await single("long", new Uint8Array(1024).fill(1), [
      [
        "list",
        array(
          "u32",
          Array.from({ length: 1000 }, (_, i) => i),
        ),
      ],
      ["short", array("u32", [1, 2])],
      ["big", { type: "u64", value: 2n ** 60n }],
      ["text", string("x".repeat(500))],
      ["evil", string("\u001b[2Jgone")],
      ["n", u32(7)],
    ]),
  );
  expect(inspection.metadata).toMatchObject({
    list: { length: 1000, first: [0, 1, 2, 3, 4, 5, 6, 7] },
    short: [1, 2],
    big: "1152921504606846976",
    n: 7,
  });
  expect(() => JSON.stringify(inspection)).not.toThrow();
  const text = report(inspection);
  expect(text).toContain("(1000)");
  expect(text).toContain("(500 characters)");
  expect(text).not.toContain("\u001b");
});

it("refuses what is not GGUF", async () => {
  await expect(inspect(writeTo(folder, "text.gguf", "no model"))).rejects.toEqual(unmaskError("gguf_invalid"));
});

describe("the default model", () => {
  const models = join(import.meta.dirname, "../../models");

  it("loads without a problem or warning", async () => {
    const inspection = await inspect(join(models, "unmask-5m.gguf"));
    expect([inspection.problems, inspection.warnings]).toEqual([[], []]);
    expect(inspection.engine).toMatchObject({
      architecture: "bitnet",
      attention: "context-causal",
      diffusion: { blockLength: 32, shift: true, maskToken: 1023 },
      decodeModes: ["verified", "iterative", "adaptive", "greedy", "autoregressive"],
      tokenizer: { stops: [1020, 1022], chatTemplate: true },
    });
  });

  it("is the file that its card describes", async () => {
    const bytes = readFileSync(join(models, "unmask-5m.gguf"));
    const card = readFileSync(join(models, "README.md"), "utf8");
    expect(card).toContain(createHash("sha256").update(bytes).digest("hex"));
    const { metadata, parameters } = await inspect(join(models, "unmask-5m.gguf"));
    expect(card).toContain(metadata["unmask.source_sha256"]);
    expect(card).toContain(parameters.toLocaleString("en"));
    const questions = readFileSync(join(models, "unmask-5m.heldout.jsonl"), "utf8").trim().split("\n");
    expect(questions).toHaveLength(10_000);
    for (const line of questions) expect(JSON.parse(line).messages.at(-1).role).toBe("assistant");
  });
});
