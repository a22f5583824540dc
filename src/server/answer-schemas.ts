// The shapes of answers as zod schemas, for the API's description (openapi.ts) and for tests that
// hold real answers against it. Answers themselves are made by chat.ts, completion.ts and models.ts,
// whose types these schemas must give: the compiler says when the two part.

import { z } from "zod";
import { dualCaches } from "../decode/types.js";
import type { DenoisingObject, TimingsObject, UsageObject } from "./answer.js";
import type { ChatChunk, ChatCompletion } from "./chat.js";
import type { Completion, CompletionChunk } from "./completion.js";
import type { ErrorObject } from "./errors.js";
import type { ModelObject } from "./models.js";

const count = z.int().min(0);
const milliseconds = z.number().min(0);
const rate = z.number().min(0);

export const usageSchema: z.ZodType<UsageObject> = z.strictObject({
  prompt_tokens: count,
  completion_tokens: count.describe("A final stop token included."),
  total_tokens: count,
  prompt_tokens_details: z.strictObject({ cached_tokens: count.describe("Found in the prefix cache.") }),
});

export const timingsSchema: z.ZodType<TimingsObject> = z.strictObject({
  cache_n: count.describe("Prompt tokens found in the prefix cache."),
  prompt_n: count.describe("Prompt tokens that were run."),
  prompt_ms: milliseconds,
  prompt_per_second: rate,
  prompt_forwards: count.describe("Forward passes over the prompt."),
  predicted_n: count.describe("Generated tokens."),
  predicted_ms: milliseconds,
  predicted_per_second: rate,
  forwards: count.describe("Forward passes of decoding: denoise, commit, verify and autoregressive steps."),
  rows: count.describe("Token positions in those passes."),
  tokens_per_forward: rate.describe("predicted_n / forwards."),
});

const candidate = z.strictObject({ token: count, text: z.string(), probability: z.number() });

export const denoisingSchema: z.ZodType<DenoisingObject> = z.strictObject({
  block: count.describe("Index of the block: its first position is block times the block length."),
  forward: count.describe("Decode forwards of this request so far, this one included."),
  rows: count.describe("Token positions of this request in this forward."),
  step: count.describe("Denoise step within the sub-block, from 1; 0 for the token of an autoregressive step."),
  commits: z
    .array(z.strictObject({ position: count, ...candidate.shape, top: z.array(candidate).max(5) }))
    .describe("Positions that were filled, each with its five most probable candidates."),
  masked: z.array(count).describe("Positions of the block that are still masked."),
});

const tokenShape = { token: z.string(), logprob: z.number(), bytes: z.array(z.int().min(0).max(255)) };
const chatLogprobs = z
  .strictObject({
    content: z.array(z.strictObject({ ...tokenShape, top_logprobs: z.array(z.strictObject(tokenShape)) })),
    refusal: z.null(),
  })
  .nullable();
const completionLogprobs = z
  .strictObject({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number()),
    top_logprobs: z.array(z.record(z.string(), z.number())),
    text_offset: z.array(count).describe("In Unicode characters, from the start of the answer."),
  })
  .nullable();

const headShape = {
  id: z.string(),
  created: z.int().describe("Seconds since 1970."),
  model: z.string(),
  system_fingerprint: z.string(),
};
const closingShape = {
  timings: timingsSchema,
  seed: z.int().describe("Send it back to get the same answer again."),
};
const closingOfChunk = {
  usage: usageSchema.nullable().optional().describe("With include_usage: null in all chunks but the last."),
  denoising: denoisingSchema.optional().describe("With include_denoising."),
  timings: timingsSchema.optional().describe("In the last chunk."),
  seed: closingShape.seed.optional(),
};
const index = z.literal(0);
const reason = z.enum(["stop", "length"]);

export const chatCompletionSchema: z.ZodType<ChatCompletion> = z.strictObject({
  ...headShape,
  object: z.literal("chat.completion"),
  choices: z.array(
    z.strictObject({
      index,
      message: z.strictObject({ role: z.literal("assistant"), content: z.string(), refusal: z.null() }),
      logprobs: chatLogprobs,
      finish_reason: reason,
    }),
  ),
  usage: usageSchema,
  ...closingShape,
});

export const chatChunkSchema: z.ZodType<ChatChunk> = z.strictObject({
  ...headShape,
  object: z.literal("chat.completion.chunk"),
  choices: z.array(
    z.strictObject({
      index,
      delta: z.strictObject({ role: z.literal("assistant").optional(), content: z.string().optional() }),
      logprobs: chatLogprobs,
      finish_reason: reason.nullable(),
    }),
  ),
  ...closingOfChunk,
});

const completionChoice = { index, text: z.string(), logprobs: completionLogprobs };

export const completionAnswerSchema: z.ZodType<Completion> = z.strictObject({
  ...headShape,
  object: z.literal("text_completion"),
  choices: z.array(z.strictObject({ ...completionChoice, finish_reason: reason })),
  usage: usageSchema,
  ...closingShape,
});

export const completionChunkSchema: z.ZodType<CompletionChunk> = z.strictObject({
  ...headShape,
  object: z.literal("text_completion"),
  choices: z.array(z.strictObject({ ...completionChoice, finish_reason: reason.nullable() })),
  ...closingOfChunk,
});

export const modelSchema: z.ZodType<ModelObject> = z.strictObject({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.literal("unmask"),
  meta: z.strictObject({
    n_vocab: count,
    n_ctx: count.describe("Prompt and answer together."),
    n_params: count,
    size: count.describe("Bytes of the file."),
    architecture: z.string(),
    weight_type: z.string().describe("Storage type of most weight bytes."),
    head_type: z.string().describe("Type of the head's matrix: as stored, or what `--head` made of it."),
    attention: z.string().describe("causal, block-causal or context-causal."),
    block_length: count.nullable().describe("Null for a causal model."),
    decode_modes: z.array(z.string()).readonly().describe("Those that this model can run."),
    defaults: z.strictObject({
      decode_mode: z.string(),
      threshold: z.number(),
      small_block_size: count,
      dual_cache: z.literal(dualCaches),
      max_tokens: count,
    }),
    backend: z.string(),
    threads: count,
  }),
});

export const errorSchema: z.ZodType<ErrorObject> = z.strictObject({
  error: z.strictObject({
    message: z.string().describe("What was wrong, and what to do."),
    type: z.string(),
    param: z.string().nullable().describe("The field at fault."),
    code: z.string().describe("Does not change between versions."),
  }),
});
