// The value types of GGUF metadata, shared by reader and writer.
//
// llama.cpp asks for exact types (counts as u32, epsilons as f32), so what is written says
// its type; what is read comes back as a plain MetadataValue.

/** Scalar types with their number in the file and their size (0: variable). */
export const scalarTypes = {
  u8: { id: 0, bytes: 1 },
  i8: { id: 1, bytes: 1 },
  u16: { id: 2, bytes: 2 },
  i16: { id: 3, bytes: 2 },
  u32: { id: 4, bytes: 4 },
  i32: { id: 5, bytes: 4 },
  f32: { id: 6, bytes: 4 },
  bool: { id: 7, bytes: 1 },
  string: { id: 8, bytes: 0 },
  u64: { id: 10, bytes: 8 },
  i64: { id: 11, bytes: 8 },
  f64: { id: 12, bytes: 8 },
} as const;

export const arrayTypeId = 9;
export const magic = "GGUF";
export const defaultAlignment = 32;

export type ScalarType = keyof typeof scalarTypes;
export type Scalar = number | bigint | boolean | string;

export type GgufValue =
  | { type: ScalarType; value: Scalar }
  | { type: "array"; of: ScalarType; values: readonly Scalar[] };

export const u32 = (value: number): GgufValue => ({ type: "u32", value });
export const f32 = (value: number): GgufValue => ({ type: "f32", value });
export const bool = (value: boolean): GgufValue => ({ type: "bool", value });
export const string = (value: string): GgufValue => ({ type: "string", value });
export const array = (of: ScalarType, values: readonly Scalar[]): GgufValue => ({ type: "array", of, values });
