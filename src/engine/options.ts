// Checks what a caller asked for against what the model can do, and fills in the defaults.
//
// The result is complete: decoders and scheduler meet no undefined and no impossible value.

import { validateDecodeOptions } from "../decode/index.js";
import { type DecodeMode, type DecodeOptions, decodeModes } from "../decode/types.js";
import type { DiffusionFacts } from "../model/types.js";
import { UnmaskError } from "../util/errors.js";
import type { GenerateOptions, ModelInfo } from "./types.js";

/** @param promptTokens tokens of the prompt; @param randomSeed used when the caller names none. */
export function resolveOptions(
  options: GenerateOptions,
  promptTokens: number,
  model: { info: ModelInfo; facts: DiffusionFacts; stopTokens: readonly number[]; randomSeed: () => number },
): DecodeOptions {
  const { info, facts } = model;
  const mode = options.decodeMode ?? info.defaults.decodeMode;
  if (!decodeModes.includes(mode)) {
    throw invalid("decode_mode", `'${mode}' is not a decode mode. Use one of ${decodeModes.join(", ")}.`);
  }
  checkBlockSize(options.blockSize, info);
  const left = info.contextLength - promptTokens;
  if (left < 1) {
    throw tooLong(
      "messages",
      `The prompt has ${promptTokens} tokens and the context holds ${info.contextLength}, answer included. Shorten it.`,
    );
  }
  const maxTokens = options.maxTokens ?? Math.min(info.defaults.maxTokens, left);
  integer("max_tokens", maxTokens, 1, 2 ** 31 - 1);
  if (maxTokens > left) {
    throw tooLong(
      "max_tokens",
      `The prompt has ${promptTokens} tokens, so max_tokens can be at most ${left} in a context of ` +
        `${info.contextLength}; ${maxTokens} were asked for. Lower max_tokens or shorten the prompt.`,
    );
  }
  const resolved: DecodeOptions = {
    mode,
    threshold: options.threshold ?? info.defaults.threshold,
    subBlock: options.smallBlockSize ?? Math.min(info.defaults.smallBlockSize, facts.blockLength),
    dualCache: options.dualCache ?? info.defaults.dualCache,
    maxTokens,
    stopTokens: options.ignoreStop ? [] : model.stopTokens,
    temperature: number("temperature", options.temperature ?? 0, 0, 100),
    topP: number("top_p", options.topP ?? 1, 0, 1),
    topK: integer("top_k", options.topK ?? 0, 0, 2 ** 31 - 1),
    seed: integer("seed", options.seed ?? model.randomSeed(), Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) >>> 0,
    top: Math.max(integer("top_logprobs", options.logprobs ?? 0, 0, 20), options.denoising ? 5 : 0),
  };
  for (const stop of options.stop ?? []) {
    if (typeof stop !== "string" || stop === "")
      throw invalid("stop", "A stop string must not be empty. Leave it out.");
  }
  validateDecodeOptions(resolved, facts);
  return resolved;
}

/** Modes the model can run, best first. */
export function modesOf(facts: DiffusionFacts): DecodeMode[] {
  if (facts.attention === "causal" || facts.maskToken === null) return ["autoregressive"];
  return decodeModes.filter((mode) => {
    try {
      validateDecodeOptions({ ...anyOptions, mode, subBlock: facts.blockLength }, facts);
      return true;
    } catch {
      return false;
    }
  });
}

export function checkBlockSize(asked: number | undefined, info: Pick<ModelInfo, "blockLength">): void {
  if (asked === undefined || asked === info.blockLength) return;
  const why =
    info.blockLength === null
      ? "This model is autoregressive and has no blocks. Leave block_size out."
      : `This model was trained with blocks of ${info.blockLength}; another length gives it a mask it has never ` +
        `seen. Leave block_size out, or change small_block_size, which may be any divisor.`;
  throw new UnmaskError("block_size_mismatch", `block_size ${asked} is refused. ${why}`, { param: "block_size" });
}

const anyOptions: DecodeOptions = {
  mode: "autoregressive",
  threshold: 0.9,
  subBlock: 1,
  dualCache: true,
  maxTokens: 1,
  stopTokens: [],
  temperature: 0,
  topP: 1,
  topK: 0,
  seed: 0,
  top: 0,
};

function number(param: string, value: number, low: number, high: number): number {
  if (typeof value === "number" && value >= low && value <= high) return value;
  throw invalid(param, `${param} is ${value}; it must be a number from ${low} to ${high}.`);
}

function integer(param: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw invalid(param, `${param} is ${value}; it must be an integer from ${low} to ${high}.`);
}

function invalid(param: string, message: string): UnmaskError {
  return new UnmaskError("invalid_request", message, { param });
}

function tooLong(param: string, message: string): UnmaskError {
  return new UnmaskError("context_length_exceeded", message, { param });
}
