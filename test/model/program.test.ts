import { describe, expect, it } from "vitest";
import type { Op, WeightRole } from "../../src/backend/program.js";
import type { TensorInfo } from "../../src/format/types.js";
import { readHyperParameters } from "../../src/model/hyperparameters.js";
import { buildProgram, checkWeights } from "../../src/model/program.js";
import { type Architecture, architectures } from "../../src/model/types.js";
import { type Changes, directory, embedding, metadataOf } from "./metadata.js";

function build(architecture: Architecture, changes: Changes = {}, tensors = embedding) {
  const hp = readHyperParameters(metadataOf(architecture, changes), tensors);
  return { hp, ...buildProgram(hp) };
}

/** A file that holds exactly what the roles ask for. */
function fileOf(roles: WeightRole[]): Map<string, TensorInfo> {
  return new Map(directory(Object.fromEntries(roles.map(({ name, shape }) => [name, shape]))));
}

/** Names an op reads and writes. */
function wires(op: Op): { reads: string[]; writes: string[] } {
  switch (op.op) {
    case "embed":
      return { reads: [], writes: [op.out] };
    case "norm":
    case "linear":
      return { reads: [op.input], writes: [op.out] };
    case "rope":
      return { reads: [op.input], writes: [op.input] };
    case "attend":
      return { reads: [op.q, op.k, op.v], writes: [op.out] };
    case "gate":
      return { reads: [op.gate, op.up], writes: [op.out] };
    case "add":
      return { reads: [op.a, op.b], writes: [op.out] };
    case "head":
      return { reads: [op.input], writes: [] };
  }
}

describe("programs", () => {
  it.each(architectures)("of %s read only what was written, and never over what they still read", (architecture) => {
    const { program } = build(architecture);
    const written = new Set<string>();
    for (const op of program.ops) {
      const { reads, writes } = wires(op);
      for (const name of reads) expect(written).toContain(name);
      for (const name of writes) {
        written.add(name);
        expect(program.widths[name]).toBeGreaterThan(0);
        if (op.op === "linear" || op.op === "attend") expect(reads).not.toContain(name);
      }
    }
    expect(program.ops.at(-1)!.op).toBe("head");
    expect(program.ops.filter(({ op }) => op === "attend").map((op) => "layer" in op && op.layer)).toEqual([0, 1]);
  });

  it("have the weights llama.cpp names, in ggml's order of axes", () => {
    const shapes = (architecture: Architecture) =>
      Object.fromEntries(build(architecture).roles.map(({ name, shape }) => [name, shape]));
    const llama = {
      "token_embd.weight": [48, 100],
      "output_norm.weight": [48],
      ...Object.assign(
        {},
        ...[0, 1].map((layer) => ({
          [`blk.${layer}.attn_norm.weight`]: [48],
          [`blk.${layer}.attn_q.weight`]: [48, 48],
          [`blk.${layer}.attn_k.weight`]: [48, 16],
          [`blk.${layer}.attn_v.weight`]: [48, 16],
          [`blk.${layer}.attn_output.weight`]: [48, 48],
          [`blk.${layer}.ffn_norm.weight`]: [48],
          [`blk.${layer}.ffn_gate.weight`]: [48, 96],
          [`blk.${layer}.ffn_up.weight`]: [48, 96],
          [`blk.${layer}.ffn_down.weight`]: [96, 48],
        })),
      ),
    };
    expect(shapes("llama")).toEqual(llama);
    const biases = { "attn_q.bias": [48], "attn_k.bias": [16], "attn_v.bias": [16] };
    const subNorms = { "attn_sub_norm.weight": [48], "ffn_sub_norm.weight": [96] };
    const perLayer = (extra: Record<string, number[]>) =>
      Object.fromEntries(
        [0, 1].flatMap((layer) => Object.entries(extra).map(([name, shape]) => [`blk.${layer}.${name}`, shape])),
      );
    expect(shapes("qwen2")).toEqual({ ...llama, ...perLayer(biases) });
    expect(shapes("bitnet")).toEqual({ ...llama, ...perLayer(subNorms) });
    expect(shapes("bitnet-25")).toEqual(shapes("bitnet"));
    expect(shapes("bitnet-b1.58")).toEqual(shapes("bitnet"));
  });

  it("use an output matrix of their own where the file has one", () => {
    const tensors = directory({ "token_embd.weight": [48, 100], "output.weight": [48, 100] });
    const { program, roles } = build("llama", {}, tensors);
    expect(program.ops.at(-1)).toMatchObject({ op: "head", weight: "output.weight" });
    expect(roles.map(({ name }) => name)).toContain("output.weight");
    expect(build("llama").program.ops.at(-1)).toMatchObject({ op: "head", weight: "token_embd.weight" });
  });

  it.each([
    ["llama", "adjacent"],
    ["qwen2", "half"],
    ["bitnet", "half"],
    ["bitnet-25", "half"],
    ["bitnet-b1.58", "half"],
  ] as const)("of %s turn %s pairs", (architecture, pairing) => {
    expect(build(architecture).program.rope.pairing).toBe(pairing);
  });

  it("keep heads wider or narrower than hidden / heads apart from the hidden width", () => {
    const { program, roles } = build("qwen2", { ".attention.key_length": 20, ".attention.value_length": 20 });
    const shape = (name: string) => roles.find((role) => role.name === name)!.shape;
    expect(shape("blk.0.attn_q.weight")).toEqual([48, 120]);
    expect(shape("blk.0.attn_k.bias")).toEqual([40]);
    expect(shape("blk.0.attn_output.weight")).toEqual([120, 48]);
    expect(program.attentionScale).toBeCloseTo(20 ** -0.5, 12);
  });
});

describe("RoPE tables", () => {
  it("are rounded once from double precision, up to the last position", () => {
    const { rope } = build("llama").program;
    expect(rope.cos).toHaveLength(128 * 4);
    for (const [position, pair] of [
      [0, 0],
      [1, 0],
      [127, 0],
      [127, 3],
      [77, 2],
    ]) {
      const angle = position * 500_000 ** (-pair / 4);
      expect(rope.cos[position * 4 + pair]).toBe(Math.fround(Math.cos(angle)));
      expect(rope.sin[position * 4 + pair]).toBe(Math.fround(Math.sin(angle)));
    }
  });

  it("slow down with linear scaling and with Llama 3's factors", () => {
    const hp = { ...build("llama").hp, ropeScale: 4 };
    const linear = buildProgram(hp).program.rope;
    expect(linear.cos[8 * 4]).toBe(Math.fround(Math.cos(2)));
    const factors = Float32Array.of(1, 1, 2, 8);
    const scaled = buildProgram({ ...hp, ropeScale: 1 }, { ropeFreqs: factors }).program.rope;
    const plain = buildProgram({ ...hp, ropeScale: 1 }).program.rope;
    expect(scaled.sin[16 * 4 + 1]).toBe(plain.sin[16 * 4 + 1]);
    expect(scaled.sin[16 * 4 + 3]).toBe(plain.sin[2 * 4 + 3]);
  });

  it.each([[[1, 2, 3]], [[1, 1, 0, 1]], [[1, 1, Number.NaN, 1]], [[1, 1, -2, 1]]])("refuse factors %o", (factors) => {
    const { hp } = build("llama");
    expect(() => buildProgram(hp, { ropeFreqs: Float32Array.from(factors) })).toThrow(
      expect.objectContaining({ code: "hyperparameter_invalid", param: "rope_freqs.weight" }),
    );
  });

  it("are as long as the context asked for, which is at most the model's", () => {
    const { hp } = build("llama");
    const { program } = buildProgram(hp, { contextLength: 50 });
    expect(program.contextLength).toBe(50);
    expect(program.rope.sin).toHaveLength(50 * 4);
    for (const contextLength of [0, 129, 1.5, Number.NaN]) {
      expect(() => buildProgram(hp, { contextLength })).toThrow(
        expect.objectContaining({ code: "hyperparameter_invalid", param: "context_length" }),
      );
    }
  });
});

describe("checkWeights", () => {
  const { roles } = build("qwen2");

  it("accepts what the program asks for, ggml's ones at the end and RoPE factors included", () => {
    const tensors = fileOf(roles);
    tensors.get("output_norm.weight")!.shape = [48, 1, 1];
    tensors.set("rope_freqs.weight", { ...tensors.get("output_norm.weight")!, shape: [4] });
    expect(() => checkWeights(roles, tensors)).not.toThrow();
  });

  it.each(build("qwen2").roles.map(({ name }) => name))("misses %s", (name) => {
    const tensors = fileOf(roles);
    tensors.delete(name);
    expect(() => checkWeights(roles, tensors)).toThrow(
      expect.objectContaining({ code: "tensor_missing", param: name, message: expect.stringContaining(name) }),
    );
  });

  it("names the tensor, its shape and the expected one", () => {
    const tensors = fileOf(roles);
    tensors.get("blk.1.attn_k.weight")!.shape = [16, 48];
    expect(() => checkWeights(roles, tensors)).toThrow(
      expect.objectContaining({
        code: "tensor_shape_mismatch",
        message: expect.stringMatching(/'blk\.1\.attn_k\.weight' is 16 x 48 .* 48 x 16/),
      }),
    );
  });

  it("refuses tensors nobody would use", () => {
    const tensors = fileOf(roles);
    tensors.set("blk.0.attn_q_norm.weight", { ...tensors.get("output_norm.weight")!, shape: [8] });
    expect(() => checkWeights(roles, tensors)).toThrow(
      expect.objectContaining({ code: "gguf_unsupported", param: "blk.0.attn_q_norm.weight" }),
    );
  });

  it("wants norms, biases and RoPE factors in F32", () => {
    for (const name of ["output_norm.weight", "blk.0.attn_q.bias", "rope_freqs.weight"]) {
      const tensors = fileOf(roles);
      tensors.set(name, { ...tensors.get("output_norm.weight")!, ...tensors.get(name), name, type: "F16" });
      expect(() => checkWeights(roles, tensors)).toThrow(
        expect.objectContaining({ code: "tensor_type_unsupported", param: name }),
      );
    }
  });
});
