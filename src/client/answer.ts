// From the JSON of answers and chunks to Answer and ChatEvent.
//
// A whole answer and a stream are read by one fold, so that both give the same Answer. Servers
// differ in what they leave out: missing and null fields are null here, fields with other
// content (`reasoning_content`, tool calls) are not text of the answer.

import { serverError, UnmaskClientError } from "./errors.js";
import { isRecord, type Json, list, number, parse, record, text } from "./json.js";
import type { ServerSentEvent } from "./sse.js";
import type { Answer, ChatEvent, Denoising, Timings, TokenLogprob, TokenText, Usage } from "./types.js";

/** Puts an answer together from its pieces: the chunks of a stream, or the one piece of a whole answer. */
export class AnswerFold {
  readonly answer: Answer;

  constructor(requestId: string | null) {
    const nothing = { finishReason: null, usage: null, timings: null, seed: null, logprobs: null };
    this.answer = { id: "", model: "", text: "", ...nothing, requestId };
  }

  /** The events of this piece. */
  push(piece: Json): ChatEvent[] {
    const { answer } = this;
    const events: ChatEvent[] = [];
    answer.id = text(piece.id) ?? answer.id;
    answer.model = text(piece.model) ?? answer.model;
    answer.usage = usage(piece.usage) ?? answer.usage;
    answer.timings = timings(piece.timings) ?? answer.timings;
    answer.seed = number(piece.seed) ?? answer.seed;
    if (isRecord(piece.denoising)) events.push({ type: "denoising", ...(piece.denoising as unknown as Denoising) });
    const choice = record(list(piece.choices)[0]);
    const said = text(record(choice.delta ?? choice.message).content) ?? text(choice.text) ?? "";
    if (said !== "") events.push({ type: "text", text: said });
    answer.text += said;
    answer.finishReason = text(choice.finish_reason) ?? answer.finishReason;
    const tokens = logprobs(choice.logprobs);
    if (tokens !== null) answer.logprobs = [...(answer.logprobs ?? []), ...tokens];
    return events;
  }
}

/** A whole answer, of chat or completion. @throws invalid_answer */
export function wholeAnswer(body: unknown, requestId: string | null): Answer {
  if (!isRecord(body) || list(body.choices).length === 0) {
    throw invalid("has no choices", body, requestId);
  }
  const fold = new AnswerFold(requestId);
  fold.push(body);
  return fold.answer;
}

/** The events of a stream; the last is `finish`. @throws what the server reports, stream_broken, invalid_answer */
export async function* chatEvents(
  source: AsyncIterable<ServerSentEvent>,
  requestId: string | null,
): AsyncGenerator<ChatEvent, void, void> {
  const fold = new AnswerFold(requestId);
  let done = false;
  for await (const { event, data } of source) {
    done = data === "[DONE]";
    if (done) break;
    const piece = parse(data);
    if (!isRecord(piece)) throw invalid("holds an event that is not a JSON object", piece, requestId);
    if (event === "error" || (piece.error ?? null) !== null) throw serverError(piece, { requestId });
    yield* fold.push(piece);
  }
  if (!done && fold.answer.finishReason === null) {
    const message = "The stream ended before the answer did. Send the request again.";
    throw new UnmaskClientError("stream_broken", message, { requestId });
  }
  yield { type: "finish", answer: fold.answer };
}

function invalid(what: string, body: unknown, requestId: string | null): UnmaskClientError {
  const excerpt = (JSON.stringify(body) ?? "nothing").slice(0, 200);
  const message = `The answer ${what}: ${excerpt}. Does baseURL name an OpenAI-compatible server?`;
  return new UnmaskClientError("invalid_answer", message, { requestId });
}

function usage(value: unknown): Usage | null {
  if (!isRecord(value)) return null;
  return {
    promptTokens: number(value.prompt_tokens) ?? 0,
    cachedTokens: number(record(value.prompt_tokens_details).cached_tokens) ?? 0,
    completionTokens: number(value.completion_tokens) ?? 0,
  };
}

function timings(value: unknown): Timings | null {
  if (!isRecord(value)) return null;
  return {
    promptN: number(value.prompt_n) ?? 0,
    promptMs: number(value.prompt_ms) ?? 0,
    promptPerSecond: number(value.prompt_per_second) ?? 0,
    promptForwards: number(value.prompt_forwards),
    predictedN: number(value.predicted_n) ?? 0,
    predictedMs: number(value.predicted_ms) ?? 0,
    predictedPerSecond: number(value.predicted_per_second) ?? 0,
    forwards: number(value.forwards),
    rows: number(value.rows),
    tokensPerForward: number(value.tokens_per_forward),
  };
}

/** Chat: {content: [...]}. Completions: parallel arrays. */
function logprobs(value: unknown): TokenLogprob[] | null {
  if (!isRecord(value)) return null;
  if (Array.isArray(value.content)) {
    return value.content.map((token) => ({
      ...tokenText(token),
      top: list(record(token).top_logprobs).map(tokenText),
    }));
  }
  if (!Array.isArray(value.tokens)) return null;
  const own = list(value.token_logprobs);
  const top = list(value.top_logprobs);
  return value.tokens.map((token, i) => ({
    text: text(token) ?? "",
    bytes: null,
    logprob: number(own[i]) ?? 0,
    top: Object.entries(record(top[i])).map(([name, logprob]) => ({
      text: name,
      bytes: null,
      logprob: number(logprob) ?? 0,
    })),
  }));
}

function tokenText(value: unknown): TokenText {
  const fields = record(value);
  const bytes = Array.isArray(fields.bytes) ? (fields.bytes as number[]) : null;
  return { text: text(fields.token) ?? "", bytes, logprob: number(fields.logprob) ?? 0 };
}
