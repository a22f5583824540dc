// Which tensor type a number in a GGUF file means.
//
// Ids 36 to 42 and 142/143 have meant different things in different forks, and no file says
// which fork wrote it. What decides is the room the tensor has: the bytes up to the next
// tensor. A type we do not read is named in the error, with the way out.

import { UnmaskError } from "../util/errors.js";
import { elementCount, fitsType, tensorBytes, tensorTypeTable } from "./tensor-types.js";
import { type TensorType, tensorTypes } from "./types.js";

const convertAgain = "Convert the original checkpoint with `unmask convert`.";
const requantise =
  "Use a file in F16, BF16, Q8_0, Q6_K or Q4_0, or convert the original checkpoint with `unmask convert`.";

/** Types of ggml and its forks that this project does not read. */
const foreignNames: Readonly<Record<number, string>> = {
  3: "Q4_1",
  6: "Q5_0",
  7: "Q5_1",
  9: "Q8_1",
  10: "Q2_K",
  11: "Q3_K",
  12: "Q4_K",
  13: "Q5_K",
  15: "Q8_K",
  16: "IQ2_XXS",
  17: "IQ2_XS",
  18: "IQ3_XXS",
  19: "IQ1_S",
  20: "IQ4_NL",
  21: "IQ3_S",
  22: "IQ2_S",
  23: "IQ4_XS",
  24: "I8",
  25: "I16",
  26: "I32",
  27: "I64",
  28: "F64",
  29: "IQ1_M",
  31: "Q4_0_4_4",
  32: "Q4_0_4_8",
  33: "Q4_0_8_8",
  37: "I8_S",
  38: "TL1",
  39: "MXFP4 (or TL2 of old bitnet.cpp files)",
  40: "NVFP4",
  41: "Q1_0",
  134: "IQ1_BN of ik_llama.cpp",
  135: "IQ2_BN of ik_llama.cpp",
  142: "PQ2_0 of the PrismML fork (or IQ2_TN of ik_llama.cpp)",
  143: "PTQ1_0 of the PrismML fork (or IQ1_TN of ik_llama.cpp)",
  335: "IQ2_BN_R4 of ik_llama.cpp",
};

/** Other meanings of an id that the table has, by their byte size. */
function namesake(id: number, shape: readonly number[]): { name: string; bytes: number; wayOut: string }[] {
  const n = elementCount(shape);
  const [columns, rows = 1] = shape;
  if (id === tensorTypeTable.I2_S.id) {
    return [{ name: "IQ4_NL_4_4 (removed from llama.cpp)", bytes: (n / 32) * 18, wayOut: requantise }];
  }
  if (id === tensorTypeTable.Q2_0.id) {
    return [
      {
        name: "the legacy Q2_0 with blocks of 128 (PrismML files before July 2026)",
        bytes: (n / 128) * 34,
        wayOut: `Use the file with \`_g64\` in its name. ${convertAgain}`,
      },
      {
        // The three-weight code covers all but 256 columns, the two-weight code the rest.
        name: "TL2 of bitnet.cpp",
        bytes: Math.ceil(((((columns - 256) * rows) / 3) * (5 / 8)) / 32 + (256 * rows) / 4 / 32) * 32 + 32,
        wayOut: `TL2 cannot be read without the kernel configuration that wrote it. ${convertAgain}`,
      },
    ];
  }
  return [];
}

/**
 * The type of one tensor of a file.
 * @param room bytes from the tensor's start to the next tensor, or to the end of the file
 * @param padding bytes of `room` that may be alignment
 * @throws UnmaskError `tensor_type_unsupported` for types we do not read,
 *   `gguf_invalid` when the tensor does not end within its room.
 */
export function identifyTensorType(
  name: string,
  id: number,
  shape: readonly number[],
  room: number,
  padding: number,
): TensorType {
  const type = tensorTypes.find((candidate) => tensorTypeTable[candidate].id === id);
  const matches = (bytes: number): boolean => bytes <= room && room - bytes < padding;
  const expected = type !== undefined && fitsType(type, shape[0] ?? 1) ? tensorBytes(type, shape) : null;
  if (type !== undefined && expected !== null && matches(expected)) return type;

  const other = namesake(id, shape).find((candidate) => matches(candidate.bytes));
  if (other !== undefined) {
    throw new UnmaskError(
      "tensor_type_unsupported",
      `Tensor "${name}" has type ${id} and the length of ${other.name}, which unmask does not read. ${other.wayOut}`,
    );
  }
  if (type === undefined) {
    const known = foreignNames[id];
    throw new UnmaskError(
      "tensor_type_unsupported",
      `Tensor "${name}" has type ${id} (${known ?? "unknown"}), which unmask does not read. ${requantise}`,
    );
  }
  if (expected === null) {
    throw new UnmaskError(
      "tensor_shape_mismatch",
      `Tensor "${name}" has rows of ${shape[0]} weights, but ${type} needs a multiple of ${tensorTypeTable[type].blockElements}. The file is damaged or was made by a converter that ignores this. ${convertAgain}`,
    );
  }
  if (expected > room) {
    throw new UnmaskError(
      "gguf_invalid",
      `Tensor "${name}" (${type}, [${shape}]) needs ${expected} bytes but the file has room for ${room}. The file is truncated or damaged: download or convert it again.`,
    );
  }
  return type; // followed by bytes nobody claims: harmless
}
