// How a stored ternary tensor looks: its zeros, its scales, and codes that should not be there.
//
// Large tensors are sampled: evenly spaced pieces, so that a 1 GB file is inspected in a second.

import { tensorTypeTable } from "../format/tensor-types.js";
import { type TernaryType, unpackTernary } from "../format/tensors/index.js";
import type { ModelFile, TensorInfo } from "../format/types.js";

export interface StoredTernary {
  /** Share of the sampled weights that are zero. */
  zeroShare: number;
  /** Smallest and largest scale of blocks that hold a weight other than zero. */
  scales: { least: number; most: number };
  /** Sampled weights with code 3, which no ternary model has. */
  invalidCodes: number;
  sampled: number;
}

const pieces = 16;
const pieceWeights = 64 * 1024;

/** Reads at most a million weights of the tensor. */
export async function ternaryStatistics(file: ModelFile, tensor: TensorInfo): Promise<StoredTernary> {
  const type = tensor.type as TernaryType;
  const { blockElements, blockBytes, trailerBytes } = tensorTypeTable[type];
  const blocks = (tensor.bytes - trailerBytes) / blockBytes;
  const trailer = await file.read(tensor, tensor.bytes - trailerBytes, tensor.bytes);
  const result: StoredTernary = { zeroShare: 0, scales: { least: Infinity, most: 0 }, invalidCodes: 0, sampled: 0 };
  let zeros = 0;
  for (const [first, end] of sampleRanges(blocks, pieceWeights / blockElements)) {
    const bytes = await file.read(tensor, first * blockBytes, end * blockBytes);
    const { codes, scales, group } = unpackTernary(type, Buffer.concat([bytes, trailer]));
    for (let g = 0; g < scales.length; g++) {
      let filled = false;
      for (const code of codes.subarray(g * group, (g + 1) * group)) {
        if (code === 1) zeros++;
        else filled = true;
        if (code === 3) result.invalidCodes++;
      }
      // A block of zeros may have any scale: some writers store 0.
      if (!filled) continue;
      result.scales.least = Math.min(result.scales.least, scales[g]);
      result.scales.most = Math.max(result.scales.most, scales[g]);
    }
    result.sampled += codes.length;
  }
  result.zeroShare = zeros / result.sampled;
  if (result.scales.most === 0) result.scales.least = 0;
  return result;
}

/** All of [0, count) when it is short, else evenly spaced runs of `length`. */
function sampleRanges(count: number, length: number): [first: number, end: number][] {
  if (count <= pieces * length) return [[0, count]];
  return Array.from({ length: pieces }, (_, i) => {
    const first = Math.floor((i * (count - length)) / (pieces - 1));
    return [first, first + length];
  });
}
