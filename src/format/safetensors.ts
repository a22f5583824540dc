// Reads and writes safetensors: u64 header length, a JSON directory, then the tensors.
//
// Tensors are read by byte range from the file and never all at once. The checks are those
// of the reference library: known dtypes, extents that match the shapes and cover the data
// without gap or overlap. Shapes are row-major ([rows, columns]), the reverse of GGUF's.

import type { FileHandle } from "node:fs/promises";
import { z } from "zod";
import { UnmaskError } from "../util/errors.js";
import { openInput, readRange } from "./input-file.js";
import { writeFileAtomically } from "./output-file.js";
import { elementCount } from "./tensor-types.js";

export const dtypeBytes = { U8: 1, I8: 1, BOOL: 1, I32: 4, I64: 8, BF16: 2, F16: 2, F32: 4 } as const;
export type Dtype = keyof typeof dtypeBytes;

/** The reference library's own limit; real headers are below 1 MB. */
const headerLimit = 100_000_000;

export interface SafetensorInfo {
  name: string;
  dtype: Dtype;
  /** Row-major, slowest axis first. */
  shape: number[];
  /** Absolute byte offset in the file. */
  offset: number;
  bytes: number;
}

export interface SafetensorsFile {
  readonly path: string;
  readonly size: number;
  readonly tensors: ReadonlyMap<string, SafetensorInfo>;
  /** The free-form `__metadata__` strings. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Bytes [start, end) of a tensor, all by default. */
  read(tensor: SafetensorInfo, start?: number, end?: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const headerSchema = z.record(z.string(), z.unknown());
const metadataSchema = z.record(z.string(), z.string());

/**
 * Opens a safetensors file and checks its whole directory.
 * @throws UnmaskError `file_not_found`, `safetensors_invalid`, `tensor_type_unsupported`
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await openInput(path);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new UnmaskError("file_not_found", `${path} is not a file.`);
    const { size } = stat;
    const header = await readHeader(handle, path, size);
    const { __metadata__: metadata, ...entries } = header.entries;
    return new OpenSafetensors(handle, path, size, checkEntries(path, entries, header.end, size), {
      ...parse(metadataSchema, metadata ?? {}, path, "__metadata__"),
    });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

class OpenSafetensors implements SafetensorsFile {
  readonly path: string;
  readonly size: number;
  readonly tensors: ReadonlyMap<string, SafetensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #handle: FileHandle;

  constructor(
    handle: FileHandle,
    path: string,
    size: number,
    tensors: ReadonlyMap<string, SafetensorInfo>,
    metadata: Record<string, string>,
  ) {
    this.#handle = handle;
    this.path = path;
    this.size = size;
    this.tensors = tensors;
    this.metadata = metadata;
  }

  read(tensor: SafetensorInfo, start = 0, end = tensor.bytes): Promise<Uint8Array> {
    return readWhole(this.#handle, this.path, tensor.offset + start, end - start);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function readWhole(handle: FileHandle, path: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = await readRange(handle, offset, length);
  if (bytes === null) throw invalid(path, "became shorter while it was read");
  return bytes;
}

async function readHeader(
  handle: FileHandle,
  path: string,
  size: number,
): Promise<{ entries: Record<string, unknown>; end: number }> {
  if (size < 8) throw invalid(path, `has ${size} bytes, too few for a header`);
  const prefix = await readWhole(handle, path, 0, 8);
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > BigInt(Math.min(headerLimit, size - 8))) {
    throw invalid(
      path,
      `claims a header of ${length} bytes; the file has ${size - 8} after the length and the limit is ${headerLimit}`,
    );
  }
  const end = 8 + Number(length);
  const text = Buffer.from(await readWhole(handle, path, 8, Number(length))).toString("utf8");
  if (!text.startsWith("{")) throw invalid(path, "has a header that does not begin with {");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalid(path, `has a header that is not JSON (${(cause as Error).message})`);
  }
  return { entries: parse(headerSchema, json, path, "header"), end };
}

function checkEntries(
  path: string,
  entries: Record<string, unknown>,
  dataStart: number,
  size: number,
): ReadonlyMap<string, SafetensorInfo> {
  const tensors = Object.entries(entries).map(([name, value]): SafetensorInfo => {
    const { dtype, shape, data_offsets: range } = parse(entrySchema, value, path, `entry "${name}"`);
    if (!isDtype(dtype)) {
      throw new UnmaskError(
        "tensor_type_unsupported",
        `${path}: tensor "${name}" has dtype ${dtype}; ${Object.keys(dtypeBytes).join(", ")} can be read. Save the checkpoint in one of these.`,
      );
    }
    const bytes = elementCount(shape) * dtypeBytes[dtype];
    if (range[1] - range[0] !== bytes) {
      throw invalid(
        path,
        `gives tensor "${name}" (${dtype}, [${shape}]) ${range[1] - range[0]} bytes instead of ${bytes}`,
      );
    }
    return { name, dtype, shape, offset: dataStart + range[0], bytes };
  });
  let end = dataStart;
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset || a.bytes - b.bytes)) {
    // A key that occurs twice shows here: only its last entry survives JSON, and leaves a gap.
    if (tensor.offset !== end) throw invalid(path, `has a gap or an overlap before tensor "${tensor.name}"`);
    end += tensor.bytes;
  }
  if (end !== size) throw invalid(path, `has ${size} bytes but its tensors end at ${end}`);
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}

function isDtype(name: string): name is Dtype {
  return Object.hasOwn(dtypeBytes, name);
}

function parse<T>(schema: z.ZodType<T>, value: unknown, path: string, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(path, `has a malformed ${what} (${result.error.issues[0].message})`);
}

function invalid(path: string, what: string): UnmaskError {
  return new UnmaskError(
    "safetensors_invalid",
    `${path} ${what}. The file is truncated or damaged: download or save it again.`,
  );
}

export interface SafetensorSource {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
  /** The tensor's bytes in order, in chunks of any size. */
  produce(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/**
 * Writes a file, replacing what was at `path` only once it is complete. Tensors are stored in
 * the given order. Throws `file_write_failed`, and whatever a producer throws.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly SafetensorSource[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const directory: Record<string, unknown> = Object.keys(metadata).length === 0 ? {} : { __metadata__: metadata };
  let end = 0;
  for (const { name, dtype, shape } of tensors) {
    const start = end;
    end += elementCount(shape) * dtypeBytes[dtype];
    directory[name] = { dtype, shape, data_offsets: [start, end] };
  }
  const text = Buffer.from(JSON.stringify(directory), "utf8");
  const header = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, " "); // padded so that the data is aligned
  header.writeBigUInt64LE(BigInt(header.length - 8));
  header.set(text, 8);
  await writeFileAtomically(path, async (write) => {
    await write(header);
    for (const tensor of tensors) {
      let bytes = 0;
      for await (const chunk of tensor.produce()) {
        await write(chunk);
        bytes += chunk.length;
      }
      const expected = elementCount(tensor.shape) * dtypeBytes[tensor.dtype];
      if (bytes !== expected) throw new Error(`the producer of ${tensor.name} made ${bytes} of ${expected} bytes`);
    }
  });
}
