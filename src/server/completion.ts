// POST /v1/completions: its request, its chunks and its answer, in OpenAI's shapes.
//
// The prompt is text or tokens as they are, without the chat template.

import { z } from "zod";
import type { GenerateEvent, GenerateInput, TokenLogprob, TokenText } from "../engine/types.js";
import {
  type AnswerHead,
  type Closing,
  closing,
  type DenoisingObject,
  denoisingObject,
  type Endpoint,
  type FinishReason,
  type UsageObject,
  usageObject,
} from "./answer.js";
import { type GenerationRequest, sharedFields, sharedRequest } from "./request.js";
import { inert, validate } from "./validate.js";

const isToken = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const prompt = z
  .unknown()
  .transform((value, context): GenerateInput => {
    const refuse = (message: string, code = "invalid_request") => {
      context.addIssue({ code: "custom", message, params: { code } });
      return z.NEVER;
    };
    if (typeof value === "string") return { prompt: value };
    if (!Array.isArray(value) || value.length === 0) {
      return refuse("prompt must be a string or an array of token ids. Send the text that the model is to continue.");
    }
    if (value.every(isToken)) return { tokens: value };
    const lists = value.every((item) => typeof item === "string" || (Array.isArray(item) && item.every(isToken)));
    if (!lists)
      return refuse("prompt holds something that is neither text nor a token id. Send a string or integers from 0.");
    if (value.length > 1) {
      return refuse(
        "A request takes one prompt. Send a request for each; they run side by side.",
        "unsupported_parameter",
      );
    }
    return typeof value[0] === "string" ? { prompt: value[0] } : { tokens: value[0] };
  })
  .meta({
    description: "What to continue: text or token ids, as they are; one prompt a request.",
    wire: { anyOf: [{ type: "string" }, { type: "array", items: { type: "integer" } }] },
  });

/** The body of POST /v1/completions. */
export const completionSchema = z.strictObject({
  prompt,
  ...sharedFields,
  logprobs: z
    .int()
    .min(0)
    .max(20)
    .nullish()
    .describe("Log-probabilities of the answer's tokens, and of this many alternatives."),
  best_of: inert((value) => value === 1, "A request gives one answer. Leave best_of out."),
  echo: inert((value) => value === false, "The prompt is not repeated in the answer. Leave echo out."),
  suffix: inert((value) => value === "", "Text cannot be filled in before a suffix. Leave suffix out."),
});

/** @throws invalid_request, unsupported_parameter */
export function parseCompletion(body: unknown): GenerationRequest {
  const fields = validate(completionSchema, body);
  const request = sharedRequest(fields);
  request.options.logprobs = fields.logprobs ?? undefined;
  return { ...request, input: fields.prompt };
}

interface CompletionLogprobs {
  tokens: string[];
  token_logprobs: number[];
  top_logprobs: Record<string, number>[];
  /** Where each token begins in the answer, in Unicode characters. */
  text_offset: number[];
}

interface Choice<Reason> {
  index: 0;
  text: string;
  logprobs: CompletionLogprobs | null;
  finish_reason: Reason;
}

export interface CompletionChunk extends AnswerHead, Partial<Closing> {
  object: "text_completion";
  choices: Choice<FinishReason | null>[];
  /** Present when the client asked for usage: null in all chunks but the last. */
  usage?: UsageObject | null;
  denoising?: DenoisingObject;
}

export interface Completion extends AnswerHead, Closing {
  object: "text_completion";
  choices: Choice<FinishReason>[];
  usage: UsageObject;
}

async function* chunks(events: AsyncIterable<GenerateEvent>, head: AnswerHead, includeUsage: boolean) {
  const offsets = new TextOffsets();
  const chunk = (
    text: string,
    logprobs: CompletionLogprobs | null = null,
    finish_reason: FinishReason | null = null,
  ): CompletionChunk => ({
    ...head,
    object: "text_completion",
    choices: [{ index: 0, text, logprobs, finish_reason }],
    ...(includeUsage ? { usage: null } : {}),
  });
  for await (const event of events) {
    if (event.type === "text" && event.text === "" && event.logprobs === null) continue; // nothing to show
    if (event.type === "text") yield chunk(event.text, completionLogprobs(event.logprobs, offsets));
    else if (event.type === "denoising") yield { ...chunk(""), denoising: denoisingObject(event) };
    else if (includeUsage) {
      yield chunk("", null, event.reason);
      yield { ...chunk(""), choices: [], usage: usageObject(event.usage), ...closing(event) };
    } else yield { ...chunk("", null, event.reason), ...closing(event) };
  }
}

/** Chunks must have been made with includeUsage. */
async function fold(parts: AsyncIterable<CompletionChunk>): Promise<Completion> {
  let text = "";
  let logprobs: CompletionLogprobs | null = null;
  let finish_reason: FinishReason = "stop";
  for await (const part of parts) {
    for (const choice of part.choices) {
      text += choice.text;
      if (choice.logprobs !== null) {
        logprobs ??= emptyLogprobs();
        append(logprobs, choice.logprobs);
      }
      finish_reason = choice.finish_reason ?? finish_reason;
    }
    const { id, created, model, system_fingerprint, usage, timings, seed } = part;
    if (usage && timings && seed !== undefined) {
      return {
        id,
        object: "text_completion",
        created,
        model,
        choices: [{ index: 0, text, logprobs, finish_reason }],
        usage,
        system_fingerprint,
        timings,
        seed,
      };
    }
  }
  throw new Error("The model ended without a finish event.");
}

/** Where tokens begin in the text. A token in the middle of a character begins where that character does. */
class TextOffsets {
  #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  #next = 0;

  /** The offset of the token with these bytes, the next of the answer. */
  of(bytes: readonly number[]): number {
    const offset = this.#next;
    this.#next += [...this.#utf8.decode(Uint8Array.from(bytes), { stream: true })].length;
    return offset;
  }
}

function completionLogprobs(tokens: TokenLogprob[] | null, offsets: TextOffsets): CompletionLogprobs | null {
  if (tokens === null) return null;
  return {
    tokens: tokens.map(tokenName),
    token_logprobs: tokens.map((token) => token.logprob),
    // The chosen token is always among them, so there may be one more than asked for.
    top_logprobs: tokens.map((token) =>
      Object.fromEntries([...token.top, token].map((item) => [tokenName(item), item.logprob])),
    ),
    text_offset: tokens.map((token) => offsets.of(token.bytes)),
  };
}

/** The text of a token, or its bytes as OpenAI writes them (bytes:\xf0\x9f) when they are not text alone. */
function tokenName({ text, bytes }: TokenText): string {
  if (Buffer.from(text).equals(Buffer.from(bytes))) return text;
  return `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}`;
}

function emptyLogprobs(): CompletionLogprobs {
  return { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
}

function append(all: CompletionLogprobs, more: CompletionLogprobs): void {
  all.tokens.push(...more.tokens);
  all.token_logprobs.push(...more.token_logprobs);
  all.top_logprobs.push(...more.top_logprobs);
  all.text_offset.push(...more.text_offset);
}

export const completionEndpoint: Endpoint<CompletionChunk, Completion> = {
  idPrefix: "cmpl",
  inputField: "prompt",
  parse: parseCompletion,
  chunks,
  fold,
};
