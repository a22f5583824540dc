// The table of tensor types: ids, blocks and byte sizes.
//
// A tensor is stored row by row; a row of `shape[0]` weights is a whole number of blocks.
// Byte size is always blocks * blockBytes + trailerBytes. Layouts inside a block are in
// tensors/; ids of types that are not in the table are told apart in type-ids.ts.

import { UnmaskError } from "../util/errors.js";
import type { TensorType } from "./types.js";

export interface TensorTypeInfo {
  /** Number in the file. I2_S is bitnet.cpp's, the others are ggml's. */
  id: number;
  /** Weights of one block. */
  blockElements: number;
  blockBytes: number;
  /** Bytes after the last block: I2_S keeps its one f32 scale there. */
  trailerBytes: number;
  ternary: boolean;
}

export const tensorTypeTable: Readonly<Record<TensorType, TensorTypeInfo>> = {
  F32: { id: 0, blockElements: 1, blockBytes: 4, trailerBytes: 0, ternary: false },
  F16: { id: 1, blockElements: 1, blockBytes: 2, trailerBytes: 0, ternary: false },
  BF16: { id: 30, blockElements: 1, blockBytes: 2, trailerBytes: 0, ternary: false },
  Q8_0: { id: 8, blockElements: 32, blockBytes: 34, trailerBytes: 0, ternary: false },
  Q6_K: { id: 14, blockElements: 256, blockBytes: 210, trailerBytes: 0, ternary: false },
  Q4_0: { id: 2, blockElements: 32, blockBytes: 18, trailerBytes: 0, ternary: false },
  I2_S: { id: 36, blockElements: 128, blockBytes: 32, trailerBytes: 32, ternary: true },
  TQ1_0: { id: 34, blockElements: 256, blockBytes: 54, trailerBytes: 0, ternary: true },
  TQ2_0: { id: 35, blockElements: 256, blockBytes: 66, trailerBytes: 0, ternary: true },
  Q2_0: { id: 42, blockElements: 64, blockBytes: 18, trailerBytes: 0, ternary: true },
};

/** Number of weights of a shape; throws `tensor_shape_mismatch` beyond 2^53. */
export function elementCount(shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(count)) {
    throw new UnmaskError("tensor_shape_mismatch", `A tensor of shape [${shape}] is too large to address.`);
  }
  return count;
}

/** Whether rows of `columns` weights are a whole number of the type's blocks. */
export function fitsType(type: TensorType, columns: number): boolean {
  return columns % tensorTypeTable[type].blockElements === 0;
}

/** Bytes of a tensor in the file; throws `tensor_shape_mismatch` when its rows do not fit the type. */
export function tensorBytes(type: TensorType, shape: readonly number[]): number {
  const info = tensorTypeTable[type];
  if (!fitsType(type, shape[0] ?? 1)) {
    throw new UnmaskError(
      "tensor_shape_mismatch",
      `Rows of ${shape[0]} weights cannot be stored as ${type}, whose blocks hold ${info.blockElements}.`,
    );
  }
  return (elementCount(shape) / info.blockElements) * info.blockBytes + info.trailerBytes;
}
