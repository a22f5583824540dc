// Any stored tensor as f32 values: the slow plain reading of every type in the table.

import type { TensorType } from "../types.js";
import { type FloatType, unpackFloats } from "./float.js";
import { type TernaryType, ternaryToFloats, unpackTernary } from "./ternary.js";

export { type BlockType, blockTypes } from "./blocks.js";
export { type FloatType, packFloats, unpackFloats } from "./float.js";
export * from "./ternary.js";

export function isTernary(type: TensorType): type is TernaryType {
  return type === "I2_S" || type === "TQ1_0" || type === "TQ2_0" || type === "Q2_0";
}

/** All bytes of a tensor -> f32 values [n], row by row. */
export function tensorToFloats(type: TensorType, bytes: Uint8Array): Float32Array {
  return isTernary(type) ? ternaryToFloats(unpackTernary(type, bytes)) : unpackFloats(type as FloatType, bytes);
}
