// What answers of both endpoints have in common: identity, usage, timings.
//
// An endpoint is a parser of requests, one generator of chunks and a fold of those chunks:
// the answer without streaming is the stream's chunks put together, so the two cannot differ.

import { randomBytes } from "node:crypto";
import type { DenoisingEvent, GenerateEvent, Timings, Usage } from "../engine/types.js";
import type { GenerationRequest } from "./request.js";

export interface Endpoint<Chunk, Whole> {
  /** Of answer ids: "chatcmpl", "cmpl". */
  idPrefix: string;
  /** The field that holds what the engine calls messages, prompt or tokens. */
  inputField: "messages" | "prompt";
  /** @throws invalid_request, unsupported_parameter */
  parse(body: unknown): GenerationRequest;
  /** Append-only: what a chunk says is never taken back. */
  chunks(events: AsyncIterable<GenerateEvent>, head: AnswerHead, includeUsage: boolean): AsyncGenerator<Chunk>;
  fold(chunks: AsyncIterable<Chunk>): Promise<Whole>;
}

/** The fields that every chunk of an answer repeats. */
export interface AnswerHead {
  id: string;
  created: number; // seconds since 1970
  model: string;
  system_fingerprint: string;
}

export function answerHead(idPrefix: string, model: string, fingerprint: string): AnswerHead {
  const id = `${idPrefix}-${randomBytes(12).toString("hex")}`;
  return { id, created: Math.floor(Date.now() / 1000), model, system_fingerprint: fingerprint };
}

export type FinishReason = "stop" | "length";

export interface UsageObject {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
}

export function usageObject(usage: Usage): UsageObject {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
  };
}

/** llama-server's names, and what block diffusion adds: forwards, rows, tokens_per_forward. */
export interface TimingsObject {
  cache_n: number;
  prompt_n: number;
  prompt_ms: number;
  prompt_per_second: number;
  prompt_forwards: number;
  predicted_n: number;
  predicted_ms: number;
  predicted_per_second: number;
  forwards: number;
  rows: number;
  tokens_per_forward: number;
}

export function timingsObject(timings: Timings, cached: number): TimingsObject {
  const { promptN, promptMs, predictedN, predictedMs, forwards } = timings;
  return {
    cache_n: cached,
    prompt_n: promptN,
    prompt_ms: round(promptMs),
    prompt_per_second: round(ratio(promptN * 1000, promptMs)),
    prompt_forwards: timings.promptForwards,
    predicted_n: predictedN,
    predicted_ms: round(predictedMs),
    predicted_per_second: round(ratio(predictedN * 1000, predictedMs)),
    forwards,
    rows: timings.rows,
    tokens_per_forward: ratio(predictedN, forwards),
  };
}

/** JSON has no infinity: 0 when there is nothing to divide by. */
function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}

/** To thousandths: microseconds of a time in milliseconds. */
function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** What the last chunk of a stream, or the whole answer, says about the work. */
export interface Closing {
  timings: TimingsObject;
  seed: number;
}

export function closing(event: Extract<GenerateEvent, { type: "finish" }>): Closing {
  return { timings: timingsObject(event.timings, event.usage.cachedTokens), seed: event.seed };
}

export type DenoisingObject = Omit<DenoisingEvent, "type">;

/** Opt-in: the forward that filled positions of the block in progress. */
export function denoisingObject(event: DenoisingEvent): DenoisingObject {
  const { type: _, ...rest } = event;
  return rest;
}
