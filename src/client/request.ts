// From the client's options to the JSON of a request. What was left out is not sent, so that
// servers that do not know a field never see it.

import type { ChatMessage, GenerateOptions, StreamOptions } from "./types.js";

export function chatBody(input: string | ChatMessage[], options: GenerateOptions, model?: string): object {
  const messages = typeof input === "string" ? [{ role: "user", content: input }] : input;
  const { logprobs } = options;
  return {
    messages,
    ...shared(options, model),
    ...(logprobs === undefined ? {} : { logprobs: true, top_logprobs: logprobs }),
    ...options.extra,
  };
}

export function streamBody(input: string | ChatMessage[], options: StreamOptions, model?: string): object {
  const stream_options = { include_usage: true, ...(options.denoising ? { include_denoising: true } : {}) };
  return { stream: true, stream_options, ...chatBody(input, options, model) };
}

export function completionBody(prompt: string | number[], options: GenerateOptions, model?: string): object {
  return { prompt, ...shared(options, model), logprobs: options.logprobs, ...options.extra };
}

/** Undefined fields vanish in JSON. */
function shared(options: GenerateOptions, model?: string): object {
  return {
    model: options.model ?? model,
    max_tokens: options.maxTokens,
    temperature: options.temperature,
    top_p: options.topP,
    top_k: options.topK,
    seed: options.seed,
    stop: options.stop,
    decode_mode: options.decodeMode,
    threshold: options.threshold,
    small_block_size: options.smallBlockSize,
    block_size: options.blockSize,
    dual_cache: options.dualCache,
    ignore_eos: options.ignoreStop,
  };
}
