// The diffusion facts of a checkpoint: how it attends, its block, its mask token, its shift.
//
// They come from options first, then config.json, then what is known of the architecture.
// A checkpoint that has some of them must have all: a guess here would decode nonsense.

import { pageSize } from "../backend/types.js";
import type { AttentionKind, DiffusionFacts } from "../model/types.js";
import { UnmaskError } from "../util/errors.js";
import type { CheckpointConfig } from "./config.js";

export interface DiffusionOptions {
  blockLength?: number | undefined;
  attention?: AttentionKind | undefined;
  /** Id or text of the mask token. */
  maskToken?: number | string | undefined;
  /** False: row i predicts token i, not i + 1. */
  shift?: boolean | undefined;
}

/** What Fast-dLLM v2 checkpoints leave unsaid; the mask token is an added token that config.json does not name. */
const fastDllm = { blockLength: 32, attention: "block-causal", maskToken: "|<MASK>|" } as const;

/**
 * @param findToken id of an added or ordinary token by its text
 * @returns null for an ordinary autoregressive model
 * @throws UnmaskError `option_missing` naming the flag, `hyperparameter_invalid`, `no_mask_token`
 */
export function diffusionFacts(
  config: CheckpointConfig,
  options: DiffusionOptions,
  findToken: (text: string) => number | undefined,
): DiffusionFacts | null {
  const known = config.architectures[0] === "Fast_dLLM_QwenForCausalLM" ? fastDllm : undefined;
  const attention = options.attention ?? attentionOf(config) ?? known?.attention;
  const blockLength = options.blockLength ?? config.bd_size ?? known?.blockLength;
  const mask = options.maskToken ?? config.mask_token_id ?? known?.maskToken;
  if (attention === "causal") {
    refuseBesideCausal(options);
    return null;
  }
  if (attention === undefined && blockLength === undefined && mask === undefined && options.shift === undefined) {
    return null;
  }
  if (attention === undefined) {
    throw missing(
      "how it attends",
      "--attention",
      "block-causal, context-causal, or causal for an autoregressive model",
    );
  }
  if (blockLength === undefined) throw missing("its block length", "--block-length", "32 for most");
  if (mask === undefined) throw missing("its mask token", "--mask-token", "an id or the token's text");
  if (blockLength < 1 || (pageSize % blockLength !== 0 && blockLength % pageSize !== 0)) {
    throw new UnmaskError(
      "hyperparameter_invalid",
      `A block length of ${blockLength} neither divides ${pageSize} nor is a multiple of it. Give the one the model was trained with (--block-length).`,
      { param: "block_length" },
    );
  }
  return { attention, blockLength, shift: options.shift ?? true, maskToken: maskTokenId(mask, config, findToken) };
}

function attentionOf(config: CheckpointConfig): AttentionKind | undefined {
  const name = config.diffusion_attention;
  if (name == null) return undefined;
  if (name === "causal" || name === "block-causal" || name === "context-causal") return name;
  throw new UnmaskError(
    "hyperparameter_invalid",
    `config.json gives diffusion_attention "${name}"; block-causal and context-causal are known. Override it with --attention.`,
    { param: "diffusion_attention" },
  );
}

function refuseBesideCausal({ blockLength, maskToken, shift }: DiffusionOptions): void {
  const given = { "--block-length": blockLength, "--mask-token": maskToken, "--no-shift": shift };
  const flag = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
  if (flag === undefined) return;
  throw new UnmaskError(
    "hyperparameter_invalid",
    `${flag} says nothing about a causal model. Leave it out, or give --attention block-causal or context-causal.`,
    { param: "attention" },
  );
}

function maskTokenId(
  mask: number | string,
  config: CheckpointConfig,
  findToken: (text: string) => number | undefined,
): number {
  const id = typeof mask === "number" ? mask : findToken(mask);
  if (id === undefined) {
    throw new UnmaskError(
      "no_mask_token",
      `The tokenizer has no token "${mask}". Give the mask token's id or text with --mask-token.`,
      {
        param: "mask_token",
      },
    );
  }
  if (id < config.vocab_size) return id;
  throw new UnmaskError(
    "no_mask_token",
    `The mask token ${id} is beyond the embedding's ${config.vocab_size} rows. Give the right one with --mask-token.`,
    { param: "mask_token" },
  );
}

function missing(what: string, flag: string, values: string): UnmaskError {
  return new UnmaskError(
    "option_missing",
    `The checkpoint is a diffusion model but config.json does not say ${what}. Give ${flag} (${values}).`,
    { param: flag.slice(2).replaceAll("-", "_") },
  );
}
