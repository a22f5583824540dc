// Hugging Face "bitnet" packed weights: U8 [rows / 4, columns].
//
// Bits 2i and 2i + 1 of byte (r, k) hold the code of row r + i * rows / 4, column k: the
// output rows are split in four blocks, not interleaved. Codes are t + 1, as in ternary.ts.

import { UnmaskError } from "../../util/errors.js";

/** codes [rows, columns] -> bytes [rows / 4, columns]; rows is a multiple of 4. */
export function packRows(codes: Uint8Array): Uint8Array {
  const quarter = codes.length / 4;
  const out = new Uint8Array(quarter);
  for (let i = 0; i < 4; i++) {
    for (let p = 0; p < quarter; p++) out[p] |= codes[i * quarter + p] << (2 * i);
  }
  return out;
}

/**
 * Bytes of some packed rows -> the codes of the same number of rows in block `i`.
 * @throws UnmaskError `checkpoint_invalid` on code 3, which means nothing.
 */
export function unpackRows(bytes: Uint8Array, i: 0 | 1 | 2 | 3): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let seen = 0;
  for (let p = 0; p < out.length; p++) {
    out[p] = (bytes[p] >>> (2 * i)) & 3;
    seen |= out[p] & (out[p] >>> 1); // bit 0 once any code is 3
  }
  if (seen !== 0) {
    throw new UnmaskError(
      "checkpoint_invalid",
      "A packed ternary weight holds the code 3. The file is damaged, or is not packed as transformers packs bitnet weights.",
    );
  }
  return out;
}
