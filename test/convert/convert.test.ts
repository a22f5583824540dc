// The conversion as a whole: shards, determinism, progress, and checkpoints that are refused.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { convert } from "../../src/convert/convert.js";
import { temporaryFolder, unmaskError } from "../format/files.js";
import { bitnet, type Checkpoint, float, linearShapes, llama, qwen2, save, sizes } from "./tiny-checkpoint.js";

const folder = temporaryFolder();
let count = 0;
const next = (): string => join(folder, `model-${count++}`);

const sha256 = (...paths: string[]): string => {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(readFileSync(path));
  return hash.digest("hex");
};

it("gives the same bytes twice", async () => {
  const [first, second] = [await save(join(next(), "same"), bitnet()), await save(join(next(), "same"), bitnet())];
  await convert(first, `${first}.gguf`);
  await convert(second, `${second}.gguf`);
  expect(sha256(`${second}.gguf`)).toBe(sha256(`${first}.gguf`));
});

it("reads shards like one file, and records the SHA-256 of all of them", async () => {
  const whole = await save(join(next(), "same"), qwen2());
  const sharded = await save(join(next(), "same"), qwen2(), 3);
  const one = await convert(whole, `${whole}.gguf`);
  const three = await convert(sharded, `${sharded}.gguf`);
  expect(one.sourceSha256).toBe(sha256(join(whole, "model.safetensors")));
  const shards = readdirSync(sharded)
    .filter((name) => name.endsWith(".safetensors"))
    .sort();
  expect(shards).toHaveLength(3);
  expect(three.sourceSha256).toBe(sha256(...shards.map((name) => join(sharded, name))));
  // The files differ in the recorded hash and nowhere else.
  const [a, b] = [whole, sharded].map((path) => readFileSync(`${path}.gguf`));
  const at = a.indexOf(one.sourceSha256);
  expect(Buffer.concat([a.subarray(0, at), Buffer.from(three.sourceSha256), a.subarray(at + 64)]).equals(b)).toBe(true);
});

it("reports progress in bytes up to the total, tensor by tensor", async () => {
  const directory = await save(next(), llama());
  const calls: [number, number, string][] = [];
  const report = await convert(directory, `${directory}.gguf`, {}, (...call) => calls.push(call));
  const done = calls.map(([bytes]) => bytes);
  expect(done).toEqual([...done].sort((a, b) => a - b));
  expect(calls.at(-1)).toEqual([report.tensorBytes, report.tensorBytes, "output_norm.weight"]);
  expect(new Set(calls.map(([, , tensor]) => tensor)).size).toBe(report.tensors);
});

it("stops when progress throws, and leaves nothing behind", async () => {
  const directory = await save(next(), llama());
  const stopped = convert(directory, `${directory}.gguf`, {}, () => {
    throw new Error("enough");
  });
  await expect(stopped).rejects.toThrow("enough");
  expect(existsSync(`${directory}.gguf`)).toBe(false);
  expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
});

describe("refused checkpoints", () => {
  const refusal = async (change: (checkpoint: Checkpoint) => void, base = llama()): Promise<unknown> => {
    change(base);
    const directory = await save(next(), base);
    return await convert(directory, `${directory}.gguf`).then(
      () => "accepted",
      (error) => {
        expect(existsSync(`${directory}.gguf`)).toBe(false);
        return error;
      },
    );
  };
  const [q, rows, columns] = linearShapes(0)[0];

  it.each([
    ["GemmaForCausalLM", "silu", "GemmaForCausalLM"],
    ["LlamaForCausalLM", "gelu", "gelu"],
    ["BitNetForCausalLM", "gelu", "silu or relu2"],
  ])("%s with %s", async (name, activation, words) => {
    const error = refusal((c) => Object.assign(c.config, { architectures: [name], hidden_act: activation }));
    expect(await error).toEqual(unmaskError("architecture_unknown", words));
  });

  it("with a field of the wrong type", async () => {
    expect(await refusal((c) => (c.config.hidden_size = "256"))).toEqual(
      unmaskError("checkpoint_invalid", "config.json", "hidden_size"),
    );
    expect(await refusal((c) => delete c.config.vocab_size)).toEqual(unmaskError("checkpoint_invalid", "vocab_size"));
  });

  it("with a tensor missing, left over, or of the wrong shape", async () => {
    expect(await refusal((c) => delete c.tensors[`${q}.weight`])).toEqual(unmaskError("tensor_missing", q));
    expect(await refusal((c) => (c.tensors[`${q}.bias`] = float("F32", [rows], new Float32Array(rows))))).toEqual(
      unmaskError("checkpoint_invalid", `${q}.bias`),
    );
    const wrong = float("F32", [rows / 2, columns], new Float32Array((rows / 2) * columns));
    expect(await refusal((c) => (c.tensors[`${q}.weight`] = wrong))).toEqual(
      unmaskError("tensor_shape_mismatch", `[${rows / 2},${columns}]`, `[${rows},${columns}]`),
    );
    expect(await refusal((c) => (c.config.tie_word_embeddings = false))).toEqual(
      unmaskError("tensor_missing", "lm_head"),
    );
    expect(await refusal((c) => (c.config.vocab_size = 400))).toEqual(
      unmaskError("tensor_shape_mismatch", "embed_tokens", "400"),
    );
  });

  it("with integer weights", async () => {
    const integers = { dtype: "I8" as const, shape: [rows, columns], bytes: new Uint8Array(rows * columns) };
    expect(await refusal((c) => (c.tensors[`${q}.weight`] = integers))).toEqual(
      unmaskError("checkpoint_invalid", "I8"),
    );
    expect(await refusal((c) => (c.tensors[`${q}.weight`] = integers), bitnet())).toEqual(
      unmaskError("checkpoint_invalid", "I8"),
    );
  });

  it("that the engine could not load", async () => {
    const error = await refusal((c) => (c.config.max_position_embeddings = 2 ** 24));
    expect(error).toEqual(unmaskError("hyperparameter_invalid", "llama.context_length"));
  });

  it("that are not there, or incomplete, or not JSON", async () => {
    const out = join(folder, "never.gguf");
    await expect(convert(join(folder, "nowhere"), out)).rejects.toEqual(unmaskError("file_not_found", "nowhere"));
    const directory = await save(next(), llama());
    await expect(convert(join(directory, "config.json"), out)).rejects.toEqual(unmaskError("file_not_found", "folder"));
    rmSync(join(directory, "model.safetensors"));
    await expect(convert(directory, out)).rejects.toEqual(unmaskError("file_not_found", "model.safetensors"));
    writeFileSync(join(directory, "config.json"), "{");
    await expect(convert(directory, out)).rejects.toEqual(unmaskError("checkpoint_invalid", "config.json", "JSON"));
    rmSync(join(directory, "config.json"));
    await expect(convert(directory, out)).rejects.toEqual(unmaskError("checkpoint_invalid", "no config.json"));
  });

  it("with an index that lies", async () => {
    const directory = await save(next(), llama(), 2);
    const path = join(directory, "model.safetensors.index.json");
    const index = JSON.parse(readFileSync(path, "utf8"));
    const [first, second] = Object.keys(index.weight_map);
    const out = join(folder, "never.gguf");
    const attempt = (weightMap: Record<string, string>) => {
      writeFileSync(path, JSON.stringify({ weight_map: weightMap }));
      return convert(directory, out);
    };
    await expect(attempt({ ...index.weight_map, ghost: index.weight_map[first] })).rejects.toEqual(
      unmaskError("checkpoint_invalid", '"ghost"'),
    );
    const { [second]: _, ...without } = index.weight_map;
    await expect(attempt(without)).rejects.toEqual(unmaskError("checkpoint_invalid", second));
    await expect(attempt({ ...index.weight_map, [first]: "../elsewhere.safetensors" })).rejects.toEqual(
      unmaskError("checkpoint_invalid", "../elsewhere.safetensors"),
    );
    rmSync(join(directory, index.weight_map[second]));
    await expect(attempt(index.weight_map)).rejects.toEqual(unmaskError("file_not_found", index.weight_map[second]));
  });

  it("because the output cannot be written", async () => {
    const directory = await save(next(), llama());
    await expect(convert(directory, join(folder, "no/folder/x.gguf"))).rejects.toEqual(
      unmaskError("file_write_failed"),
    );
  });
});

it("counts the parameters", async () => {
  const directory = await save(next(), llama());
  const { parameters } = await convert(directory, `${directory}.gguf`);
  const { hidden, vocabulary, layers } = sizes;
  const linear = linearShapes(0).reduce((sum, [, rows, columns]) => sum + rows * columns, 0);
  expect(parameters).toBe(vocabulary * hidden + layers * (linear + 2 * hidden) + hidden);
});
