// Each operation alone, in every backend: the embedding holds the inputs, the head is the
// identity, so the logits are the operation's output, exactly.

import { describe, expect, it } from "vitest";
import type { Op, Program } from "../../src/backend/program.js";
import { tensorTypeTable } from "../../src/format/tensor-types.js";
import { packTernary, tensorToFloats } from "../../src/format/tensors/index.js";
import { ropeTable } from "../../src/model/rope.js";
import { roundHalfEven } from "../../src/util/half.js";
import { backends, type Candidate, largestDifference, logitsOf, wholeSpan, withoutNative } from "./backends.js";
import { readJson } from "./oracle.js";
import { bareProgram, fileOf, identity, Random, type Tensor } from "./weights.js";

interface Single {
  /** [n, columns] */
  input: Float32Array;
  columns: number;
  /** From activation "x" to activation "y". */
  op: Op;
  /** Width of "y". */
  width: number;
  weights: Tensor[];
  attention?: Pick<Program, "headDim" | "rope">;
}

/** Runs one op over the rows of `input`, which stand at positions 0, 1, ...; returns [n, width]. */
async function run(
  { create }: Candidate,
  { input, columns, op, width, weights, attention }: Single,
): Promise<Float32Array> {
  const n = input.length / columns;
  const vocabulary = Math.max(n, width); // one number for the embedding's and the head's rows
  const head = new Float32Array(vocabulary * width);
  head.set(identity(width));
  const embedding = new Float32Array(vocabulary * columns);
  embedding.set(input);
  const file = await fileOf([
    { name: "in", type: "F32", shape: [columns, vocabulary], values: embedding },
    { name: "out", type: "F32", shape: [width, vocabulary], values: head },
    ...weights,
  ]);
  const out = op.op === "rope" ? "x" : "y";
  const ops: Op[] = [{ op: "embed", weight: "in", out: "x" }, op, { op: "head", input: out, weight: "out" }];
  const program = { ...bareProgram(ops, { x: columns, [out]: width }, vocabulary), ...attention };
  const backend = await create(program, file, { pages: 2, maxRows: 64 });
  const logits = await logitsOf(backend, wholeSpan([...Array(n).keys()]));
  await backend.dispose();
  await file.close();
  return Float32Array.from({ length: n * width }, (_, i) => {
    return logits[Math.floor(i / width) * vocabulary + (i % width)];
  });
}

const linearOp: Op = { op: "linear", input: "x", weight: "w", bias: null, out: "y" };
const ternaryTypes = ["I2_S", "TQ1_0", "TQ2_0", "Q2_0"] as const;

describe.each(backends)(`$name, one op at a time${withoutNative}`, (candidate) => {
  describe("ternary linear", () => {
    const oracle = readTernaryOracle();
    const { columns, alpha, x, scales } = oracle;

    it.each(ternaryTypes)("%s: activation codes as PyTorch's", async (type) => {
      const codes = Uint8Array.from(identity(columns), (value) => value + 1);
      const weights: Tensor[] = [{ name: "w", type, shape: [columns, columns], codes, scale: 1 }];
      const y = await run(candidate, { input: x, columns, op: linearOp, width: columns, weights });
      let atBoundary = 0;
      for (let i = 0; i < x.length; i++) {
        const scale = scales[Math.floor(i / columns)];
        const code = Math.round(y[i] / Math.fround(1 / scale));
        if (code === oracle.codes[i]) continue;
        const exact = x[i] * scale;
        expect(Math.abs(exact - Math.floor(exact) - 0.5)).toBeLessThan(1e-5);
        atBoundary++;
      }
      expect(atBoundary).toBeLessThan(3);
    });

    it.each(ternaryTypes)("%s: the integer sums of PyTorch, scaled in its order", async (type) => {
      const rows = oracle.t.length / columns;
      const weights: Tensor[] = [{ name: "w", type, shape: [columns, rows], codes: oracle.t, scale: alpha }];
      const y = await run(candidate, { input: x, columns, op: linearOp, width: rows, weights });
      const sums = y.map((value, i) => Math.round(value / Math.fround(alpha / scales[Math.floor(i / rows)])));
      expect(sums).toEqual(Float32Array.from(oracle.sums));
      expect(y).toEqual(oracle.y);
    });

    it.each(["TQ1_0", "TQ2_0", "Q2_0"] as const)("%s with a scale for every block", async (type) => {
      const random = new Random(5);
      const block = tensorTypeTable[type].blockElements;
      const [wide, rows] = [3 * block, 7];
      const codes = random.codes(wide * rows);
      const alphas = Float32Array.from({ length: codes.length / block }, () => random.integer(1, 64) / 64);
      codes.fill(1, block, 2 * block); // a block of zeros
      const bytes = [...alphas].map((scale, b) => packTernary(type, codes.subarray(b * block, (b + 1) * block), scale));
      const weights: Tensor[] = [{ name: "w", type, shape: [wide, rows], bytes: Buffer.concat(bytes) }];
      const input = random.normals(5 * wide);
      const y = await run(candidate, { input, columns: wide, op: linearOp, width: rows, weights });
      const expected = y.map((_, i) => {
        const row = input.subarray(Math.floor(i / rows) * wide, (Math.floor(i / rows) + 1) * wide);
        const scale = Math.fround(127 / row.reduce((max, value) => Math.max(max, Math.abs(value)), 0));
        const at = (i % rows) * wide;
        let sum = 0;
        for (const [c, value] of row.entries()) {
          sum += alphas[Math.floor((at + c) / block)] * (codes[at + c] - 1) * roundHalfEven(Math.fround(value * scale));
        }
        return sum / scale;
      });
      expect(largestDifference(y, expected)).toBeLessThan(1e-4);
    });

    it("takes the one scale of blocks that agree, whatever blocks of zeros carry", async () => {
      const random = new Random(6);
      const codes = random.codes(2 * 512);
      codes.fill(1, 256, 512);
      const scale = 0.0712890625; // an f16 number
      const parts = [scale, 3, scale, scale].map((scale, b) =>
        packTernary("TQ2_0", codes.subarray(256 * b, 256 * (b + 1)), scale),
      );
      const input = random.normals(4 * 512);
      const shape = [512, 2];
      const base = { input, columns: 512, op: linearOp, width: 2 };
      const mixed: Tensor = { name: "w", type: "TQ2_0", shape, bytes: Buffer.concat(parts) };
      const single: Tensor = { name: "w", type: "I2_S", shape, codes, scale };
      expect(await run(candidate, { ...base, weights: [mixed] })).toEqual(
        await run(candidate, { ...base, weights: [single] }),
      );
    });
  });

  it.each(["F32", "F16", "BF16", "Q8_0"] as const)("linear with %s weights and a bias, in f32", async (type) => {
    const random = new Random(11);
    const shapes =
      type === "Q8_0"
        ? [
            [32, 5],
            [96, 33],
          ]
        : [
            [1, 1],
            [7, 3],
            [33, 17],
            [64, 130],
          ];
    for (const [columns, rows] of shapes) {
      const n = random.integer(1, 37);
      const values = random.normals(columns * rows);
      const bias = random.normals(rows);
      const weights: Tensor[] = [
        { name: "w", type, shape: [columns, rows], values },
        { name: "b", type: "F32", shape: [rows], values: bias },
      ];
      const input = random.normals(n * columns);
      const op: Op = { ...linearOp, bias: "b" };
      const y = await run(candidate, { input, columns, op, width: rows, weights });
      const stored = await roundTrip(weights[0]);
      const expected = y.map((_, i) => {
        const [r, o] = [Math.floor(i / rows), i % rows];
        let sum = 0;
        for (let c = 0; c < columns; c++) sum += input[r * columns + c] * stored[o * columns + c];
        return sum + bias[o];
      });
      expect(largestDifference(y, expected)).toBeLessThan(1e-4);
    }
  });

  it.each(["F16", "BF16", "Q8_0", "I2_S", "TQ1_0", "TQ2_0", "Q2_0"] as const)(
    "embedding and head with %s weights: dequantised, no int8 anywhere",
    async (type) => {
      const random = new Random(12);
      const [columns, vocabulary] = [256, 6];
      const shape = [columns, vocabulary];
      const table: Tensor =
        type === "F16" || type === "BF16" || type === "Q8_0"
          ? { name: "w", type, shape, values: random.normals(columns * vocabulary) }
          : { name: "w", type, shape, codes: random.codes(columns * vocabulary), scale: 0.375 };
      const stored = await roundTrip(table);
      const norm = random.normals(columns, 0.1, 1);
      const file = await fileOf([table, { name: "n", type: "F32", shape: [columns], values: norm }]);
      const ops: Op[] = [
        { op: "embed", weight: "w", out: "x" },
        { op: "norm", input: "x", weight: "n", eps: 0, out: "x" },
        { op: "head", input: "x", weight: "w" },
      ];
      const program = bareProgram(ops, { x: columns }, vocabulary);
      const backend = await candidate.create(program, file, { pages: 2, maxRows: 8 });
      const logits = await logitsOf(backend, wholeSpan([...Array(vocabulary).keys()]));
      await backend.dispose();
      await file.close();
      const expected = logits.map((_, i) => {
        const row = (r: number) => stored.subarray(r * columns, (r + 1) * columns);
        const [a, b] = [row(Math.floor(i / vocabulary)), row(i % vocabulary)];
        const rms = Math.sqrt(a.reduce((sum, value) => sum + value * value, 0) / columns);
        return a.reduce((sum, value, c) => sum + (value / rms) * norm[c] * b[c], 0);
      });
      expect(largestDifference(logits, expected)).toBeLessThan(1e-3);
    },
  );

  it("norm over odd widths, rows of zeros included", async () => {
    const random = new Random(13);
    for (const columns of [1, 5, 48, 131]) {
      const input = random.normals(9 * columns, 3);
      input.fill(0, 0, columns);
      const values = random.normals(columns, 0.2, 1);
      const weights: Tensor[] = [{ name: "w", type: "F32", shape: [columns], values }];
      const op: Op = { op: "norm", input: "x", weight: "w", eps: 1e-5, out: "y" };
      const y = await run(candidate, { input, columns, op, width: columns, weights });
      const expected = y.map((_, i) => {
        const row = input.subarray(Math.floor(i / columns) * columns, (Math.floor(i / columns) + 1) * columns);
        return (input[i] / Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / columns + 1e-5)) * values[i % columns];
      });
      expect(largestDifference(y, expected)).toBeLessThan(1e-5);
    }
  });

  it.each(["silu", "relu2"] as const)("gate with %s stays in f32, far out too", async (activation) => {
    const input = Float32Array.of(-1000, -88, -20, -1.5, -1e-4, 0, 1e-4, 0.5, 3, 20, 88, 300, 2000);
    const op: Op = { op: "gate", gate: "x", up: "x", activation, out: "y" };
    const y = await run(candidate, { input, columns: input.length, op, width: input.length, weights: [] });
    for (const [i, g] of input.entries()) {
      const expected = (activation === "silu" ? g / (1 + Math.exp(-g)) : Math.max(g, 0) ** 2) * g;
      expect(Math.abs(y[i] - expected)).toBeLessThanOrEqual(1e-6 * Math.abs(expected) + 1e-30);
    }
  });

  it("adds", async () => {
    const input = new Random(14).normals(3 * 21);
    const op: Op = { op: "add", a: "x", b: "x", out: "y" };
    const y = await run(candidate, { input, columns: 21, op, width: 21, weights: [] });
    expect(y).toEqual(input.map((value) => 2 * value));
  });

  it.each(["half", "adjacent"] as const)(
    "rope turns %s pairs of the first dimensions of each head",
    async (pairing) => {
      const random = new Random(15);
      for (const [heads, headDim, dim] of [
        [1, 2, 2],
        [3, 16, 16],
        [2, 10, 6],
        [5, 36, 34],
      ]) {
        const columns = heads * headDim;
        const input = random.normals(40 * columns);
        const table = ropeTable(1024, { dim, pairing, base: 100, scale: 1 });
        const op: Op = { op: "rope", input: "x", heads };
        const y = await run(candidate, {
          input,
          columns,
          op,
          width: columns,
          weights: [],
          attention: { headDim, rope: table },
        });
        const expected = input.map((value, i) => {
          const [position, d] = [Math.floor(i / columns), i % headDim];
          if (d >= dim) return value;
          const first = pairing === "half" ? d < dim / 2 : d % 2 === 0;
          const distance = pairing === "half" ? dim / 2 : 1;
          const pair = pairing === "half" ? d % (dim / 2) : Math.floor(d / 2);
          const angle = position * 100 ** ((-2 * pair) / dim);
          const other = first ? -input[i + distance] : input[i - distance];
          return value * Math.cos(angle) + other * Math.sin(angle);
        });
        expect(largestDifference(y, expected)).toBeLessThan(1e-5);
      }
    },
  );
});

/** The tensor's values as they come back from a file. */
async function roundTrip(tensor: Tensor): Promise<Float32Array> {
  const file = await fileOf([tensor]);
  const info = file.tensors.get(tensor.name)!;
  const values = tensorToFloats(info.type, await file.read(info));
  await file.close();
  return values;
}

/** See scripts/oracles/ternary_linear.py. */
function readTernaryOracle() {
  const { columns, alpha, x, codes, t, sums, y } = readJson("ternary-linear.json");
  const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "base64")).buffer;
  const input = new Float32Array(bytes(x)); // [n, columns]
  const scales: number[] = [];
  for (let start = 0; start < input.length; start += columns) {
    const max = input.subarray(start, start + columns).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    scales.push(Math.fround(127 / Math.max(max, Math.fround(1e-5))));
  }
  return {
    columns: columns as number,
    alpha: alpha as number,
    x: input,
    scales,
    codes: new Int8Array(bytes(codes)), // [n, columns]
    t: Uint8Array.from((t as string[]).join(""), Number), // [rows, columns], t + 1
    sums: new Int32Array(bytes(sums)), // [n, rows]
    y: new Float32Array(bytes(y)), // [n, rows]
  };
}
