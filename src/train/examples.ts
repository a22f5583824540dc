// Examples to sequences of tokens: conversations through the model's own chat template, plain text as
// it is.
//
// A conversation is tokenised in the pieces in which it is used: what the engine would be given as
// the prompt of an answer, then the answer with the token that stops it. Only answers are marked as
// to be learnt. Every example is a sequence of its own, so no attention and no block reaches from one
// into another.

import type { ChatTemplate } from "../text/template.js";
import type { Tokenizer } from "../text/tokenizer.js";
import { UnmaskError } from "../util/errors.js";
import { hash } from "../util/rng.js";
import type { Example, Message } from "./data/types.js";
import type { Sequence } from "./noise.js";

export interface TextTools {
  tokenizer: Tokenizer;
  template: ChatTemplate;
}

/**
 * A conversation: prompts are given, answers and the tokens that stop them are to be learnt.
 * @throws UnmaskError invalid_request when there is nothing to learn or the template does not end answers
 */
export function chatSequence(messages: readonly Message[], { tokenizer, template }: TextTools): Sequence {
  const stops = new Set(tokenizer.stopIds);
  const tokens: number[] = [];
  const learn: number[] = [];
  if (tokenizer.addBos && tokenizer.bosId !== null) [tokens[0], learn[0]] = [tokenizer.bosId, 0];
  let written = ""; // what the tokens so far say
  const append = (text: string, answer: boolean) => {
    if (!text.startsWith(written)) throw unusable(messages, "the chat template changes what it wrote before");
    const piece = tokenizer.encode(text.slice(written.length), { special: true });
    if (tokens.length === 1 && piece[0] === tokens[0]) piece.shift(); // the template writes the BOS itself
    const stop = answer ? piece.findIndex((token) => stops.has(token)) : -1;
    if (answer && stop < 0) throw unusable(messages, "the chat template ends an answer with no stop token");
    for (const [i, token] of piece.entries()) {
      tokens.push(token);
      learn.push(i <= stop ? 1 : 0);
    }
    written = text;
  };
  for (const [i, { role, content }] of messages.entries()) {
    if (role !== "assistant") continue;
    if (content.trim() === "") throw unusable(messages, "an answer is empty");
    append(template.render(messages.slice(0, i)), false);
    append(template.render(messages.slice(0, i + 1), { addGenerationPrompt: false }), true);
  }
  const end = learn.lastIndexOf(1) + 1; // what the template puts after the last answer teaches nothing
  if (end === 0) throw unusable(messages, "there is no assistant message to learn");
  return { tokens: Int32Array.from(tokens.slice(0, end)), learn: Uint8Array.from(learn.slice(0, end)) };
}

/** A text and the token that ends it, all to be learnt but the first token. @throws UnmaskError invalid_request */
export function textSequence(text: string, { tokenizer }: TextTools): Sequence {
  const tokens = tokenizer.encode(text, { special: false });
  if (tokens.length === 0)
    throw new UnmaskError("invalid_request", "A text of the training data is no tokens. Remove it.");
  if (tokenizer.addBos && tokenizer.bosId !== null) tokens.unshift(tokenizer.bosId);
  const end = tokenizer.tokenNamed("<|endoftext|>") ?? tokenizer.eosId;
  if (end !== null) tokens.push(end);
  return { tokens: Int32Array.from(tokens), learn: everything(tokens.length) };
}

function everything(length: number): Uint8Array {
  return new Uint8Array(length).fill(1, 1);
}

function unusable(messages: readonly Message[], what: string): UnmaskError {
  const shown = JSON.stringify(messages).slice(0, 200);
  return new UnmaskError(
    "invalid_request",
    `A conversation cannot be learnt: ${what}. Remove it, or change the template: ${shown}`,
  );
}

/**
 * Examples one after another, as sequences. Example i is a function of i, so a resumed run needs the
 * number of examples taken and nothing else.
 */
export class ExampleStream {
  readonly #example: (i: number) => Example;
  readonly #tools: TextTools;
  /** Examples taken so far. */
  cursor: number;

  constructor(example: (i: number) => Example, tools: TextTools, cursor = 0) {
    this.#example = example;
    this.#tools = tools;
    this.cursor = cursor;
  }

  /**
   * The next examples that together have at most `budget` tokens; at least one.
   * @param length conversations are cut to this many tokens; of a longer text a piece of that length is taken
   * @param all learn prompts too
   */
  take(budget: number, length: number, all: boolean): Sequence[] {
    const taken: Sequence[] = [];
    let room = budget;
    for (;;) {
      const next = this.#sequence(this.cursor, length);
      if (next.tokens.length > room && taken.length > 0) return taken;
      this.cursor++;
      room -= next.tokens.length;
      taken.push(all ? { tokens: next.tokens, learn: everything(next.tokens.length) } : next);
    }
  }

  #sequence(i: number, length: number): Sequence {
    const example = this.#example(i);
    const isText = "text" in example;
    const { tokens, learn } = isText
      ? textSequence(example.text, this.#tools)
      : chatSequence(example.messages, this.#tools);
    const pieces = isText ? Math.ceil(tokens.length / length) : 1;
    const start = length * (hash(i, 0, 0) % pieces);
    const piece = learn.slice(start, start + length);
    piece[0] = 0; // nothing predicts it
    return { tokens: tokens.subarray(start, start + length), learn: piece };
  }
}
