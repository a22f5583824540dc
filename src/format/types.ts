// What a model file looks like to the layers above: metadata and a directory of tensors.
// The bytes stay in the file; nothing here holds weights.

export const tensorTypes = ["F32", "F16", "BF16", "Q8_0", "Q6_K", "Q4_0", "I2_S", "TQ1_0", "TQ2_0", "Q2_0"] as const;
export type TensorType = (typeof tensorTypes)[number];

export type MetadataValue = string | number | bigint | boolean | MetadataValue[];
/** Integers that fit are numbers, larger 64-bit ones are bigint. */
export type Metadata = ReadonlyMap<string, MetadataValue>;

export interface TensorInfo {
  name: string;
  type: TensorType;
  /** ggml order: fastest axis first, so a matrix is [columns, rows]. */
  shape: number[];
  /** Absolute byte offset in the file. */
  offset: number;
  bytes: number;
}

/** An open GGUF file. */
export interface ModelFile {
  readonly path: string;
  readonly size: number;
  readonly metadata: Metadata;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Reads one tensor's stored bytes, or a part [start, end) of them. For small tensors and the reference backend only. */
  read(tensor: TensorInfo, start?: number, end?: number): Promise<Uint8Array>;
  close(): Promise<void>;
}
