// The safetensors reader and writer: against each other, against the reference library's file,
// and against damaged files.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Dtype, openSafetensors, writeSafetensors } from "../../src/format/safetensors.js";
import { unpackFloats } from "../../src/format/tensors/index.js";
import { temporaryFolder, unmaskError, writeTo } from "./files.js";

const fixtures = join(import.meta.dirname, "../fixtures/format");
const expected = JSON.parse(readFileSync(join(fixtures, "expected.json"), "utf8")).safetensors;
const folder = temporaryFolder();

function numbers(dtype: Dtype, bytes: Uint8Array): unknown[] {
  const buffer = bytes.slice().buffer;
  switch (dtype) {
    case "U8":
      return [...bytes];
    case "I8":
      return [...new Int8Array(buffer)];
    case "BOOL":
      return [...bytes].map((byte) => byte === 1);
    case "I32":
      return [...new Int32Array(buffer)];
    case "I64":
      return [...new BigInt64Array(buffer)].map(Number);
    default:
      return [...unpackFloats(dtype, bytes)];
  }
}

it("reads the reference library's file", async () => {
  const file = await openSafetensors(join(fixtures, "reference.safetensors"));
  expect(file.metadata).toEqual({ format: "pt" });
  expect([...file.tensors.keys()].sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { shape, values }] of Object.entries<{ shape: number[]; values: number[] }>(expected)) {
    const tensor = file.tensors.get(name)!;
    expect(tensor.shape).toEqual(shape);
    expect(numbers(tensor.dtype, await file.read(tensor))).toEqual(
      tensor.dtype === "F32" ? values.map(Math.fround) : values,
    );
  }
  await file.close();
});

it("reads back what it wrote, whole and in parts", async () => {
  const path = join(folder, "own.safetensors");
  const bytes = Uint8Array.from({ length: 24 }, (_, i) => i);
  const chunks = [bytes.subarray(0, 5), bytes.subarray(5)];
  await writeSafetensors(
    path,
    [
      { name: "a.weight", dtype: "F32", shape: [2, 3], produce: () => chunks },
      { name: "none", dtype: "U8", shape: [0], produce: () => [] },
      { name: "b", dtype: "U8", shape: [], produce: () => [Uint8Array.of(7)] },
    ],
    { made: "by a test" },
  );
  const file = await openSafetensors(path);
  expect(file.metadata).toEqual({ made: "by a test" });
  const a = file.tensors.get("a.weight")!;
  expect(a.offset % 8).toBe(0);
  expect([a.dtype, a.shape]).toEqual(["F32", [2, 3]]);
  expect(await file.read(a)).toEqual(bytes);
  expect(await file.read(a, 4, 8)).toEqual(bytes.subarray(4, 8));
  expect(await file.read(file.tensors.get("b")!)).toEqual(Uint8Array.of(7));
  await file.close();
});

describe("a damaged file", () => {
  let count = 0;
  const refusal = (bytes: Uint8Array): Promise<unknown> =>
    openSafetensors(writeTo(folder, `damaged-${count++}.safetensors`, bytes)).then(
      () => "accepted",
      (error) => error,
    );
  const file = (header: string, data: number, claimed = Buffer.byteLength(header)): Buffer => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(claimed));
    return Buffer.concat([length, Buffer.from(header), Buffer.alloc(data)]);
  };
  const entry = (name: string, dtype: string, shape: number[], from: number, to: number): string =>
    `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${from},${to}]}`;
  const t = entry("t", "F32", [2], 0, 8);

  it.each([
    ["too short for a length", Buffer.alloc(5), "too few"],
    ["claiming a header beyond its end", file("{}", 0, 100), "claims a header of 100"],
    ["claiming an absurd header", Buffer.from("ffffffffffffffff00", "hex"), "18446744073709551615"],
    ["that does not begin with a brace", file("[1]", 0), "begin with {"],
    ["whose header is not JSON", file("{nope", 0), "not JSON"],
    ["with an entry that is no object", file('{"t":5}', 0), 'entry "t"'],
    ["with a negative size", file(`{${entry("t", "F32", [-2], 0, 8)}}`, 8), 'entry "t"'],
    ["with a fractional offset", file('{"t":{"dtype":"U8","shape":[1],"data_offsets":[0.5,1.5]}}', 2), 'entry "t"'],
    ["whose extent does not match the shape", file(`{${entry("t", "F32", [3], 0, 8)}}`, 8), "instead of 12"],
    ["whose data is cut off", file(`{${t}}`, 7), "tensors end at"],
    ["with bytes nobody claims", file(`{${t}}`, 9), "tensors end at"],
    ["with a gap", file(`{${t},${entry("u", "U8", [1], 9, 10)}}`, 10), "gap or an overlap"],
    ["with an overlap", file(`{${t},${entry("u", "U8", [4], 4, 8)}}`, 8), "gap or an overlap"],
    ["with a key twice", file(`{${t},${entry("t", "F32", [2], 8, 16)}}`, 16), "gap or an overlap"],
    ["with metadata that is not text", file(`{"__metadata__":{"a":1},${t}}`, 8), "__metadata__"],
  ])("%s is refused", async (_, bytes, words) => {
    expect(await refusal(bytes)).toEqual(unmaskError("safetensors_invalid", words));
  });

  it("with a dtype we do not read is refused by name", async () => {
    expect(await refusal(file(`{${entry("t", "F8_E4M3", [8], 0, 8)}}`, 8))).toEqual(
      unmaskError("tensor_type_unsupported", "F8_E4M3", '"t"'),
    );
  });

  it("that does not exist is refused", async () => {
    await expect(openSafetensors(join(folder, "none"))).rejects.toEqual(unmaskError("file_not_found", "none"));
    await expect(openSafetensors(folder)).rejects.toEqual(unmaskError("file_not_found", "not a file"));
  });
});
