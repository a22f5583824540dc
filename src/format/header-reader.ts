// Reads the front of a file value by value through a small window.
//
// The file is never read whole: the window is 64 KiB, and only a string longer than that
// is read beside it. Reads are synchronous because a header is a million tiny values; at
// most `limit` bytes are ever read. Asking for bytes past the end throws `gguf_invalid`.

import { readSync } from "node:fs";
import { UnmaskError } from "../util/errors.js";
import type { ScalarType } from "./gguf-values.js";

const windowBytes = 64 * 1024;

export class HeaderReader {
  readonly #fd: number;
  readonly #path: string;
  readonly #size: number;
  readonly #window = Buffer.alloc(windowBytes);
  #windowStart = 0;
  #windowEnd = 0;
  #position = 0;

  constructor(fd: number, path: string, size: number) {
    this.#fd = fd;
    this.#path = path;
    this.#size = size;
  }

  /** Offset of the next byte in the file. */
  get position(): number {
    return this.#position;
  }

  /** Bytes of the file not yet read. */
  get remaining(): number {
    return this.#size - this.#position;
  }

  /** The next `count` bytes, valid until the next call. */
  take(count: number): Buffer {
    if (count > this.remaining) {
      throw new UnmaskError(
        "gguf_invalid",
        `${this.#path} ends at byte ${this.#size}, inside its header: ${count} more bytes were expected at ${this.#position}. The file is truncated or damaged: download or convert it again.`,
      );
    }
    const start = this.#position;
    this.#position += count;
    if (count > windowBytes) return this.#read(Buffer.alloc(count), start);
    if (start + count > this.#windowEnd) {
      const length = Math.min(windowBytes, this.#size - start);
      this.#read(this.#window.subarray(0, length), start);
      this.#windowStart = start;
      this.#windowEnd = start + length;
    }
    return this.#window.subarray(start - this.#windowStart, start - this.#windowStart + count);
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  /** A count, length or offset: at most 2^53 - 1, which no real file comes near. */
  u64(what: string): number {
    const value = this.take(8).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new UnmaskError("gguf_invalid", `${this.#path} claims ${what} of ${value}. The file is damaged.`);
    }
    return Number(value);
  }

  number(type: Exclude<ScalarType, "string" | "bool">): number | bigint {
    switch (type) {
      case "u8":
        return this.take(1).readUInt8();
      case "i8":
        return this.take(1).readInt8();
      case "u16":
        return this.take(2).readUInt16LE();
      case "i16":
        return this.take(2).readInt16LE();
      case "u32":
        return this.take(4).readUInt32LE();
      case "i32":
        return this.take(4).readInt32LE();
      case "f32":
        return this.take(4).readFloatLE();
      case "f64":
        return this.take(8).readDoubleLE();
      case "u64":
        return narrow(this.take(8).readBigUInt64LE());
      case "i64":
        return narrow(this.take(8).readBigInt64LE());
    }
  }

  #read(into: Buffer, from: number): Buffer {
    for (let done = 0; done < into.length; ) {
      const count = readSync(this.#fd, into, done, into.length - done, from + done);
      if (count === 0) throw new UnmaskError("gguf_invalid", `${this.#path} became shorter while it was read.`);
      done += count;
    }
    return into;
  }
}

/** A 64-bit integer as a number where that is exact. */
function narrow(value: bigint): number | bigint {
  return BigInt.asIntN(54, value) === value ? Number(value) : value;
}
