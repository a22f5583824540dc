// Writes GGUF v3: header, metadata, tensor directory, then one tensor after another.
//
// Tensor bytes come from asynchronous producers and are never held all at once. The result
// depends only on the arguments: no dates, no machine names.

import {
  arrayTypeId,
  defaultAlignment,
  type GgufValue,
  magic,
  type Scalar,
  type ScalarType,
  scalarTypes,
} from "./gguf-values.js";
import { writeFileAtomically } from "./output-file.js";
import { tensorBytes, tensorTypeTable } from "./tensor-types.js";
import type { TensorType } from "./types.js";

export interface TensorSource {
  name: string;
  type: TensorType;
  /** ggml order: fastest axis first. */
  shape: readonly number[];
  /** The tensor's bytes in order, in chunks of any size. */
  produce(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface GgufContent {
  metadata: ReadonlyMap<string, GgufValue>;
  tensors: readonly TensorSource[];
}

/**
 * Writes a file, replacing what was at `path` only once it is complete.
 * @param onProgress called with the tensor bytes written so far and in all
 * @throws UnmaskError `file_write_failed`, `tensor_shape_mismatch`, and whatever a producer throws
 */
export async function writeGguf(
  path: string,
  { metadata, tensors }: GgufContent,
  onProgress: (done: number, total: number, tensor: string) => void = () => {},
): Promise<void> {
  const sizes = tensors.map((tensor) => tensorBytes(tensor.type, tensor.shape));
  const alignment = alignmentOf(metadata);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  await writeFileAtomically(path, async (write) => {
    const header = encodeHeader(metadata, tensors, sizes, alignment);
    await write(header);
    await write(new Uint8Array(paddingAfter(header.length, alignment)));
    let done = 0;
    for (const [i, tensor] of tensors.entries()) {
      const end = done + sizes[i];
      for await (const chunk of tensor.produce()) {
        await write(chunk);
        done += chunk.length;
        onProgress(done, total, tensor.name);
      }
      if (done !== end) throw new Error(`the producer of ${tensor.name} made ${done - end} bytes too many`);
      await write(new Uint8Array(paddingAfter(sizes[i], alignment)));
    }
  });
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const entry = metadata.get("general.alignment");
  return entry === undefined || entry.type === "array" ? defaultAlignment : Number(entry.value);
}

function paddingAfter(size: number, alignment: number): number {
  return (alignment - (size % alignment)) % alignment;
}

function encodeHeader(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly TensorSource[],
  sizes: readonly number[],
  alignment: number,
): Uint8Array {
  const out = new ByteWriter();
  out.bytes(Buffer.from(magic, "latin1"));
  out.scalar("u32", 3);
  out.scalar("u64", tensors.length);
  out.scalar("u64", metadata.size);
  for (const [key, value] of metadata) {
    out.scalar("string", key);
    if (value.type === "array") {
      out.scalar("u32", arrayTypeId);
      out.scalar("u32", scalarTypes[value.of].id);
      out.scalar("u64", value.values.length);
      for (const item of value.values) out.scalar(value.of, item);
    } else {
      out.scalar("u32", scalarTypes[value.type].id);
      out.scalar(value.type, value.value);
    }
  }
  let offset = 0;
  for (const [i, tensor] of tensors.entries()) {
    out.scalar("string", tensor.name);
    out.scalar("u32", tensor.shape.length);
    for (const size of tensor.shape) out.scalar("u64", size);
    out.scalar("u32", tensorTypeTable[tensor.type].id);
    out.scalar("u64", offset);
    offset += sizes[i] + paddingAfter(sizes[i], alignment);
  }
  return out.result();
}

/** A growing buffer of little-endian values. */
class ByteWriter {
  #buffer = Buffer.alloc(64 * 1024);
  #length = 0;

  bytes(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#buffer.set(bytes, at);
  }

  scalar(type: ScalarType, value: Scalar): void {
    if (type === "string") {
      const text = Buffer.from(String(value), "utf8");
      this.scalar("u64", text.length);
      this.bytes(text);
      return;
    }
    const at = this.#reserve(scalarTypes[type].bytes);
    const buffer = this.#buffer;
    switch (type) {
      case "u8":
        buffer.writeUInt8(Number(value), at);
        break;
      case "i8":
        buffer.writeInt8(Number(value), at);
        break;
      case "u16":
        buffer.writeUInt16LE(Number(value), at);
        break;
      case "i16":
        buffer.writeInt16LE(Number(value), at);
        break;
      case "u32":
        buffer.writeUInt32LE(Number(value), at);
        break;
      case "i32":
        buffer.writeInt32LE(Number(value), at);
        break;
      case "f32":
        buffer.writeFloatLE(Number(value), at);
        break;
      case "bool":
        buffer.writeUInt8(value ? 1 : 0, at);
        break;
      case "u64":
        buffer.writeBigUInt64LE(BigInt(value), at);
        break;
      case "i64":
        buffer.writeBigInt64LE(BigInt(value), at);
        break;
      case "f64":
        buffer.writeDoubleLE(Number(value), at);
        break;
    }
  }

  result(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.alloc(Math.max(this.#length, 2 * this.#buffer.length));
      grown.set(this.#buffer.subarray(0, at));
      this.#buffer = grown;
    }
    return at;
  }
}
