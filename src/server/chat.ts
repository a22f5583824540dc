// POST /v1/chat/completions: its request, its chunks and its answer, in OpenAI's shapes.

import { z } from "zod";
import type { ChatMessage, GenerateEvent, TokenLogprob, TokenText } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";
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
import { type GenerationRequest, isEmpty, sharedFields, sharedRequest } from "./request.js";
import { ignored, inert, validate } from "./validate.js";

const noTools = "Tools are not supported. Leave this field out and describe what is wanted in a message.";

const textPartOnTheWire = {
  type: "object",
  properties: { type: { const: "text" }, text: { type: "string" } },
  required: ["type", "text"],
  additionalProperties: false,
};

const textPart = z.strictObject({
  type: z.unknown().refine((type) => type === "text", {
    error: 'Only parts of type "text" are supported; images, audio and files are not. Send the text alone.',
    params: { code: "unsupported_parameter" },
  }),
  text: z.string(),
});

const content = z
  .preprocess(
    (value) => (typeof value === "string" ? [{ type: "text", text: value }] : value),
    z.array(textPart, { error: 'must be a string or an array of {"type": "text", "text": ...} parts' }),
  )
  .meta({
    description: "Text, or text in parts.",
    wire: { anyOf: [{ type: "string" }, { type: "array", items: textPartOnTheWire }] },
  });

const message = z.strictObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool"]),
  content,
  name: ignored,
  tool_call_id: ignored,
  tool_calls: inert(isEmpty, noTools),
  function_call: inert(never, noTools),
  // An assistant message sent back as it was received carries these, empty.
  refusal: inert(never, "A refusal cannot be sent back. Put its text into content."),
  annotations: inert(isEmpty, "Annotations are not supported. Leave them out."),
  audio: inert(never, "Audio is not supported. Send the text of the message."),
});

/** The body of POST /v1/chat/completions. */
export const chatSchema = z.strictObject({
  messages: z.array(message).min(1).describe("The conversation to continue."),
  ...sharedFields,
  max_completion_tokens: z.int().min(1).nullish().describe("The newer name of max_tokens."),
  logprobs: z.boolean().nullish().describe("Log-probabilities of the answer's tokens."),
  top_logprobs: z.int().min(0).max(20).nullish().describe("And of this many alternatives."),
  tools: inert(isEmpty, noTools),
  tool_choice: inert((value) => value === "none" || value === "auto", noTools),
  parallel_tool_calls: ignored, // without tools there is nothing to call
  functions: inert(isEmpty, noTools),
  function_call: inert((value) => value === "none" || value === "auto", noTools),
  response_format: inert(
    (value) => isRecord(value) && value.type === "text" && Object.keys(value).length === 1,
    'Structured output is not supported. Leave response_format out or send {"type": "text"}, and ask for JSON in a message.',
  ),
  modalities: inert(
    (value) => Array.isArray(value) && value.every((item) => item === "text"),
    'Answers are text. Leave modalities out or send ["text"].',
  ),
  audio: inert(never, "Answers are text. Leave audio out."),
  prediction: inert(never, "Predicted outputs are not supported. Leave prediction out."),
  reasoning_effort: inert((value) => value === "none", "The effort of reasoning cannot be set. Leave it out."),
  verbosity: inert(
    (value) => value === "medium",
    "Verbosity cannot be set. Ask for a short or long answer in a message.",
  ),
  web_search_options: inert(never, "There is no web search. Leave web_search_options out."),
});

function never(): boolean {
  return false;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws invalid_request, unsupported_parameter */
export function parseChat(body: unknown): GenerationRequest {
  const fields = validate(chatSchema, body);
  const request = sharedRequest(fields);
  const { max_tokens: old, max_completion_tokens: current } = fields;
  if (old && current && old !== current) {
    const message = `max_tokens is ${old} and max_completion_tokens is ${current}. Send one of them.`;
    throw new UnmaskError("invalid_request", message, { param: "max_completion_tokens" });
  }
  if (typeof fields.top_logprobs === "number" && !fields.logprobs) {
    const message = "top_logprobs needs logprobs. Set logprobs to true or leave top_logprobs out.";
    throw new UnmaskError("invalid_request", message, { param: "top_logprobs" });
  }
  request.options.maxTokens = current ?? request.options.maxTokens;
  request.options.logprobs = fields.logprobs ? (fields.top_logprobs ?? 0) : undefined;
  const messages = fields.messages.map(
    ({ role, content }): ChatMessage => ({
      role: role === "developer" ? "system" : role,
      content: content.map((part) => part.text).join(""),
    }),
  );
  return { ...request, input: { messages } };
}

interface ChatLogprob {
  token: string;
  logprob: number;
  bytes: number[];
}

interface ChatTokenLogprob extends ChatLogprob {
  top_logprobs: ChatLogprob[];
}

interface ChatLogprobs {
  content: ChatTokenLogprob[];
  refusal: null;
}

export interface ChatChunk extends AnswerHead, Partial<Closing> {
  object: "chat.completion.chunk";
  choices: {
    index: 0;
    delta: { role?: "assistant"; content?: string };
    logprobs: ChatLogprobs | null;
    finish_reason: FinishReason | null;
  }[];
  /** Present when the client asked for usage: null in all chunks but the last. */
  usage?: UsageObject | null;
  denoising?: DenoisingObject;
}

export interface ChatCompletion extends AnswerHead, Closing {
  object: "chat.completion";
  choices: {
    index: 0;
    message: { role: "assistant"; content: string; refusal: null };
    logprobs: ChatLogprobs | null;
    finish_reason: FinishReason;
  }[];
  usage: UsageObject;
}

async function* chunks(events: AsyncIterable<GenerateEvent>, head: AnswerHead, includeUsage: boolean) {
  const chunk = (
    delta: ChatChunk["choices"][0]["delta"],
    logprobs: ChatLogprobs | null = null,
    finish_reason: FinishReason | null = null,
  ): ChatChunk => ({
    ...head,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, logprobs, finish_reason }],
    ...(includeUsage ? { usage: null } : {}),
  });
  yield chunk({ role: "assistant", content: "" });
  for await (const event of events) {
    if (event.type === "text" && event.text === "" && event.logprobs === null) continue; // nothing to show
    if (event.type === "text") yield chunk({ content: event.text }, chatLogprobs(event.logprobs));
    else if (event.type === "denoising") yield { ...chunk({}), denoising: denoisingObject(event) };
    else if (includeUsage) {
      yield chunk({}, null, event.reason);
      yield { ...chunk({}), choices: [], usage: usageObject(event.usage), ...closing(event) };
    } else yield { ...chunk({}, null, event.reason), ...closing(event) };
  }
}

/** Chunks must have been made with includeUsage. */
async function fold(parts: AsyncIterable<ChatChunk>): Promise<ChatCompletion> {
  let text = "";
  let tokens: ChatTokenLogprob[] | null = null;
  let finish_reason: FinishReason = "stop";
  for await (const part of parts) {
    for (const choice of part.choices) {
      text += choice.delta.content ?? "";
      if (choice.logprobs !== null) {
        tokens ??= [];
        tokens.push(...choice.logprobs.content);
      }
      finish_reason = choice.finish_reason ?? finish_reason;
    }
    const { id, created, model, system_fingerprint, usage, timings, seed } = part;
    if (usage && timings && seed !== undefined) {
      const message = { role: "assistant", content: text, refusal: null } as const;
      const logprobs = tokens === null ? null : ({ content: tokens, refusal: null } as const);
      return {
        id,
        object: "chat.completion",
        created,
        model,
        choices: [{ index: 0, message, logprobs, finish_reason }],
        usage,
        system_fingerprint,
        timings,
        seed,
      };
    }
  }
  throw new Error("The model ended without a finish event.");
}

function chatLogprobs(tokens: TokenLogprob[] | null): ChatLogprobs | null {
  if (tokens === null) return null;
  return {
    content: tokens.map((token) => ({ ...chatLogprob(token), top_logprobs: token.top.map(chatLogprob) })),
    refusal: null,
  };
}

function chatLogprob({ text, logprob, bytes }: TokenText): ChatLogprob {
  return { token: text, logprob, bytes };
}

export const chatEndpoint: Endpoint<ChatChunk, ChatCompletion> = {
  idPrefix: "chatcmpl",
  inputField: "messages",
  parse: parseChat,
  chunks,
  fold,
};
