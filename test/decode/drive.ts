// Runs a decoder over the hash model to its end, as the engine would, and checks at every turn
// what holds for all decoders: legal spans, idempotent asking, honest `committed`, append-only
// settling and one finish, at the end.

import { expect } from "vitest";
import { createDecoder } from "../../src/decode/index.js";
import {
  type DecodeEvent,
  type DecodeOptions,
  type Decoder,
  type DecoderInput,
  type Denoised,
  leftToRight,
  type SettledToken,
  type SpanRequest,
} from "../../src/decode/types.js";
import type { DiffusionFacts } from "../../src/model/types.js";
import { HashModel, type HashModelOptions } from "./hash-model.js";

export const maskToken = 49;
export const vocabulary = 50;

export const defaults: DecodeOptions = {
  mode: "adaptive",
  threshold: 0.9,
  subBlock: 8,
  dualCache: true,
  maxTokens: 64,
  stopTokens: [],
  temperature: 0,
  topP: 1,
  topK: 0,
  seed: 0,
  top: 0,
};

export const blockCausal: DiffusionFacts = { attention: "block-causal", blockLength: 32, shift: true, maskToken };
export const contextCausal: DiffusionFacts = { ...blockCausal, attention: "context-causal" };

/** n tokens, none of them the mask token. */
export function promptOf(n: number): number[] {
  return Array.from({ length: n }, (_, i) => (i * 7 + 3) % 40);
}

/** A request on a model of more positions than any test needs. */
export type Input = Omit<DecoderInput, "contextLength"> & { contextLength?: number };

export function decoderOf(input: Input): Decoder {
  return createDecoder({ contextLength: 4096, ...input });
}

export interface Run {
  spans: SpanRequest[];
  /** Events of each span. */
  turns: DecodeEvent[][];
  denoised: Denoised[];
  settled: SettledToken[];
  tokens: number[];
  reason: "stop" | "length";
}

export interface DriveOptions {
  model?: Partial<HashModelOptions>;
  maxRows?: number;
}

/** Whether committed K/V are computed under the causal mask. */
function causalContext({ options, facts }: Input): boolean {
  return leftToRight(options.mode) || facts.attention !== "block-causal";
}

/** K/V of a clean prefix, as one forward makes them. */
function cleanRows(input: Input, tokens: readonly number[], model: HashModelOptions): HashModel {
  const clean = new HashModel(model);
  clean.forward({
    phase: "prefill",
    tokens,
    position: 0,
    visibility: causalContext(input) ? "causal" : "block",
    keyEnd: tokens.length,
    target: "committed",
    head: null,
  });
  return clean;
}

export function drive(input: Input, { model: overrides, maxRows = 256 }: DriveOptions = {}): Run {
  const { prompt, cached, options, facts } = input;
  const modelOptions = { vocabulary, blockLength: facts.blockLength, seed: 0, ...overrides };
  const model = new HashModel(modelOptions);
  if (cached > 0) {
    for (const [p, kv] of cleanRows(input, prompt.slice(0, cached), modelOptions).committed) model.committed.set(p, kv);
  }
  const decoder = decoderOf(input);
  model.truncate(decoder.committed);
  const run: Run = { spans: [], turns: [], denoised: [], settled: [], tokens: [], reason: "length" };
  const draws = new Set<string>();
  let phase = decoder.phase;
  const filled = new Set<number>();
  let finishes = 0;

  while (!decoder.finished) {
    const before = decoder.committed;
    const span = decoder.next(maxRows);
    check(decoder.next(maxRows) === span && decoder.committed === before, "asking again changes something");
    run.spans.push(span);

    // Prompt rows first, in chunks no longer than asked, never again afterwards.
    check((span.phase === "prefill") === (decoder.phase === "prefill"), "the phases disagree");
    check(phase === "prefill" || decoder.phase === "decode", "prefill comes back");
    phase = decoder.phase;
    check(span.keyEnd <= (input.contextLength ?? Number.POSITIVE_INFINITY), "a row beyond the context");
    const least = Math.max(facts.blockLength, 1 + options.subBlock); // a block, or a row and the window behind it
    const tooLong = span.phase === "prefill" && span.tokens.length > Math.max(maxRows, least);
    check(!tooLong, "a prefill chunk is too long");
    // Committed spans go on where the committed rows end; a block-masked span sees its whole block.
    check(span.target === "scratch" || span.position === before, "a committed span leaves a gap or rewrites rows");
    const whole = span.visibility !== "block" || span.keyEnd % facts.blockLength === 0;
    check(whole, "a row does not see its whole block");
    for (const token of span.tokens) check(Number.isInteger(token) && token >= 0, "a row has no token");
    for (const row of span.head?.rows ?? []) {
      // Left to right a position has one random number, whoever asks; a block's steps have one each.
      const draw = `${span.position + row}/${span.head!.draw}`;
      const fair = leftToRight(options.mode) ? span.head!.draw === 0 : !draws.has(draw);
      check(fair, "two samples share their randomness");
      draws.add(draw);
    }
    check(span.head === null || span.head.rows.length > 0, "the head is asked about nothing");
    check(span.head === null || span.head.suppress === (facts.maskToken ?? -1), "the mask token may win");

    const events = decoder.accept(model.forward(span));
    run.turns.push(events);
    check(decoder.committed >= before, "committed decreases");
    model.truncate(decoder.committed);

    for (const event of events) {
      check(finishes === 0, "events follow finish");
      if (event.type === "finish") {
        finishes++;
        run.reason = event.reason;
      } else if (event.type === "settled") {
        check(event.tokens.length > 0, "nothing settled");
        for (const token of event.tokens) {
          check(token.position === prompt.length + run.settled.length, "settling is not append-only");
          run.settled.push(token);
        }
      } else {
        run.denoised.push(event);
        checkDenoised(event, input, filled);
      }
    }
    check(decoder.finished === (finishes === 1), "finished and finish disagree");
    check(run.spans.length < 10_000, "no end in sight");
  }

  run.tokens = run.settled.map((token) => token.token);
  const stop = run.tokens.findIndex((token) => options.stopTokens.includes(token));
  expect(run.reason).toBe(stop < 0 ? "length" : "stop");
  expect(run.tokens.length).toBe(stop < 0 ? options.maxTokens : stop + 1);
  expect(run.tokens).not.toContain(facts.maskToken);

  // What the prefix cache would share: the K/V that one clean forward over the same tokens writes.
  const committed = decoder.committedTokens();
  expect([...prompt, ...filledTokens(run, prompt.length)].slice(0, committed.length)).toEqual(committed);
  if (committed.length > 0) expect(model.committed).toEqual(cleanRows(input, committed, modelOptions).committed);
  expect(() => decoder.next(maxRows)).toThrow();
  return run;
}

/** Every filled token by position, settled or not. */
function filledTokens(run: Run, start: number): number[] {
  const commits = run.denoised.flatMap((event) => event.commits).sort((a, b) => a.position - b.position);
  const tokens: number[] = [];
  for (const commit of commits) {
    if (commit.position !== start + tokens.length) break;
    tokens.push(commit.token);
  }
  return tokens;
}

/** Commits are new and in their block; masked is exactly the rest of the block. */
function checkDenoised(event: Denoised, { prompt, facts }: Input, filled: Set<number>): void {
  const start = event.block * facts.blockLength;
  const end = start + facts.blockLength;
  check(event.commits.length > 0, "a denoised event without commits");
  for (const { position } of event.commits) {
    check(position >= start && position < end && !filled.has(position), "a position is filled twice or elsewhere");
    filled.add(position);
  }
  const rest = [];
  for (let p = Math.max(start, prompt.length); p < end; p++) if (!filled.has(p)) rest.push(p);
  check(event.masked.join() === rest.join(), "masked is not the rest of the block");
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
