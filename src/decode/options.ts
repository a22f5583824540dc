// Which decode options a model can honour. Nothing is repaired or ignored: an option that cannot
// be honoured is an error that says what would be. `param` is the request field at fault.

import type { DiffusionFacts } from "../model/types.js";
import { type ErrorCode, UnmaskError } from "../util/errors.js";
import { type DecodeOptions, decodeModes, dualCaches } from "./types.js";

const integer = Number.isInteger;
const anyModel = 'or decode with decode_mode "autoregressive"';

/**
 * Throws an UnmaskError for the first option that is wrong.
 * invalid_request: a value outside its range. no_mask_token: a mode that fills masks, on a model
 * that has none or was trained without them. mode_unsupported: a mode this model cannot run.
 */
export function validateDecodeOptions(options: DecodeOptions, facts: DiffusionFacts): void {
  const { mode, threshold, subBlock, temperature, topP, topK } = options;
  const known = decodeModes.map((name) => `"${name}"`).join(", ");
  check(decodeModes.includes(mode), "decode_mode", `decode_mode is "${mode}". Use one of ${known}.`);
  check(
    threshold > 0 && threshold <= 1,
    "threshold",
    `threshold is ${threshold}. Use a confidence above 0 and at most 1, such as 0.9.`,
  );
  check(
    integer(subBlock) && subBlock >= 1 && facts.blockLength % subBlock === 0,
    "small_block_size",
    `small_block_size is ${subBlock}. Use a whole number that divides the model's block length, ${facts.blockLength}.`,
  );
  check(
    dualCaches.includes(options.dualCache),
    "dual_cache",
    `dual_cache is ${JSON.stringify(options.dualCache)}. Use true, false or "shifted".`,
  );
  check(
    integer(options.maxTokens) && options.maxTokens >= 1,
    "max_tokens",
    `max_tokens is ${options.maxTokens}. Use a whole number of at least 1.`,
  );
  check(
    temperature >= 0 && Number.isFinite(temperature),
    "temperature",
    `temperature is ${temperature}. Use 0 for the most probable token, or a number above 0 to sample.`,
  );
  check(topP > 0 && topP <= 1, "top_p", `top_p is ${topP}. Use a number above 0 and at most 1; 1 switches it off.`);
  check(integer(topK) && topK >= 0, "top_k", `top_k is ${topK}. Use a whole number of at least 0; 0 switches it off.`);
  check(integer(options.seed), "seed", `seed is ${options.seed}. Use a whole number.`);
  check(
    integer(options.top) && options.top >= 0 && options.top <= 20,
    "top_logprobs",
    `top_logprobs is ${options.top}. Use a whole number from 0 to 20.`,
  );
  if (mode === "autoregressive") checkAutoregressive(facts);
  else checkDiffusion(options, facts);
}

function checkAutoregressive(facts: DiffusionFacts): void {
  check(
    facts.attention === "causal" || facts.shift,
    "decode_mode",
    'decode_mode is "autoregressive", but this model has no token shift: its rows predict their own position, so it ' +
      'has no next-token prediction. Use "adaptive", "iterative" or "greedy".',
    "mode_unsupported",
  );
}

function checkDiffusion({ mode }: DecodeOptions, facts: DiffusionFacts): void {
  check(
    facts.attention !== "causal",
    "decode_mode",
    `decode_mode is "${mode}", but this model attends causally: it was not trained to fill masks. Convert it with ` +
      `--attention and --mask-token if it is a block-diffusion model, ${anyModel}.`,
    "no_mask_token",
  );
  check(
    facts.maskToken !== null,
    "decode_mode",
    `decode_mode is "${mode}", but the model file names no mask token. Give its id (--mask-token-id, or --mask-token ` +
      `when converting)${facts.shift ? `, ${anyModel}` : ""}.`,
    "no_mask_token",
  );
  if (mode !== "verified") return;
  check(
    facts.attention === "context-causal" && facts.shift,
    "decode_mode",
    `decode_mode is "verified", which needs a context-causal model with token shift; this one is ${facts.attention}` +
      `${facts.shift ? "" : " without token shift"}. Use "adaptive", "iterative" or "greedy".`,
    "mode_unsupported",
  );
}

function check(
  condition: boolean,
  param: string,
  message: string,
  code: ErrorCode = "invalid_request",
): asserts condition {
  if (!condition) throw new UnmaskError(code, message, { param });
}
