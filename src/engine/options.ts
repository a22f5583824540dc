// Checks what a caller asked for against what the model can do, and fills in the defaults.
//
// The result is complete: decoders and scheduler meet no undefined and no impossible value.

import { type HeadType, headTypes } from "../backend/types.js";
import { validateDecodeOptions } from "../decode/index.js";
import {
  type DecodeMode,
  type DecodeOptions,
  decodeModes,
  hasThreshold,
  inBlocks,
  leftToRight,
} from "../decode/types.js";
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
  checkBlockSize(options.blockSize, info);
  const left = info.contextLength - promptTokens;
  if (left < 1) {
    throw tooLong(
      "messages",
      `The prompt has ${promptTokens} tokens and the context holds ${info.contextLength}, answer included. Shorten it.`,
    );
  }
  const alternatives = options.logprobs ?? 0;
  const seed = options.seed ?? model.randomSeed();
  const resolved: DecodeOptions = {
    mode: modeFor(options, info.defaults.decodeMode, info.decodeModes),
    threshold: options.threshold ?? info.defaults.threshold,
    subBlock: options.smallBlockSize ?? info.defaults.smallBlockSize,
    dualCache: options.dualCache ?? info.defaults.dualCache,
    maxTokens: options.maxTokens ?? Math.min(info.defaults.maxTokens, left),
    stopTokens: options.ignoreStop ? [] : model.stopTokens,
    temperature: options.temperature ?? 0,
    topP: options.topP ?? 1,
    topK: options.topK ?? 0,
    seed: Number.isInteger(seed) ? seed >>> 0 : seed, // draws take 32 bits; a fraction is refused below
    top: options.denoising ? Math.max(alternatives, 5) : alternatives,
  };
  validateDecodeOptions(resolved, facts);
  checkUsed(options, resolved.mode, facts);
  if (resolved.maxTokens > left) {
    throw tooLong(
      "max_tokens",
      `The prompt has ${promptTokens} tokens, so max_tokens can be at most ${left} in a context of ` +
        `${info.contextLength}; ${resolved.maxTokens} were asked for. Lower max_tokens or shorten the prompt.`,
    );
  }
  if (options.stop?.some((stop) => stop === "")) {
    throw new UnmaskError("invalid_request", "A stop string is empty. Leave it out.", { param: "stop" });
  }
  return resolved;
}

/** The mode that is asked for. Who names only a threshold asks for block diffusion, as the usual mode may have none. */
export function modeFor(
  asked: Pick<GenerateOptions, "decodeMode" | "threshold">,
  usual: DecodeMode,
  decodeModes: readonly DecodeMode[],
): DecodeMode {
  const diffusion = asked.threshold !== undefined && leftToRight(usual) && decodeModes.includes("iterative");
  return asked.decodeMode ?? (diffusion ? "iterative" : usual);
}

/** What a request asks for and its mode has no use for is refused; defaults of the server may be of no use. */
function checkUsed(asked: GenerateOptions, mode: DecodeMode, facts: DiffusionFacts): void {
  const unused = (param: string, why: string) =>
    new UnmaskError("invalid_request", `${param} has no effect: ${why}. Leave it out.`, { param });
  if (asked.threshold !== undefined && !hasThreshold(mode))
    throw unused("threshold", `the mode "${mode}" has none; "iterative" and "adaptive" have`);
  if (asked.smallBlockSize !== undefined && mode === "autoregressive")
    throw unused("small_block_size", `the mode "${mode}" takes one token after the other`);
  if (asked.dualCache !== undefined && !inBlocks(mode, facts))
    throw unused(
      "dual_cache",
      `in the mode "${mode}" this model decodes no blocks of which a step could leave rows out`,
    );
}

/** Modes the model can run, best first. */
export function modesOf(facts: DiffusionFacts): DecodeMode[] {
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

/** @throws UnmaskError invalid_request */
export function checkHead(head: HeadType | undefined): void {
  if (head === undefined || headTypes.includes(head)) return;
  throw new UnmaskError("invalid_request", `head is "${head}" and must be ${headTypes.join(", ")} or left out.`, {
    param: "head",
  });
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

function tooLong(param: string, message: string): UnmaskError {
  return new UnmaskError("context_length_exceeded", message, { param });
}
