// Random small models of random shapes: every backend against the reference, and every backend
// against itself when the same rows are cut, batched and paged differently, which must not
// change a bit.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createReference } from "../../src/backend/reference.js";
import { type Backend, pageSize, type Span } from "../../src/backend/types.js";
import type { ModelFile } from "../../src/format/types.js";
import { buildProgram } from "../../src/model/program.js";
import { architectures, type HyperParameters } from "../../src/model/types.js";
import { ask, backends, largestDifference, withoutNative } from "./backends.js";
import { fileOf, Random, type Tensor } from "./weights.js";

const context = 320;
const options = { pages: 3 * (context / pageSize), maxRows: 256 };

interface RandomModel {
  seed: number;
  hp: HyperParameters;
  ternary: boolean;
}

function randomModel(seed: number): RandomModel {
  const random = new Random(seed);
  const architecture = architectures[seed % architectures.length];
  const ternary = seed >= 8;
  const kvHeads = random.integer(1, 3);
  const heads = kvHeads * random.integer(1, 3);
  const headDim = ternary ? 64 : 2 * random.integer(1, 20);
  const bitnet = architecture.startsWith("bitnet");
  const hp: HyperParameters = {
    architecture,
    name: "random",
    layers: random.integer(1, 3),
    hidden: ternary ? 64 * random.integer(1, 2) : random.integer(3, 90),
    ffn: ternary ? 64 * random.integer(1, 3) : random.integer(3, 120),
    heads,
    kvHeads,
    headDim,
    vocabulary: random.pick([random.integer(2, 90), random.integer(2, 90), 540]), // a head takes 512 tokens at a time
    contextLength: context,
    normEps: 1e-5,
    ropeBase: 10_000,
    ropeDim: random.pick([headDim, 2 * random.integer(1, headDim / 2)]),
    ropeScale: random.pick([1, 2.5]),
    activation: architecture.startsWith("bitnet-") ? "relu2" : "silu",
    subNorms: bitnet,
    qkvBias: architecture === "qwen2",
    tiedHead: random.integer(0, 1) === 1,
    diffusion: {
      attention: "block-causal",
      blockLength: random.pick([8, 16, 32, 64]),
      shift: true,
      maskToken: 0,
    },
  };
  return { seed, hp, ternary };
}

function randomWeights({ seed, hp, ternary }: RandomModel): Tensor[] {
  const random = new Random(seed + 1000);
  return buildProgram(hp).roles.map(({ name, shape, kind }): Tensor => {
    const [columns, rows] = shape;
    if (kind === "vector") {
      const mean = name.endsWith("bias") ? 0 : 1;
      return { name, shape, type: "F32", values: random.normals(columns, 0.2, mean) };
    }
    if (ternary && name.startsWith("blk")) {
      return { name, shape, type: "Q2_0", codes: random.codes(columns * rows), scale: 1.2 / columns ** 0.5 };
    }
    // Attention is quiet, so that a K/V value that another order of sums rounds to its other
    // neighbour in f16 stays within the tolerance.
    const spread = name.includes("attn_output") ? 0.05 : name.startsWith("blk") ? 1 : 2;
    const values = random.normals(columns * rows, spread / columns ** 0.5);
    return { name, shape, type: random.floatType(columns), values };
  });
}

/** Three sequences on shuffled pages of one pool. */
function randomTables(seed: number): number[][] {
  const pages = new Random(seed + 2000).shuffled(options.pages);
  const each = context / pageSize;
  return [0, 1, 2].map((s) => pages.slice(s * each, (s + 1) * each));
}

function spanOf(tokens: number[], position: number, visibility: Span["visibility"], pages: number[]): Span {
  const keyEnd = position + tokens.length;
  return {
    tokens,
    position,
    visibility,
    keyEnd,
    pages: pages.slice(0, Math.ceil(keyEnd / pageSize)),
    head: ask([...tokens.keys()]),
  };
}

/** Runs the spans one after another in forwards of the given sizes; logits of each. */
async function run(backend: Backend, spans: Span[], perForward = 1): Promise<Float32Array[]> {
  const logits: Float32Array[] = [];
  for (let i = 0; i < spans.length; i += perForward) {
    const answers = await backend.forward(spans.slice(i, i + perForward));
    for (const answer of answers) logits.push(answer!.logits!);
  }
  return logits;
}

function concatenated(parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}

function expectSameBits(found: Float32Array[], expected: Float32Array[]): void {
  const bits = (parts: Float32Array[]) => Buffer.from(concatenated(parts).buffer);
  expect(bits(found).equals(bits(expected))).toBe(true);
}

// Each architecture twice, the last two ternary.
const models = Array.from({ length: 10 }, (_, seed) => randomModel(seed));

describe.each(backends)(`$name over random models${withoutNative}`, ({ name, create, tolerance }) => {
  describe.each(models)("$seed: $hp.architecture, $hp.hidden x $hp.layers", (model) => {
    const { hp, seed } = model;
    const random = new Random(seed + 3000);
    const tokens = (count: number) => Array.from({ length: count }, () => random.integer(0, hp.vocabulary - 1));
    const [pages, otherPages, thirdPages] = randomTables(seed);
    let file: ModelFile;
    let backend: Backend;
    let reference: Backend;

    beforeAll(async () => {
      file = await fileOf(randomWeights(model));
      const { program } = buildProgram(hp);
      backend = await create(program, file, options);
      reference = await createReference(program, file, options);
    });
    afterAll(async () => {
      await backend.dispose();
      await reference.dispose();
      await file.close();
    });

    const comparesWithReference = async () => {
      const { blockLength } = hp.diffusion;
      const start = Math.ceil(100 / blockLength) * blockLength;
      const spans = [
        spanOf(tokens(start), 0, "block", pages),
        spanOf(tokens(blockLength), start, "block", pages),
        // DualCache: part of the block again, over the K/V of the rest.
        { ...spanOf(tokens(blockLength / 4), start + blockLength / 2, "block", pages), keyEnd: start + blockLength },
        spanOf(tokens(random.integer(1, 60)), start + blockLength, "causal", pages),
        spanOf(tokens(1), 40, "causal", pages), // over what was there
        spanOf(tokens(8), start + blockLength - 3, "all", pages), // a window over the end of a block
        { ...spanOf(tokens(17), start + blockLength - 9, "all", pages), causalRows: 9 }, // one full, and the next
      ];
      const [found, expected] = [concatenated(await run(backend, spans)), concatenated(await run(reference, spans))];
      if (!model.ternary) expect(largestDifference(found, expected)).toBeLessThan(tolerance);
      else expect(medianDifference(found, expected)).toBeLessThan(0.02); // int8 codes at a boundary may differ
    };
    if (name !== "reference") it("equals the reference", comparesWithReference);

    it("gives the same bits row by row, in chunks and at once", async () => {
      const text = tokens(75);
      const at = (size: number, table = pages) =>
        Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
          spanOf(text.slice(i * size, (i + 1) * size), i * size, "causal", table),
        );
      const once = await run(backend, [spanOf(text, 0, "causal", pages)]);
      for (const size of [1, 7, 32]) expectSameBits(await run(backend, at(size)), once);
      // Chunks of one sequence in one forward, the last one first: all write before any reads.
      expectSameBits((await run(backend, at(11, otherPages).reverse(), 7)).reverse(), once);
    });

    it("gives causal rows the same bits whatever rows see behind them, and those the same as by themselves", async () => {
      const [text, window] = [tokens(43), tokens(9)];
      const apart = await run(backend, [spanOf(text, 0, "causal", pages), spanOf(window, text.length, "all", pages)]);
      const span = { ...spanOf([...text, ...window], 0, "all", otherPages), causalRows: text.length };
      expectSameBits(await run(backend, [span]), apart);
    });

    it("gives the same bits alone and beside others, on any pages", async () => {
      const texts = [tokens(random.integer(1, 90)), tokens(random.integer(1, 70)), tokens(random.integer(1, 90))];
      const alone: Float32Array[] = [];
      for (const text of texts) alone.push(...(await run(backend, [spanOf(text, 0, "block", pages)])));
      const together = [pages, otherPages, thirdPages].map((table, i) => spanOf(texts[i], 0, "block", table));
      expectSameBits(await run(backend, together, 3), alone);
      const moved = together.map((span, i) => ({ ...span, pages: [thirdPages, pages, otherPages][i] }));
      expectSameBits(await run(backend, moved.reverse(), 3), alone.reverse());
    });
  });

  it("refuses a second forward while one runs, and every one after dispose", async () => {
    const model = models[0];
    const file = await fileOf(randomWeights(model));
    const backend = await create(buildProgram(model.hp).program, file, options);
    expect(backend.info.kind).toBe(name.split(" ")[0]);
    const span = spanOf([0, 1, 0], 0, "causal", [0]);
    const first = backend.forward([span]);
    await expect(backend.forward([span])).rejects.toThrow();
    const closing = first.then(() => backend.dispose());
    expect((await first)[0]!.token).toHaveLength(3);
    await closing;
    await backend.dispose();
    await expect(backend.forward([span])).rejects.toThrow();
    await file.close();
  });

  it("finishes the running forward before it is disposed", async () => {
    const model = models[1];
    const file = await fileOf(randomWeights(model));
    const backend = await create(buildProgram(model.hp).program, file, options);
    const running = backend.forward([spanOf(Array(64).fill(1), 0, "causal", [0, 1])]);
    await backend.dispose();
    expect((await running)[0]!.token).toHaveLength(64);
    await file.close();
  });
});

function medianDifference(a: Float32Array, b: Float32Array): number {
  const differences = a.map((value, i) => Math.abs(value - b[i])).sort();
  return differences[differences.length >> 1];
}
