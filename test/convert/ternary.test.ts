// Ternary conversion: absmean masters, both packed conventions, what is refused and what is warned of.

import { describe, expect, it } from "vitest";
import type { ConvertReport } from "../../src/convert/convert.js";
import { fromBf16, toBf16 } from "../../src/util/half.js";
import { expectSame, unmaskError } from "../format/files.js";
import { converter } from "./converted.js";
import {
  bitnet,
  type Checkpoint,
  codes,
  float,
  linearShapes,
  llama,
  packedBitnet,
  sizes,
  weights,
} from "./tiny-checkpoint.js";

const converted = converter();

const names: Record<string, string> = {
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};
const ggufName = (base: string): string => {
  const [, , layer, ...rest] = base.split(".");
  return `blk.${layer}.${names[rest.join(".")]}.weight`;
};

/** BitNet b1.58's absmean, written out plainly. */
function absmean(values: Float32Array): { codes: number[]; scale: number } {
  const mean = values.reduce((sum, x) => sum + Math.abs(x), 0) / values.length;
  const s = Math.fround(1 / Math.max(mean, 1e-5));
  const code = (x: number): number => {
    const y = Math.fround(x * s);
    if (Math.abs(y) <= 0.5) return 1; // 0.5 rounds to the even 0
    return y < 0 ? 0 : 2;
  };
  return { codes: [...values].map(code), scale: mean };
}

describe.each(["i2_s", "tq2_0", "tq1_0", "q2_0"] as const)("online masters as %s", (type) => {
  it("are ternarised by absmean over the whole tensor", async () => {
    const { file, report, ternary } = await converted(bitnet(), { type });
    expect(file.metadata.get("general.architecture")).toBe("bitnet-b1.58");
    expect(file.tensors.get("token_embd.weight")!.type).toBe("F16");
    expect(file.tensors.get("output_norm.weight")!.type).toBe("F32");
    for (const [base, rows, columns] of linearShapes(1)) {
      const masters = fromBf16(toBf16(weights(base, rows * columns)));
      const expected = absmean(masters);
      const stored = await ternary(ggufName(base));
      expect(file.tensors.get(ggufName(base))!.shape).toEqual([columns, rows]);
      expectSame(stored.codes, expected.codes);
      for (const scale of new Set(stored.scales)) {
        expect(Math.abs(scale / expected.scale - 1)).toBeLessThan(type === "i2_s" ? 1e-6 : 2 ** -11);
      }
      const statistics = report.ternary.find(({ name }) => name === ggufName(base))!;
      expect(statistics.zeroShare).toBeCloseTo(expected.codes.filter((code) => code === 1).length / masters.length, 12);
    }
    expect(report.warnings).toEqual([]);
  });
});

describe("float types of a ternary checkpoint", () => {
  it.each(["f32", "f16", "bf16"] as const)("%s holds scale times sign, not the masters", async (type) => {
    const { floats } = await converted(bitnet(), { type });
    const [base, rows, columns] = linearShapes(0)[4];
    const { codes: expected, scale } = absmean(fromBf16(toBf16(weights(base, rows * columns))));
    const values = await floats(ggufName(base));
    expectSame(
      values.map((x) => Math.sign(x) + 1),
      expected,
    );
    const magnitudes = new Set(values.filter((x) => x !== 0).map(Math.abs));
    expect(magnitudes.size).toBe(1);
    expect(Math.abs([...magnitudes][0] / scale - 1)).toBeLessThan(2 ** -8);
  });
});

describe("packed checkpoints", () => {
  it.each([
    ["autobitlinear multiplies", "autobitlinear", 1.75, 1.75],
    ["bitlinear divides", "bitlinear", 4, 0.25],
    ["no linear_class means bitlinear", undefined, 4, 0.25],
  ] as const)("%s by weight_scale", async (_, linearClass, stored, expected) => {
    const { ternary } = await converted(packedBitnet(linearClass, stored));
    for (const [base, rows, columns] of linearShapes(0)) {
      const tensor = await ternary(ggufName(base));
      expect([...tensor.scales]).toEqual([expected]);
      expectSame(tensor.codes, codes(base, rows * columns));
    }
  });

  it("give the same floats whatever the type", async () => {
    const base = linearShapes(0)[6];
    const expected = Float32Array.from(codes(base[0], base[1] * base[2]), (code) => (code - 1) * 1.75);
    for (const type of ["i2_s", "tq1_0", "f16", "f32"] as const) {
      const { floats } = await converted(packedBitnet("autobitlinear", 1.75), { type });
      expectSame(await floats(ggufName(base[0])), expected);
    }
  });

  it("without a scale, with several, or with a useless one are refused", async () => {
    const base = linearShapes(0)[0][0];
    const without = packedBitnet("autobitlinear", 1);
    delete without.tensors[`${base}.weight_scale`];
    await expect(converted(without)).rejects.toEqual(unmaskError("tensor_missing", `${base}.weight_scale`));

    const several = packedBitnet("autobitlinear", 1);
    several.tensors[`${base}.weight_scale`] = float("BF16", [2], Float32Array.of(1, 2));
    await expect(converted(several)).rejects.toEqual(unmaskError("checkpoint_invalid", "2 values"));

    const zero = packedBitnet("autobitlinear", 0);
    await expect(converted(zero)).rejects.toEqual(unmaskError("checkpoint_invalid", "weight_scale", "0"));
  });

  it("with the wrong number of rows are refused with both shapes", async () => {
    const checkpoint = packedBitnet("autobitlinear", 1);
    const [base, rows, columns] = linearShapes(0)[0];
    checkpoint.tensors[`${base}.weight`] = {
      dtype: "U8",
      shape: [rows, columns],
      bytes: new Uint8Array(rows * columns),
    };
    await expect(converted(checkpoint)).rejects.toEqual(
      unmaskError("tensor_shape_mismatch", `[${rows},${columns}]`, `[${rows / 4},${columns}]`),
    );
  });
});

describe("which checkpoints may be ternary", () => {
  it("is decided by the checkpoint: ordinary weights are refused, and the reason given", async () => {
    await expect(converted(llama(), { type: "i2_s" })).rejects.toEqual(
      unmaskError("not_ternary", "--force-ternary", "garbage"),
    );
  });

  it("takes our own marker as well", async () => {
    const checkpoint = llama();
    checkpoint.config.ternary = true;
    const { file, report } = await converted(checkpoint);
    expect([report.type, report.forcedTernary]).toEqual(["i2_s", false]);
    expect(file.tensors.get("blk.0.attn_q.weight")!.type).toBe("I2_S");
    expect(file.metadata.has("unmask.forced_ternary")).toBe(false);
  });

  it("can be overridden, and the file says so", async () => {
    const { file, report } = await converted(llama(), { type: "tq2_0", forceTernary: true });
    expect(report.forcedTernary).toBe(true);
    expect(file.metadata.get("unmask.forced_ternary")).toBe(true);
    expect(file.metadata.get("unmask.options")).toBe("--type tq2_0 --force-ternary");
  });

  it("does not call an f16 file forced", async () => {
    const { file, floats } = await converted(llama("F32"), { type: "f32", forceTernary: true });
    expect(file.metadata.has("unmask.forced_ternary")).toBe(false);
    const [base, rows, columns] = linearShapes(0)[3];
    expectSame(await floats(ggufName(base)), weights(base, rows * columns));
  });

  it("leaves out the modules that the checkpoint leaves out", async () => {
    const checkpoint = bitnet();
    Object.assign(checkpoint.config, { tie_word_embeddings: false });
    checkpoint.tensors["lm_head.weight"] = float(
      "BF16",
      [sizes.vocabulary, sizes.hidden],
      weights("head", sizes.vocabulary * sizes.hidden),
    );
    const quantization = checkpoint.config.quantization_config as Record<string, unknown>;
    quantization.modules_to_not_convert = ["lm_head", "model.layers.1.mlp.up_proj", "k_proj"];
    const { file } = await converted(checkpoint);
    const typeOf = (name: string) => file.tensors.get(name)!.type;
    expect(["blk.0.ffn_up.weight", "blk.1.ffn_up.weight", "blk.0.attn_k.weight", "output.weight"].map(typeOf)).toEqual([
      "I2_S",
      "F16",
      "F16",
      "F16",
    ]);
  });

  it("takes their names as parts of a module's path", async () => {
    const checkpoint = bitnet();
    const quantization = checkpoint.config.quantization_config as Record<string, unknown>;
    quantization.modules_to_not_convert = ["model.layers.1.", "self_attn"];
    const { file } = await converted(checkpoint);
    const names = ["blk.0.ffn_up.weight", "blk.1.ffn_up.weight", "blk.0.attn_k.weight"];
    expect(names.map((name) => file.tensors.get(name)!.type)).toEqual(["I2_S", "F16", "F16"]);
  });

  it("refuses other quantisations and norms inside the layers", async () => {
    const gptq = llama();
    gptq.config.quantization_config = { quant_method: "gptq" };
    await expect(converted(gptq)).rejects.toEqual(unmaskError("checkpoint_invalid", "gptq"));
    const normed = bitnet();
    normed.config.quantization_config = { quant_method: "bitnet", use_rms_norm: true };
    await expect(converted(normed)).rejects.toEqual(unmaskError("checkpoint_invalid", "use_rms_norm"));
  });
});

describe("types that do not fit", () => {
  it("are refused, naming one that does", async () => {
    const odd = bitnet();
    // Rows of 64 + 512: 576, as in SmolLM2-135M.
    const { layers, heads, headDim } = sizes;
    for (let layer = 0; layer < layers; layer++) {
      for (const [base, rows, columns] of linearShapes(layer)) {
        const [r, c] = [rows === 512 ? 576 : rows, columns === 512 ? 576 : columns];
        odd.tensors[`${base}.weight`] = float("BF16", [r, c], weights(base, r * c));
      }
      odd.tensors[`model.layers.${layer}.mlp.ffn_sub_norm.weight`] = float("F32", [576], new Float32Array(576).fill(1));
    }
    odd.config.intermediate_size = 576;
    expect(heads * headDim).toBe(256);
    await expect(converted(odd)).rejects.toEqual(unmaskError("type_does_not_fit", "ffn_down", "576", "--type q2_0"));
    await expect(converted(odd, { type: "tq1_0" })).rejects.toEqual(unmaskError("type_does_not_fit", "256", "q2_0"));
    const { file } = await converted(odd, { type: "q2_0" });
    expect(file.tensors.get("blk.0.ffn_down.weight")).toMatchObject({ type: "Q2_0", shape: [576, 256] });
  });

  it("include f16 for weights beyond its range", async () => {
    const checkpoint = llama();
    const [base, rows, columns] = linearShapes(1)[5];
    checkpoint.tensors[`${base}.weight`] = float("BF16", [rows, columns], new Float32Array(rows * columns).fill(1e6));
    await expect(converted(checkpoint)).rejects.toEqual(unmaskError("type_does_not_fit", base, "--type bf16"));
    const { floats } = await converted(checkpoint, { type: "bf16" });
    expect((await floats("blk.1.ffn_up.weight"))[0]).toBeCloseTo(1e6, -4);
  });

  it("include f16 block scales for tiny scales", async () => {
    const tiny = packedBitnet("autobitlinear", 1e-6);
    await expect(converted(tiny, { type: "tq2_0" })).rejects.toEqual(unmaskError("type_does_not_fit", "--type i2_s"));
    await converted(tiny);
  });
});

describe("unusual shares of zeros", () => {
  const withCodes = (code: (i: number) => number): Checkpoint => {
    const checkpoint = bitnet();
    const [base, rows, columns] = linearShapes(0)[3];
    const values = Float32Array.from({ length: rows * columns }, (_, i) => (code(i) - 1) * 0.02);
    checkpoint.tensors[`${base}.weight`] = float("F32", [rows, columns], values);
    return checkpoint;
  };
  const warnings = async (checkpoint: Checkpoint): Promise<ConvertReport["warnings"]> => {
    return (await converted(checkpoint)).report.warnings;
  };

  it("of none means sign()", async () => {
    const found = await warnings(withCodes((i) => (i % 2) * 2));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/blk\.0\.attn_output\.weight: no weight is zero.*sign/);
  });

  it("of too few or too many is named", async () => {
    expect((await warnings(withCodes((i) => (i % 10 === 0 ? 1 : 2))))[0]).toMatch(/10\.0 % .* 20-60 %/);
    expect((await warnings(withCodes((i) => (i % 10 === 0 ? 2 : 1))))[0]).toMatch(/90\.0 % .* 20-60 %/);
  });
});

it("refuses NaN", async () => {
  const checkpoint = bitnet();
  const [base, rows, columns] = linearShapes(0)[2];
  const values = weights(base, rows * columns);
  values[777] = Number.NaN;
  checkpoint.tensors[`${base}.weight`] = float("BF16", [rows, columns], values);
  await expect(converted(checkpoint)).rejects.toEqual(unmaskError("checkpoint_invalid", base, "NaN"));
});
