// Metadata and tensor directory of a small valid model, for tests to spoil.

import type { Metadata, MetadataValue, TensorInfo } from "../../src/format/types.js";
import type { Architecture } from "../../src/model/types.js";

export type Changes = Record<string, MetadataValue | undefined>;

/** `changes` set keys, or remove them with undefined; keys beginning with "." belong to the architecture. */
export function metadataOf(architecture: Architecture, changes: Changes = {}): Metadata {
  const metadata = new Map<string, MetadataValue>([
    ["general.architecture", architecture],
    ["general.name", "tiny"],
    [`${architecture}.block_count`, 2],
    [`${architecture}.context_length`, 128],
    [`${architecture}.embedding_length`, 48],
    [`${architecture}.feed_forward_length`, 96],
    [`${architecture}.attention.head_count`, 6],
    [`${architecture}.attention.head_count_kv`, 2],
    [`${architecture}.attention.layer_norm_rms_epsilon`, 1e-5],
    [`${architecture}.rope.freq_base`, 500_000],
  ]);
  for (const [key, value] of Object.entries(changes)) {
    const full = key.startsWith(".") ? architecture + key : key;
    if (value === undefined) metadata.delete(full);
    else metadata.set(full, value);
  }
  return metadata;
}

export function directory(shapes: Record<string, number[]>): ReadonlyMap<string, TensorInfo> {
  const entries = Object.entries(shapes).map(([name, shape]): [string, TensorInfo] => {
    return [name, { name, type: "F32", shape, offset: 0, bytes: 0 }];
  });
  return new Map(entries);
}

export const embedding = directory({ "token_embd.weight": [48, 100] });
