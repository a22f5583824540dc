// What a server says about its model (/v1/models), for the facts line and the settings.
//
// unmask says all of it, llama-server some, others nothing but a name: what is not said is null.

import type { DecodeMode, ModelCard } from "../../../src/client/index.js";

export interface Facts {
  model: string;
  /** Sends denoising events when asked. */
  denoising: boolean;
  architecture: string | null;
  weightType: string | null;
  /** Bytes of its file. */
  size: number | null;
  parameters: number | null;
  contextLength: number | null;
  /** Null: not a diffusion model. */
  blockLength: number | null;
  /** Empty: the server has no such choice. */
  decodeModes: readonly DecodeMode[];
  defaults: {
    decodeMode: DecodeMode;
    threshold: number;
    smallBlockSize: number;
    maxTokens: number;
  } | null;
  /** "native avx512vnni" */
  backend: string | null;
  threads: number | null;
}

export function factsOf(card: ModelCard): Facts {
  const meta = record(card.meta);
  const defaults = record(meta.defaults);
  const unmask = card.owned_by === "unmask";
  const blockLength = number(meta.block_length);
  return {
    model: card.id,
    denoising: unmask && blockLength !== null,
    architecture: text(meta.architecture),
    weightType: text(meta.weight_type),
    size: number(meta.size),
    parameters: number(meta.n_params),
    contextLength: number(meta.n_ctx) ?? number(meta.n_ctx_train) ?? number(card.max_model_len),
    blockLength,
    decodeModes: Array.isArray(meta.decode_modes) ? (meta.decode_modes as DecodeMode[]) : [],
    defaults: unmask
      ? {
          decodeMode: defaults.decode_mode as DecodeMode,
          threshold: number(defaults.threshold) ?? 0.9,
          smallBlockSize: number(defaults.small_block_size) ?? 8,
          maxTokens: number(defaults.max_tokens) ?? 256,
        }
      : null,
    backend: text(meta.backend),
    threads: number(meta.threads),
  };
}

/** The facts as short phrases: "5.0 M parameters", "I2_S", "1.7 MiB". */
export function factPhrases(facts: Facts): string[] {
  const { architecture, parameters, weightType, size, blockLength, contextLength, backend, threads } = facts;
  const phrases = [
    architecture,
    parameters === null ? null : `${short(parameters)} parameters`,
    weightType,
    size === null ? null : `${mebibytes(size)} MiB`,
    blockLength === null ? null : `blocks of ${blockLength}`,
    contextLength === null ? null : `context ${contextLength}`,
    backend,
    threads === null ? null : `${threads} ${threads === 1 ? "thread" : "threads"}`,
  ];
  return phrases.filter((phrase) => phrase !== null);
}

/** The lengths a sub-block may have. */
export function divisors(length: number): number[] {
  return Array.from({ length }, (_, i) => i + 1).filter((size) => length % size === 0);
}

/** 5_000_000 -> "5.0 M" */
export function short(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`;
  return String(count);
}

function mebibytes(bytes: number): string {
  const value = bytes / 2 ** 20;
  return value >= 10 ? value.toFixed(0) : value.toFixed(1);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
