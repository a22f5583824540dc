// The head's matrix as a backend multiplies with it: as the file stores it, or requantised when the
// model is loaded. The embedding keeps its stored values in either case.

import { fitsType, tensorBytes, tensorTypeTable } from "../format/tensor-types.js";
import type { BlockType } from "../format/tensors/index.js";
import type { TensorInfo } from "../format/types.js";
import { UnmaskError } from "../util/errors.js";
import type { Program } from "./program.js";
import { type HeadType, headTypes } from "./types.js";

/** The tensor type of a head type. */
export function blockTypeOf(head: HeadType): BlockType {
  return head.toUpperCase() as BlockType;
}

/** The stored tensor of the head, or undefined for a program without. */
export function storedHead(
  { ops }: Pick<Program, "ops">,
  tensors: ReadonlyMap<string, TensorInfo>,
): TensorInfo | undefined {
  const op = ops.find((op) => op.op === "head");
  return op === undefined ? undefined : tensors.get(op.weight);
}

/**
 * What becomes of a stored head: the same tensor, or one of the type asked for and its bytes, which
 * are in memory and not in the file.
 * @throws UnmaskError type_does_not_fit, naming the types that fit
 */
export function headInMemory(stored: TensorInfo, head: HeadType | undefined): TensorInfo {
  if (head === undefined) return stored;
  const type = blockTypeOf(head);
  if (type === stored.type) return stored;
  const [columns] = stored.shape;
  if (fitsType(type, columns)) return { ...stored, type, bytes: tensorBytes(type, stored.shape) };
  const fitting = headTypes.filter((candidate) => fitsType(blockTypeOf(candidate), columns));
  const wayOut = fitting.length === 0 ? "Leave --head out: no type fits." : `Use --head ${fitting.join(" or ")}.`;
  throw new UnmaskError(
    "type_does_not_fit",
    `The head has rows of ${columns} weights, and ${head} stores blocks of ${tensorTypeTable[type].blockElements}. ${wayOut}`,
    { param: "head" },
  );
}
