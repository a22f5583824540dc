// The GGUF reader and writer: against each other, against files of the gguf Python package, and
// against damaged files.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openGguf } from "../../src/format/gguf.js";
import { array, bool, type GgufValue, string, u32 } from "../../src/format/gguf-values.js";
import { type TensorSource, writeGguf } from "../../src/format/gguf-writer.js";
import { tensorBytes } from "../../src/format/tensor-types.js";
import { packFloats, tensorToFloats } from "../../src/format/tensors/index.js";
import type { TensorType } from "../../src/format/types.js";
import { temporaryFolder, unmaskError, writeTo } from "./files.js";

const fixtures = join(import.meta.dirname, "../fixtures/format");
const expected = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8"));
const folder = temporaryFolder();

async function roundTrip(
  name: string,
  metadata: [string, GgufValue][],
  tensors: TensorSource[] = [],
): Promise<Awaited<ReturnType<typeof openGguf>>> {
  const path = join(folder, name);
  await writeGguf(path, { metadata: new Map(metadata), tensors });
  return await openGguf(path);
}

function filled(name: string, type: TensorType, shape: number[], byte: number): TensorSource {
  return { name, type, shape, produce: () => [new Uint8Array(tensorBytes(type, shape)).fill(byte)] };
}

describe("a file of the gguf package", () => {
  it("gives every metadata type", async () => {
    const file = await openGguf(join(fixtures, "reference.gguf"));
    for (const [key, value] of Object.entries(expected.metadata)) {
      if (key === "test.u64") expect(file.metadata.get(key)).toBe(BigInt(value as string));
      else expect(file.metadata.get(key)).toEqual(value);
    }
    expect(file.metadata.get("general.architecture")).toBe("llama");
    await file.close();
  });

  it("gives every tensor as gguf dequantises it", async () => {
    const file = await openGguf(join(fixtures, "reference.gguf"));
    expect([...file.tensors.keys()]).toEqual(Object.keys(expected.tensors));
    for (const [name, { type, shape, values }] of Object.entries<{ type: string; shape: number[]; values: number[] }>(
      expected.tensors,
    )) {
      const tensor = file.tensors.get(name)!;
      expect([tensor.type, tensor.shape]).toEqual([type, shape]);
      const floats = tensorToFloats(tensor.type, await file.read(tensor));
      expect([...floats].map((x) => x + 0)).toEqual(values.map((x) => Math.fround(x) + 0)); // + 0: ggml writes -0
    }
    await file.close();
  });

  it("holds the bytes our own packing gives", async () => {
    const file = await openGguf(join(fixtures, "reference.gguf"));
    for (const [name, type] of [
      ["b.f16", "F16"],
      ["c.bf16", "BF16"],
      ["d.q8_0", "Q8_0"],
    ] as const) {
      const source = Float32Array.from(expected.tensors[name].source);
      expect(packFloats(type, source)).toEqual(await file.read(file.tensors.get(name)!));
    }
    await file.close();
  });
});

describe("writing and reading back", () => {
  it("keeps every value type", async () => {
    const big = 2n ** 63n + 5n;
    const file = await roundTrip("values.gguf", [
      ["a", { type: "u8", value: 255 }],
      ["b", { type: "i8", value: -128 }],
      ["c", { type: "u16", value: 65535 }],
      ["d", { type: "i16", value: -32768 }],
      ["e", u32(4294967295)],
      ["f", { type: "i32", value: -2147483648 }],
      ["g", { type: "f32", value: 1.5 }],
      ["h", { type: "f64", value: 0.1 }],
      ["i", { type: "u64", value: big }],
      ["j", { type: "i64", value: -(2n ** 60n) }],
      ["k", { type: "i64", value: -7 }],
      ["l", bool(true)],
      ["m", string("ü🙂")],
      ["n", array("string", ["", "x".repeat(100_000), "\u0000"])],
      ["o", array("i32", [-1, 2])],
      ["p", array("bool", [])],
    ]);
    expect(Object.fromEntries(file.metadata)).toEqual({
      a: 255,
      b: -128,
      c: 65535,
      d: -32768,
      e: 4294967295,
      f: -2147483648,
      g: 1.5,
      h: 0.1,
      i: big,
      j: -(2n ** 60n),
      k: -7,
      l: true,
      m: "ü🙂",
      n: ["", "x".repeat(100_000), "\u0000"],
      o: [-1, 2],
      p: [],
    });
    await file.close();
  });

  it.each([32, 64, 4096])("aligns tensors to %i and pads between them", async (alignment) => {
    const file = await roundTrip(
      `aligned-${alignment}.gguf`,
      [["general.alignment", u32(alignment)]],
      [
        filled("a", "F32", [5], 1),
        filled("b", "I2_S", [128, 3], 2),
        filled("c", "Q2_0", [64], 3),
        filled("d", "F16", [1], 4),
      ],
    );
    let byte = 1;
    for (const tensor of file.tensors.values()) {
      expect(tensor.offset % alignment).toBe(0);
      expect(await file.read(tensor)).toEqual(new Uint8Array(tensorBytes(tensor.type, tensor.shape)).fill(byte++));
      expect(await file.read(tensor, 1, 2)).toEqual(Uint8Array.of(byte - 1));
    }
    expect(file.size % alignment).toBe(0);
    await file.close();
  });

  it("leaves nothing behind, and the old file whole, when a producer fails", async () => {
    const path = join(folder, "kept.gguf");
    await writeGguf(path, { metadata: new Map([["a", u32(1)]]), tensors: [] });
    const before = readFileSync(path);
    const failing: TensorSource = {
      name: "t",
      type: "F32",
      shape: [4],
      *produce() {
        yield new Uint8Array(8);
        throw new Error("the disk of the source died");
      },
    };
    await expect(writeGguf(path, { metadata: new Map(), tensors: [failing] })).rejects.toThrow(
      "the disk of the source died",
    );
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  it("says why a file cannot be written", async () => {
    const nowhere = writeGguf(join(folder, "no/such/folder.gguf"), { metadata: new Map(), tensors: [] });
    await expect(nowhere).rejects.toEqual(unmaskError("file_write_failed", "no/such/folder.gguf"));
    await expect(writeGguf(folder, { metadata: new Map(), tensors: [] })).rejects.toEqual(
      unmaskError("file_write_failed", "folder"),
    );
  });
});

describe("a damaged file", () => {
  const header = (...parts: (number | bigint | string)[]): Buffer =>
    Buffer.concat(
      parts.map((part) => {
        if (typeof part === "string") return Buffer.from(part, "utf8");
        const bytes = Buffer.alloc(typeof part === "bigint" ? 8 : 4);
        if (typeof part === "bigint") bytes.writeBigUInt64LE(part);
        else bytes.writeUInt32LE(part);
        return bytes;
      }),
    );
  let count = 0;
  const refusal = (bytes: Uint8Array): Promise<unknown> =>
    openGguf(writeTo(folder, `damaged-${count++}.gguf`, bytes)).then(
      () => "accepted",
      (error) => error,
    );
  const key = (name: string) => [BigInt(Buffer.byteLength(name)), name] as const;
  const tensor = (name: string, shape: number[], type: number, offset: number) =>
    [...key(name), shape.length, ...shape.map(BigInt), type, BigInt(offset)] as const;
  /** A file with one or more tensors, and `data` bytes after the aligned header. */
  const withTensors = (tensors: (readonly (number | bigint | string)[])[], data: number): Buffer => {
    const front = header("GGUF", 3, BigInt(tensors.length), 0n, ...tensors.flat());
    return Buffer.concat([front, Buffer.alloc(((32 - (front.length % 32)) % 32) + data)]);
  };

  it.each([
    ["empty", Buffer.alloc(0), "ends at byte 0"],
    ["a text", Buffer.from("hello, world, this is no model"), "GGUF"],
    ["without its version", header("GGUF"), "truncated"],
    ["claiming absurdly many tensors", header("GGUF", 3, 2n ** 40n, 0n), "1099511627776 tensors"],
    ["claiming more tensors than fit", header("GGUF", 3, 60000n, 0n), "fit"],
    ["claiming absurdly many keys", header("GGUF", 3, 0n, 2n ** 63n), "metadata count of 9223372036854775808"],
    ["with a key beyond its end", header("GGUF", 3, 0n, 1n, 1000n, "short key".padEnd(20)), "truncated"],
    ["with an endless key", header("GGUF", 3, 0n, 1n, 2n ** 33n, "x".repeat(40)), "the limit is 65535"],
    ["with an unknown value type", header("GGUF", 3, 0n, 1n, ...key("k"), 99, 0), "unknown type 99"],
    ["with a bad boolean", header("GGUF", 3, 0n, 1n, ...key("kk"), 7, "\x05"), "boolean"],
    ["with a key twice", header("GGUF", 3, 0n, 2n, ...key("k"), 4, 1, ...key("k"), 4, 2), '"k" twice'],
    [
      "with an array longer than itself",
      header("GGUF", 3, 0n, 1n, ...key("k"), 9, 8, 1000n, "x".repeat(20)),
      "1000 elements",
    ],
    [
      "with an absurd array",
      header("GGUF", 3, 0n, 1n, ...key("k"), 9, 0, 2n ** 32n, "x".repeat(20)),
      "4294967296 array elements",
    ],
    [
      "with arrays in arrays in arrays",
      header(
        "GGUF",
        3,
        0n,
        1n,
        ...key("k"),
        ...Array(6).fill([9, 9, 1n]).flat().slice(0, 3),
        ...Array(20).fill([9, 1n]).flat(),
      ),
      "nests arrays",
    ],
    ["with a tensor of five axes", withTensors([tensor("t", [1, 1, 1, 1, 1], 0, 0)], 32), "5 dimensions"],
    ["with an empty tensor", withTensors([tensor("t", [0], 0, 0)], 32), "empty shape"],
    [
      "with a tensor past its end",
      withTensors([tensor("t", [64], 0, 0)], 252),
      "256 bytes but the file has room for 252",
    ],
    ["with a tensor far past its end", withTensors([tensor("t", [8], 0, 2 ** 40)], 64), "room for 0"],
    ["with overlapping tensors", withTensors([tensor("a", [16], 0, 0), tensor("b", [8], 0, 32)], 64), "room for 32"],
    ["with a crooked offset", withTensors([tensor("a", [8], 0, 4)], 64), "multiple of its alignment"],
    ["with a tensor name twice", withTensors([tensor("a", [8], 0, 0), tensor("a", [8], 0, 32)], 64), '"a" twice'],
    ["with a huge shape", withTensors([tensor("a", [2 ** 30, 2 ** 30], 0, 0)], 64), "too large"],
  ])("%s is refused", async (_, bytes, words) => {
    const error = (await refusal(bytes)) as { code?: string; message?: string };
    expect(error.message).toContain(words);
    expect(error.code).toMatch(/^(gguf_invalid|tensor_shape_mismatch)$/);
  });

  it("with other alignment than a power of two is refused", async () => {
    const bad = header("GGUF", 3, 0n, 1n, ...key("general.alignment"), 4, 48);
    expect(await refusal(bad)).toEqual(unmaskError("gguf_invalid", "48"));
  });

  it("of another kind is refused by name", async () => {
    expect(await refusal(header("GGUF", 0x03000000, 0n, 0n))).toEqual(unmaskError("gguf_unsupported", "big-endian"));
    expect(await refusal(header("GGUF", 1, 0n, 0n))).toEqual(unmaskError("gguf_unsupported", "version 1"));
    const split = header("GGUF", 3, 0n, 1n, ...key("split.count"), 2, "\x04\x00");
    expect(await refusal(split)).toEqual(unmaskError("gguf_unsupported", "--merge"));
    const rotated = header("GGUF", 3, 0n, 1n, ...key("prism.hadamard.version"), 4, 1);
    expect(await refusal(rotated)).toEqual(unmaskError("gguf_unsupported", "prism.hadamard.version", "Hadamard"));
  });

  it("that does not exist, or is a folder, is refused with the way out", async () => {
    await expect(openGguf(join(folder, "none.gguf"))).rejects.toEqual(unmaskError("file_not_found", "none.gguf"));
    await expect(openGguf(folder)).rejects.toEqual(unmaskError("file_not_found", "unmask convert"));
  });

  it("as version 2 is read like version 3", async () => {
    const bytes = readFileSync(join(fixtures, "reference.gguf"));
    bytes.writeUInt32LE(2, 4);
    const file = await openGguf(writeTo(folder, "v2.gguf", bytes));
    expect(file.tensors.size).toBe(Object.keys(expected.tensors).length);
    await file.close();
  });

  describe("type ids with several meanings are decided by the tensor's length", () => {
    const one = (type: number, shape: number[], bytes: number) =>
      withTensors(
        [tensor("w", shape, type, 0), tensor("next", [8], 0, Math.ceil(bytes / 32) * 32)],
        Math.ceil(bytes / 32) * 32 + 32,
      );
    const n = 512 * 64;

    it("36 is I2_S at n/4 + 32 bytes, and the removed IQ4_NL_4_4 otherwise", async () => {
      const file = await openGguf(writeTo(folder, "i2s.gguf", one(36, [512, 64], n / 4 + 32)));
      expect(file.tensors.get("w")).toMatchObject({ type: "I2_S", bytes: n / 4 + 32 });
      await file.close();
      expect(await refusal(one(36, [512, 64], (n / 32) * 18))).toEqual(
        unmaskError("tensor_type_unsupported", "IQ4_NL_4_4", '"w"'),
      );
    });

    it("42 is Q2_0 at 18 bytes per 64, the legacy type at 34 per 128, TL2 at its own length", async () => {
      const file = await openGguf(writeTo(folder, "q20.gguf", one(42, [512, 64], (n / 64) * 18)));
      expect(file.tensors.get("w")).toMatchObject({ type: "Q2_0", bytes: (n / 64) * 18 });
      await file.close();
      expect(await refusal(one(42, [512, 64], (n / 128) * 34))).toEqual(
        unmaskError("tensor_type_unsupported", "legacy Q2_0", "128", "_g64"),
      );
      const tl2 = Math.ceil(((((512 - 256) * 64) / 3) * (5 / 8)) / 32 + (256 * 64) / 4 / 32) * 32 + 32;
      expect(await refusal(one(42, [512, 64], tl2))).toEqual(unmaskError("tensor_type_unsupported", "TL2"));
    });

    it.each([
      [12, "Q4_K"],
      [38, "TL1"],
      [39, "MXFP4"],
      [142, "PQ2_0"],
      [143, "PTQ1_0"],
      [135, "IQ2_BN"],
      [777, "unknown"],
    ])("%i is refused as %s", async (type, name) => {
      expect(await refusal(one(type, [512, 64], n / 4))).toEqual(
        unmaskError("tensor_type_unsupported", name, String(type), "unmask convert"),
      );
    });

    it("36 with rows that are not a multiple of 128 is refused", async () => {
      expect(await refusal(one(36, [576, 64], (576 * 64) / 4 + 32))).toEqual(
        unmaskError("tensor_shape_mismatch", "576", "128"),
      );
    });
  });
});

it("sizes I2_S as the published 2B-4T file does", () => {
  const shapes = [
    ...Array(2).fill([2560, 2560]),
    ...Array(2).fill([2560, 640]),
    ...Array(2).fill([2560, 6912]),
    [6912, 2560],
  ];
  const layer = shapes.reduce((sum, shape) => sum + tensorBytes("I2_S", shape), 0);
  expect(layer).toBe(17_367_264);
  expect(30 * layer).toBe(521_017_920);
});
