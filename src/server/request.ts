// What one request asks of the engine, and the fields both endpoints share.
//
// The schemas are strict: a field is supported, or harmless and dropped, or refused with its
// name. Ranges are checked here, what depends on the model (context, block size, decode modes)
// by the engine. Null means the default, as in OpenAI's API.

import { z } from "zod";
import { decodeModes, dualCaches } from "../decode/types.js";
import type { GenerateInput, GenerateOptions } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";
import { ignored, inert } from "./validate.js";

export interface GenerationRequest {
  /** As the client wrote it; null when it left the choice to the server. */
  model: string | null;
  input: GenerateInput;
  options: GenerateOptions;
  stream: boolean;
  /** A last chunk with the usage. */
  includeUsage: boolean;
}

const maxStops = 16;

const stop = z
  .preprocess(
    (value) => (typeof value === "string" ? [value] : value),
    z
      .array(z.string().min(1), { error: `must be a string or an array of at most ${maxStops} strings` })
      .max(maxStops)
      .nullish(),
  )
  .meta({
    description: "The answer ends before the first of these texts.",
    wire: {
      anyOf: [{ type: "string" }, { type: "array", items: { type: "string" }, maxItems: maxStops }, { type: "null" }],
    },
  });

/** Fields that /v1/chat/completions and /v1/completions have in common. */
export const sharedFields = {
  model: z.string().nullish().describe("The id of /v1/models, or `default`. Default: the loaded one."),
  max_tokens: z.int().min(1).nullish().describe("Most tokens of the answer, exact. Default: the server's, 256."),
  temperature: z.number().min(0).max(2).nullish().describe("0, the default, takes the most probable token."),
  top_p: z.number().gt(0).max(1).nullish().describe("Sample among the most probable tokens with this share together."),
  top_k: z.int().min(0).nullish().describe("Sample among this many. 0, the default: all."),
  seed: z.int().nullish().describe("The same request with the same seed has the same answer. Default: random."),
  stop,
  stream: z.boolean().nullish().describe("Server-sent events instead of one answer."),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().nullish().describe("One more chunk, with `usage` and no choices."),
      include_denoising: z
        .boolean()
        .nullish()
        .describe("A chunk for every forward pass that filled positions of a block."),
      include_obfuscation: inert((value) => value === false, "Chunks are never padded. Leave include_obfuscation out."),
    })
    .nullish()
    .describe("Only with `stream`."),
  // Of this engine
  decode_mode: z
    .enum(decodeModes)
    .nullish()
    .describe("How positions are chosen. Default: the server's; `iterative` with a `threshold` where that has none."),
  threshold: z
    .number()
    .gt(0)
    .max(1)
    .nullish()
    .describe("Confidence above which iterative commits a position, and adaptive all of a step together."),
  small_block_size: z
    .int()
    .min(1)
    .nullish()
    .describe("Positions that are filled before the next ones; divides the block length. Not of autoregressive."),
  block_size: z.int().min(1).nullish().describe("Refused when it differs from the model's."),
  dual_cache: z
    .literal(dualCaches)
    .nullish()
    .describe(
      "Which rows a denoise step leaves as they are, of models that decode blocks: docs/decode-modes.md. Default: shifted.",
    ),
  ignore_eos: z.boolean().nullish().describe("Go on past the model's stop tokens, to max_tokens."),
  // Of OpenAI, without effect here
  user: ignored,
  metadata: ignored,
  store: ignored,
  service_tier: ignored,
  safety_identifier: ignored,
  prompt_cache_key: ignored,
  prompt_cache_retention: ignored,
  n: inert((value) => value === 1, "A request gives one answer. Leave n out and send the request several times."),
  frequency_penalty: inert(isZero, "Penalties are not supported. Leave frequency_penalty out or set it to 0."),
  presence_penalty: inert(isZero, "Penalties are not supported. Leave presence_penalty out or set it to 0."),
  logit_bias: inert(isEmpty, "Biasing tokens is not supported. Leave logit_bias out or send an empty object."),
};

type SharedRequest = z.infer<z.ZodObject<typeof sharedFields>>;

/** The engine's options of the shared fields. @throws invalid_request for fields that do not go together. */
export function sharedRequest(fields: SharedRequest): Omit<GenerationRequest, "input"> {
  const stream = fields.stream ?? false;
  if (!stream && fields.stream_options) {
    const message = "stream_options needs a stream. Set stream to true or leave stream_options out.";
    throw new UnmaskError("invalid_request", message, { param: "stream_options" });
  }
  return {
    model: fields.model ?? null,
    stream,
    includeUsage: fields.stream_options?.include_usage ?? false,
    options: {
      maxTokens: fields.max_tokens ?? undefined,
      temperature: fields.temperature ?? undefined,
      topP: fields.top_p ?? undefined,
      topK: fields.top_k ?? undefined,
      seed: fields.seed ?? undefined,
      stop: fields.stop ?? undefined,
      decodeMode: fields.decode_mode ?? undefined,
      threshold: fields.threshold ?? undefined,
      smallBlockSize: fields.small_block_size ?? undefined,
      blockSize: fields.block_size ?? undefined,
      dualCache: fields.dual_cache ?? undefined,
      ignoreStop: fields.ignore_eos ?? undefined,
      denoising: fields.stream_options?.include_denoising ?? undefined,
    },
  };
}

export function isZero(value: unknown): boolean {
  return value === 0;
}

/** [] and {} */
export function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
