// GET /v1/models: the one model, in OpenAI's shape with llama-server's `meta` beside it.

import { createHash } from "node:crypto";
import type { DualCache } from "../decode/types.js";
import type { ModelInfo } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";

export interface ModelObject {
  id: string;
  object: "model";
  created: number;
  owned_by: "unmask";
  meta: {
    n_vocab: number;
    n_ctx: number;
    n_params: number;
    size: number;
    architecture: string;
    weight_type: string;
    head_type: string;
    attention: string;
    block_length: number | null;
    decode_modes: readonly string[];
    defaults: {
      decode_mode: string;
      threshold: number;
      small_block_size: number;
      dual_cache: DualCache;
      max_tokens: number;
    };
    backend: string;
    threads: number;
  };
}

/** @param created seconds since 1970 */
export function modelObject(info: ModelInfo, created: number): ModelObject {
  const { decodeMode, threshold, smallBlockSize, dualCache, maxTokens } = info.defaults;
  return {
    id: info.id,
    object: "model",
    created,
    owned_by: "unmask",
    meta: {
      n_vocab: info.vocabulary,
      n_ctx: info.contextLength,
      n_params: info.parameters,
      size: info.bytes,
      architecture: info.architecture,
      weight_type: info.weightType,
      head_type: info.head.type,
      attention: info.attention,
      block_length: info.blockLength,
      decode_modes: info.decodeModes,
      defaults: {
        decode_mode: decodeMode,
        threshold,
        small_block_size: smallBlockSize,
        dual_cache: dualCache,
        max_tokens: maxTokens,
      },
      backend: `${info.backend.kind} ${info.backend.isa}`,
      threads: info.backend.threads,
    },
  };
}

/** A request may name the model, say "default", or leave it out. @throws model_not_found */
export function requireModel(name: string | null, info: ModelInfo): void {
  if (name === null || name === "default" || name === info.id) return;
  const message = `The model '${name}' is not here. This server has '${info.id}'; use that name or leave model out.`;
  throw new UnmaskError("model_not_found", message, { param: "model" });
}

/** Equal for equal answers: the same weights, computed alike, whatever the hardware. */
export function systemFingerprint(info: ModelInfo): string {
  const facts = [info.weights, info.head.type, info.backend.kind].join("\n");
  return `fp_${createHash("sha256").update(facts).digest("hex").slice(0, 10)}`;
}
