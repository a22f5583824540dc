// A requantised head answers to the bit as a file whose head is stored in that type, whatever the
// threads, instruction set and batch, and leaves the embedding alone.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headInMemory, storedHead } from "../../src/backend/head.js";
import { createNative, nativeAvailable } from "../../src/backend/native.js";
import { createReference } from "../../src/backend/reference.js";
import { type BackendOptions, headTypes } from "../../src/backend/types.js";
import { type BlockType, packFloats, unpackFloats } from "../../src/format/tensors/index.js";
import type { ModelFile } from "../../src/format/types.js";
import { buildProgram } from "../../src/model/program.js";
import { backends, largestDifference, logitsOf, wholeSpan } from "../backend/backends.js";
import { bareProgram, fileOf, Random, type Tensor } from "../backend/weights.js";
import { bitsOf, hp, mixedSpans, options } from "./models.js";

const native = nativeAvailable();
const untied = buildProgram({ ...hp, tiedHead: false });
const tied = buildProgram(hp);

/** The same small model in every form of its head: values that f16 holds, or `stored` made of them. */
function modelWith(roles: typeof tied.roles, stored: "F32" | "F16" | "BF16" | BlockType, head = stored) {
  const random = new Random(79);
  const tensors = roles.map(({ name, shape, kind }): Tensor => {
    const [columns, rows] = shape;
    if (kind === "vector") return { name, shape, type: "F32", values: random.normals(columns, 0.2, 1) };
    if (name.startsWith("blk")) {
      return { name, shape, type: "Q2_0", codes: random.codes(columns * rows), scale: 0.0625 };
    }
    const values = embedding(columns * rows);
    return { name, shape, type: name === "output.weight" ? head : stored, values };
  });
  return fileOf(tensors);
}

/** Few bits a value, so that bf16 and f16 hold it too. */
function embedding(length: number): Float32Array {
  const values = new Random(80).normals(length, 0.05);
  return unpackFloats("BF16", packFloats("BF16", values)).map((x) => (Math.abs(x) < 2 ** -14 ? 0 : x));
}

describe.runIf(native.ok)("a requantised head, to the bit", () => {
  const spans = mixedSpans();
  const bits = async (model: typeof tied, file: ModelFile, own: Partial<BackendOptions> = {}, perForward = 16) => {
    const backend = await createNative(model.program, file, { ...options, ...own });
    try {
      return await bitsOf(backend, spans, perForward);
    } finally {
      await backend.dispose();
    }
  };

  describe.each(headTypes)("%s", (head) => {
    const type = head.toUpperCase() as BlockType;
    let shared: ModelFile; // F16, tied
    let expected: string[]; // of a file with an F16 embedding and a stored head
    beforeAll(async () => {
      shared = await modelWith(tied.roles, "F16");
      const stored = await modelWith(untied.roles, "F16", type);
      expected = await bits(untied, stored, { threads: 1 }, 1);
      await stored.close();
    });
    afterAll(() => shared.close());

    it.each(["F32", "F16", "BF16"] as const)("equals a stored one, made of %s", async (stored) => {
      const file = await modelWith(untied.roles, stored);
      expect(await bits(untied, file, { head })).toEqual(expected);
      expect(await bits(untied, file)).not.toEqual(expected);
      await file.close();
    });

    it("is not the embedding, though the file has one tensor for both", async () => {
      expect(await bits(tied, shared, { head })).toEqual(expected);
    });

    it.each(native.ok ? native.isa : [])("is the same with %s and any threads", async (isa) => {
      expect(await bits(tied, shared, { head, isa, threads: 1 }, 3)).toEqual(expected);
      expect(await bits(tied, shared, { head, isa, threads: 3 }, 5)).toEqual(expected);
    });

    it("is taken as it is when it is stored so", async () => {
      const file = await modelWith(untied.roles, "F16", type);
      expect(await bits(untied, file, { head })).toEqual(expected);
      await file.close();
    });

    it("counts as memory, and as progress", async () => {
      const seen: number[][] = [];
      const onProgress = (done: number, total: number) => seen.push([done, total]);
      const plain = await createNative(tied.program, shared, options);
      const backend = await createNative(tied.program, shared, { ...options, head, onProgress });
      const { bytes } = headInMemory(storedHead(tied.program, shared.tensors)!, head);
      expect(backend.info.weightBytes - plain.info.weightBytes).toBe(bytes);
      expect(seen.at(-1)![0]).toBe(seen.at(-1)![1]);
      expect(seen.at(-1)![1]).toBeGreaterThan(bytes);
      await plain.dispose();
      await backend.dispose();
    });
  });
});

describe.each(backends)("$name with a requantised head", ({ create, tolerance }) => {
  // What comes out of the embedding goes into the head: logits tell of both.
  const columns = 256;
  const vocabulary = 700;
  const ops = [
    { op: "embed", weight: "w", out: "x" },
    { op: "head", input: "x", weight: "w" },
  ] as const;
  const program = bareProgram([...ops], { x: columns }, vocabulary);
  const span = wholeSpan([3, 699, 0, 511, 512, 64, 65]);
  let file: ModelFile;
  beforeAll(async () => {
    const values = new Random(81).normals(columns * vocabulary);
    file = await fileOf([{ name: "w", type: "Q8_0", shape: [columns, vocabulary], values }]);
  });
  afterAll(() => file.close());

  it.each(headTypes)("multiplies the stored embedding with the %s head", async (head) => {
    const backend = await create(program, file, { pages: 1, maxRows: 64, head });
    const stored = unpackFloats("Q8_0", await file.read(file.tensors.get("w")!));
    const type = head.toUpperCase() as BlockType;
    const packed = type === "Q8_0" ? stored : unpackFloats(type, packFloats(type, stored));
    const expected = span.tokens.flatMap((token) =>
      Array.from({ length: vocabulary }, (_, row) => {
        let sum = 0;
        for (let i = 0; i < columns; i++) sum += stored[token * columns + i] * packed[row * columns + i];
        return sum;
      }),
    );
    expect(largestDifference(await logitsOf(backend, span), expected)).toBeLessThan(tolerance);
    await backend.dispose();
  });

  it("refuses a type whose blocks are longer than the rows, naming those that fit", async () => {
    for (const [width, words] of [
      [96, "blocks of 256. Use --head q8_0 or q4_0."],
      [100, "no type fits"],
    ] as const) {
      const values = new Random(82).normals(4 * width);
      const narrow = await fileOf([{ name: "w", type: "F16", shape: [width, 4], values }]);
      const refused = create(bareProgram([...ops], { x: width }, 4), narrow, { pages: 1, maxRows: 8, head: "q6_k" });
      const message = expect.stringContaining(words);
      await expect(refused).rejects.toMatchObject({ code: "type_does_not_fit", param: "head", message });
      await narrow.close();
    }
  });

  it("is near the reference in every type", async () => {
    for (const head of headTypes) {
      const [backend, reference] = await Promise.all(
        [create, createReference].map((make) => make(program, file, { pages: 1, maxRows: 64, head })),
      );
      expect(largestDifference(await logitsOf(backend, span), await logitsOf(reference, span))).toBeLessThan(tolerance);
      await backend.dispose();
      await reference.dispose();
    }
  });
});
