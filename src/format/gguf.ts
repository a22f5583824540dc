// Opens GGUF files (v2 and v3, little endian): metadata and a checked tensor directory.
//
// Nothing in the file is believed before it is checked against the file's size and a limit,
// so a damaged or hostile file costs an error, not memory. Tensor bytes stay in the file:
// backends map it, `read` is for small tensors.

import type { FileHandle } from "node:fs/promises";
import { UnmaskError } from "../util/errors.js";
import { arrayTypeId, defaultAlignment, magic, type ScalarType, scalarTypes } from "./gguf-values.js";
import { HeaderReader } from "./header-reader.js";
import { openInput, readRange } from "./input-file.js";
import { tensorBytes } from "./tensor-types.js";
import { identifyTensorType } from "./type-ids.js";
import type { Metadata, MetadataValue, ModelFile, TensorInfo } from "./types.js";

/** Safety limits. A file within them costs at most a few hundred MB of heap. */
export const ggufLimits = {
  /** Llama 3.1 405B has 1,138 tensors; the largest mixtures with one tensor per expert about 50,000. */
  tensors: 65_536,
  /** Files in use have 20 to 60 entries. */
  metadataEntries: 4_096,
  /** The format's own limit for keys. */
  keyBytes: 65_535,
  /** ggml keeps names in 64 bytes; forks have raised that to 128. */
  tensorNameBytes: 128,
  /** The longest strings in use are embedded tokenizer.json files of about 20 MB. */
  stringBytes: 64 * 1024 * 1024,
  /** Metadata and directory together; the largest in use take about 50 MB. */
  headerBytes: 256 * 1024 * 1024,
  /** Over all arrays of a file. The largest vocabulary in use (262,144) with its merges, scores and types is about 1.3 M. */
  arrayElements: 16 * 1024 * 1024,
  /** No known key nests arrays more than once. */
  arrayDepth: 4,
  /** ggml's GGML_MAX_DIMS. */
  dimensions: 4,
  /** The largest memory page in use; more alignment than that serves nobody. */
  alignment: 65_536,
} as const;

/**
 * Opens a GGUF file and checks everything but the weights themselves.
 * @throws UnmaskError `file_not_found`, `gguf_invalid` (damaged), `gguf_unsupported` (sound, but
 *   not for us), `tensor_type_unsupported`, `tensor_shape_mismatch`
 */
export async function openGguf(path: string): Promise<ModelFile> {
  const handle = await openInput(path);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) {
      throw new UnmaskError(
        "file_not_found",
        `${path} is not a file. A Hugging Face checkpoint folder is first made into one: \`unmask convert ${path} -o model.gguf\`.`,
      );
    }
    const reader = new GgufParser(handle.fd, path, stat.size);
    const { metadata, tensors } = reader.parse();
    return new GgufFile(handle, path, stat.size, metadata, tensors);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

class GgufFile implements ModelFile {
  readonly path: string;
  readonly size: number;
  readonly metadata: Metadata;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly #handle: FileHandle;

  constructor(
    handle: FileHandle,
    path: string,
    size: number,
    metadata: Metadata,
    tensors: ReadonlyMap<string, TensorInfo>,
  ) {
    this.#handle = handle;
    this.path = path;
    this.size = size;
    this.metadata = metadata;
    this.tensors = tensors;
  }

  async read(tensor: TensorInfo, start = 0, end = tensor.bytes): Promise<Uint8Array> {
    const bytes = await readRange(this.#handle, tensor.offset + start, end - start);
    if (bytes !== null) return bytes;
    throw new UnmaskError("gguf_invalid", `${this.path} became shorter while "${tensor.name}" was read.`);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** A directory entry whose type and extent are not decided yet. */
interface RawTensor {
  name: string;
  typeId: number;
  shape: number[];
  /** Relative to the start of the data. */
  offset: number;
}

class GgufParser {
  readonly #in: HeaderReader;
  readonly #path: string;
  readonly #size: number;
  #arrayElements = 0;

  constructor(fd: number, path: string, size: number) {
    this.#in = new HeaderReader(fd, path, size);
    this.#path = path;
    this.#size = size;
  }

  parse(): { metadata: Metadata; tensors: ReadonlyMap<string, TensorInfo> } {
    this.#checkMagicAndVersion();
    const tensorCount = this.#in.u64("a tensor count");
    const metadataCount = this.#in.u64("a metadata count");
    // A directory entry takes at least 8 + 4 + 8 + 4 + 8 bytes, a metadata entry 8 + 4 + 1.
    this.#checkCount("tensors", tensorCount, ggufLimits.tensors, 32);
    this.#checkCount("metadata entries", metadataCount, ggufLimits.metadataEntries, 13);

    const metadata = new Map<string, MetadataValue>();
    for (let i = 0; i < metadataCount; i++) {
      const key = this.#string(ggufLimits.keyBytes, "key");
      if (metadata.has(key)) throw this.#invalid(`has the key "${key}" twice`);
      metadata.set(key, this.#value(this.#in.u32(), key, 0));
    }
    this.#refuseUnsupported(metadata);

    const raw: RawTensor[] = [];
    for (let i = 0; i < tensorCount; i++) raw.push(this.#tensor());
    const alignment = this.#alignment(metadata);
    const dataStart = Math.ceil(this.#in.position / alignment) * alignment;
    return { metadata, tensors: this.#placeTensors(raw, dataStart, alignment) };
  }

  #checkMagicAndVersion(): void {
    const found = this.#in.take(4).toString("latin1");
    if (found !== magic) {
      throw this.#invalid(
        `does not begin with "GGUF" but with ${JSON.stringify(found)}; it is not a GGUF file`,
        "Convert a Hugging Face checkpoint with `unmask convert`.",
      );
    }
    const version = this.#in.u32();
    if (version === 2 || version === 3) return;
    const swapped = Buffer.from(Uint32Array.of(version).buffer).readUInt32BE();
    throw new UnmaskError(
      "gguf_unsupported",
      swapped === 2 || swapped === 3
        ? `${this.#path} is a big-endian GGUF file. Only little-endian files are read: convert the original checkpoint with \`unmask convert\`.`
        : `${this.#path} has GGUF version ${version}; versions 2 and 3 are read. Convert the original checkpoint with \`unmask convert\`.`,
    );
  }

  #checkCount(what: string, count: number, limit: number, bytesEach: number): void {
    if (count > limit || count * bytesEach > this.#in.remaining) {
      throw this.#invalid(`claims ${count} ${what}, more than ${count > limit ? `${limit}, the limit` : "fit in it"}`);
    }
  }

  #refuseUnsupported(metadata: Metadata): void {
    const rotated = [...metadata.keys()].find((key) => key.startsWith("prism.hadamard."));
    if (rotated !== undefined) {
      throw new UnmaskError(
        "gguf_unsupported",
        `${this.#path} has rotated weights ("${rotated}"): they mean nothing without a Hadamard transform that unmask does not have. Use the PrismML fork of llama.cpp for this file.`,
      );
    }
    if (Number(metadata.get("split.count") ?? 1) > 1) {
      throw new UnmaskError(
        "gguf_unsupported",
        `${this.#path} is one part of a split model. Join the parts first: \`llama-gguf-split --merge FIRST-PART OUT.gguf\`.`,
      );
    }
  }

  #value(typeId: number, key: string, depth: number): MetadataValue {
    return typeId === arrayTypeId ? this.#array(key, depth) : this.#scalar(this.#scalarType(typeId, key), key);
  }

  #scalarType(id: number, key: string): ScalarType {
    const type = (Object.keys(scalarTypes) as ScalarType[]).find((candidate) => scalarTypes[candidate].id === id);
    if (type === undefined) throw this.#invalid(`has a value of unknown type ${id} under "${key}"`);
    return type;
  }

  #scalar(type: ScalarType, key: string): MetadataValue {
    if (type === "string") return this.#string(ggufLimits.stringBytes, `value of "${key}"`);
    if (type !== "bool") return this.#in.number(type);
    const byte = this.#in.take(1)[0];
    if (byte > 1) throw this.#invalid(`has the byte ${byte} for the boolean "${key}"`);
    return byte === 1;
  }

  #array(key: string, depth: number): MetadataValue[] {
    if (depth === ggufLimits.arrayDepth) {
      throw this.#invalid(`nests arrays deeper than ${ggufLimits.arrayDepth} under "${key}"`);
    }
    const typeId = this.#in.u32();
    const type = typeId === arrayTypeId ? null : this.#scalarType(typeId, key);
    const count = this.#in.u64(`a length of the array "${key}"`);
    this.#arrayElements += count;
    this.#checkCount(`array elements up to "${key}"`, this.#arrayElements, ggufLimits.arrayElements, 0);
    // A string takes at least its 8 length bytes, a nested array 12.
    const bytesEach = type === null ? 12 : scalarTypes[type].bytes || 8;
    this.#checkCount(`elements of "${key}"`, count, ggufLimits.arrayElements, bytesEach);
    const out: MetadataValue[] = [];
    for (let i = 0; i < count; i++) out.push(type === null ? this.#array(key, depth + 1) : this.#scalar(type, key));
    return out;
  }

  #string(limit: number, what: string): string {
    const length = this.#in.u64(`a length of the ${what}`);
    if (length > limit) throw this.#invalid(`has a ${what} of ${length} bytes; the limit is ${limit}`);
    if (this.#in.position + length > ggufLimits.headerBytes) {
      throw this.#invalid(`has a header of more than ${ggufLimits.headerBytes} bytes, the limit`);
    }
    return this.#in.take(length).toString("utf8");
  }

  #tensor(): RawTensor {
    const name = this.#string(ggufLimits.tensorNameBytes, "tensor name");
    const dimensions = this.#in.u32();
    if (dimensions < 1 || dimensions > ggufLimits.dimensions) {
      throw this.#invalid(
        `gives tensor "${name}" ${dimensions} dimensions; 1 to ${ggufLimits.dimensions} are possible`,
      );
    }
    const shape = Array.from({ length: dimensions }, () => this.#in.u64(`a size of tensor "${name}"`));
    if (shape.includes(0)) throw this.#invalid(`gives tensor "${name}" the empty shape [${shape}]`);
    return { name, shape, typeId: this.#in.u32(), offset: this.#in.u64(`an offset of tensor "${name}"`) };
  }

  #alignment(metadata: Metadata): number {
    const value = metadata.get("general.alignment") ?? defaultAlignment;
    const valid =
      typeof value === "number" && value >= 8 && value <= ggufLimits.alignment && Number.isInteger(Math.log2(value));
    if (!valid)
      throw this.#invalid(`has the alignment ${value}; a power of two from 8 to ${ggufLimits.alignment} is possible`);
    return value;
  }

  /** Decides types and extents: tensors start aligned, end within the file and do not overlap. */
  #placeTensors(raw: readonly RawTensor[], dataStart: number, alignment: number): ReadonlyMap<string, TensorInfo> {
    const inOrder = raw.toSorted((a, b) => a.offset - b.offset);
    const placed = new Map<RawTensor, TensorInfo>();
    for (const [i, { name, typeId, shape, offset }] of inOrder.entries()) {
      if (offset % alignment !== 0) {
        throw this.#invalid(
          `has tensor "${name}" at offset ${offset}, which is not a multiple of its alignment ${alignment}`,
        );
      }
      const start = dataStart + offset;
      const end = i + 1 < inOrder.length ? dataStart + inOrder[i + 1].offset : this.#size;
      const type = identifyTensorType(name, typeId, shape, Math.max(0, Math.min(end, this.#size) - start), alignment);
      placed.set(inOrder[i], { name, type, shape, offset: start, bytes: tensorBytes(type, shape) });
    }
    const tensors = new Map<string, TensorInfo>();
    for (const entry of raw) {
      if (tensors.has(entry.name)) throw this.#invalid(`has the tensor "${entry.name}" twice`);
      tensors.set(entry.name, placed.get(entry)!);
    }
    return tensors;
  }

  #invalid(what: string, wayOut = "The file is damaged: download or convert it again."): UnmaskError {
    return new UnmaskError("gguf_invalid", `${this.#path} ${what}. ${wayOut}`);
  }
}
