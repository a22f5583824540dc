import { expect, test } from "vitest";
import { validateDecodeOptions } from "../../src/decode/index.js";
import { type DecodeMode, type DecodeOptions, decodeModes } from "../../src/decode/types.js";
import type { DiffusionFacts } from "../../src/model/types.js";
import { UnmaskError } from "../../src/util/errors.js";
import { blockCausal, contextCausal, decoderOf, defaults } from "./drive.js";

const causal: DiffusionFacts = { attention: "causal", blockLength: 32, shift: true, maskToken: null };
const diffusionModes = decodeModes.filter((mode) => mode !== "autoregressive");

function failure(options: Partial<DecodeOptions>, facts: DiffusionFacts): UnmaskError {
  try {
    validateDecodeOptions({ ...defaults, ...options }, facts);
  } catch (error) {
    expect(error).toBeInstanceOf(UnmaskError);
    return error as UnmaskError;
  }
  throw new Error(`Accepted: ${JSON.stringify(options)}`);
}

test("models take the modes they can run", () => {
  const accepted = (facts: DiffusionFacts) =>
    decodeModes.filter((mode) => {
      try {
        validateDecodeOptions({ ...defaults, mode }, facts);
        return true;
      } catch {
        return false;
      }
    });
  expect(accepted(contextCausal)).toEqual(decodeModes);
  expect(accepted(blockCausal)).toEqual(["iterative", "adaptive", "greedy", "autoregressive"]);
  expect(accepted({ ...blockCausal, shift: false })).toEqual(["iterative", "adaptive", "greedy"]);
  expect(accepted({ ...blockCausal, maskToken: null })).toEqual(["autoregressive"]);
  expect(accepted(causal)).toEqual(["autoregressive"]);
  expect(accepted({ ...causal, shift: false })).toEqual(["autoregressive"]);
});

test.each(diffusionModes)("%s without a mask token: says how to give one, or to use autoregressive", (mode) => {
  const error = failure({ mode }, { ...contextCausal, maskToken: null });
  expect(error.code).toBe("no_mask_token");
  expect(error.param).toBe("decode_mode");
  expect(error.message).toContain("--mask-token");
  expect(error.message).toContain('"autoregressive"');
});

test.each(diffusionModes)("%s on a causal model is refused, mask token or not", (mode) => {
  for (const maskToken of [null, 5]) {
    const error = failure({ mode }, { ...causal, maskToken });
    expect(error.code).toBe("no_mask_token");
    expect(error.message).toContain('"autoregressive"');
  }
});

test("verified needs context-causal attention and token shift", () => {
  const mode: DecodeMode = "verified";
  expect(failure({ mode }, blockCausal).message).toContain("block-causal");
  const refused = [failure({ mode }, blockCausal), failure({ mode }, { ...contextCausal, shift: false })];
  expect(refused.map((error) => error.code)).toEqual(["mode_unsupported", "mode_unsupported"]);
  expect(refused.map((error) => error.param)).toEqual(["decode_mode", "decode_mode"]);
});

const wrong: [param: string, options: Partial<DecodeOptions>][] = [
  ["threshold", { threshold: 0 }],
  ["threshold", { threshold: -0.5 }],
  ["threshold", { threshold: 1.01 }],
  ["threshold", { threshold: Number.NaN }],
  ["small_block_size", { subBlock: 0 }],
  ["small_block_size", { subBlock: 5 }],
  ["small_block_size", { subBlock: 64 }],
  ["small_block_size", { subBlock: 0.5 }],
  ["max_tokens", { maxTokens: 0 }],
  ["max_tokens", { maxTokens: 1.5 }],
  ["temperature", { temperature: -1 }],
  ["temperature", { temperature: Number.NaN }],
  ["temperature", { temperature: Number.POSITIVE_INFINITY }],
  ["top_p", { topP: 0 }],
  ["top_p", { topP: 1.5 }],
  ["top_k", { topK: -1 }],
  ["top_k", { topK: 2.5 }],
  ["seed", { seed: 0.5 }],
  ["top_logprobs", { top: 21 }],
  ["decode_mode", { mode: "eager" as DecodeMode }],
];

test.each(wrong)("a wrong %s is an invalid_request that names it: %o", (param, options) => {
  const error = failure(options, blockCausal);
  expect(error.code).toBe("invalid_request");
  expect(error.param).toBe(param);
  expect(error.message).toContain(`${param} is `);
  const facts = { prompt: [1], cached: 0, facts: blockCausal };
  expect(() => decoderOf({ ...facts, options: { ...defaults, ...options } })).toThrow(UnmaskError);
});

test("the ends of the ranges are fine", () => {
  for (const options of [{ threshold: 1 }, { threshold: 1e-9 }, { subBlock: 1 }, { subBlock: 32 }, { topP: 1e-9 }]) {
    validateDecodeOptions({ ...defaults, ...options }, blockCausal);
  }
  validateDecodeOptions({ ...defaults, seed: -3, top: 20, maxTokens: 1 }, blockCausal);
});

test("an empty prompt is refused", () => {
  const input = { prompt: [], cached: 0, options: defaults, facts: blockCausal };
  expect(() => decoderOf(input)).toThrow(expect.objectContaining({ code: "invalid_request", param: "prompt" }));
});
