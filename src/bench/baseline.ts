// A saved run to compare with: the tokens of fixed answers in every decode mode, and their speed.
//
// The tokens must be equal, to the last one: a faster engine that answers differently has a bug.
// Speeds are only shown, since they depend on the machine and on who else uses it.

import { z } from "zod";
import type { GenerateOptions, Model } from "../engine/types.js";
import { UnmaskError } from "../util/errors.js";
import { markdownTable } from "../util/markdown.js";
import { randomTokens } from "./forwards.js";
import { spread } from "./report.js";
import { inTurns, type RoundOptions } from "./rounds.js";
import { spreadOf } from "./statistics.js";

const answerSchema = z.object({
  name: z.string(),
  tokens: z.array(z.int().min(0)),
  tokensPerSecond: z.array(z.number()),
});
const baselineSchema = z.object({
  model: z.object({ name: z.string(), sha256: z.string(), head: z.string().optional() }),
  machine: z.object({ cpu: z.string(), backend: z.string(), isa: z.string(), threads: z.int() }),
  answers: z.array(answerSchema).min(1),
});
export type Baseline = z.infer<typeof baselineSchema>;
export type SavedAnswer = z.infer<typeof answerSchema>;

/** @throws UnmaskError invalid_json, invalid_request */
export function parseBaseline(text: string, name: string): Baseline {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const message = `${name} is not JSON: ${(cause as Error).message}. Save a baseline with --save-baseline.`;
    throw new UnmaskError("invalid_json", message, { param: "compare", cause });
  }
  const parsed = baselineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const message = `${name} is not a baseline: ${z.prettifyError(parsed.error)}. Save one with --save-baseline.`;
  throw new UnmaskError("invalid_request", message, { param: "compare" });
}

interface Question {
  name: string;
  prompt: number[];
  options: GenerateOptions;
}

const promptLengths = [5, 32, 75];
const newTokens = 48;

/** Every decode mode after prompts of several lengths, and sampling with a seed. */
function questions({ info }: Pick<Model, "info">): Question[] {
  const prompts = promptLengths.map((length) => randomTokens(length, info.vocabulary, length));
  return info.decodeModes.flatMap((decodeMode) => {
    const asked: Question[] = prompts.map((prompt) => ({
      name: `${decodeMode}, prompt of ${prompt.length}`,
      prompt,
      options: { decodeMode, temperature: 0 },
    }));
    const options = { decodeMode, temperature: 0.8, topP: 0.95 };
    return [...asked, { name: `${decodeMode}, sampled`, prompt: prompts[0], options }];
  });
}

/** Asks everything `rounds` times. @throws aborted */
export async function answers(model: Model, options: RoundOptions): Promise<SavedAnswer[]> {
  const asked = questions(model);
  const results = await inTurns(
    asked.map(({ name, prompt, options: own }) => ({ name, run: () => ask(model, prompt, own, options.signal) })),
    { ...options, warmUp: 0 },
  );
  return asked.map(({ name }, i) => ({
    name,
    tokens: results[i][0].tokens,
    tokensPerSecond: results[i].map((result) => result.tokensPerSecond),
  }));
}

async function ask(model: Model, tokens: number[], options: GenerateOptions, signal?: AbortSignal) {
  const said: number[] = [];
  const all = { ...options, seed: 1, maxTokens: newTokens, ignoreStop: true, signal };
  for await (const event of model.generate({ tokens }, all)) {
    if (event.type === "text") said.push(...event.tokens);
    if (event.type === "finish") {
      return { tokens: said, tokensPerSecond: said.length / (event.timings.predictedMs / 1000) };
    }
  }
  throw new Error("the model ended an answer without a finish event");
}

export interface Difference {
  name: string;
  /** Index of the first token that differs. */
  at: number;
  before: number | null;
  now: number | null;
}

/**
 * Answers that are not what they were, in the order of the baseline.
 * @throws UnmaskError invalid_request when the baseline has other questions
 */
export function differences(before: readonly SavedAnswer[], now: readonly SavedAnswer[]): Difference[] {
  const found: Difference[] = [];
  for (const { name, tokens } of before) {
    const answer = now.find((candidate) => candidate.name === name);
    if (answer === undefined) {
      const message = `The baseline has an answer "${name}" that this version does not ask for. Save it again.`;
      throw new UnmaskError("invalid_request", message, { param: "compare" });
    }
    const length = Math.max(tokens.length, answer.tokens.length);
    const at = Array.from({ length }, (_, i) => i).find((i) => tokens[i] !== answer.tokens[i]);
    if (at !== undefined) found.push({ name, at, before: tokens[at] ?? null, now: answer.tokens[at] ?? null });
  }
  return found;
}

/** A table: each answer, whether it is the same, and both speeds. */
export function comparison(before: Baseline, now: Baseline): string {
  const differing = new Map(
    differences(before.answers, now.answers).map((difference) => [difference.name, difference]),
  );
  const rows = before.answers.map(({ name, tokensPerSecond }) => {
    const difference = differing.get(name);
    const was = spreadOf(tokensPerSecond);
    const is = spreadOf(now.answers.find((answer) => answer.name === name)!.tokensPerSecond);
    const tokens =
      difference === undefined
        ? "same"
        : `token ${difference.at}: ${difference.now ?? "none"}, was ${difference.before ?? "none"}`;
    return [name, tokens, spread(was, 1), spread(is, 1), `${(is.median / was.median).toFixed(2)}x`];
  });
  const where = ({ cpu, backend, isa, threads }: Baseline["machine"]) =>
    `${cpu}, ${backend} ${isa}, ${threads} threads`;
  const head = `${before.model.name}. Before: ${where(before.machine)}. Now: ${where(now.machine)}.`;
  return `${head}\n\n${markdownTable(["answer", "tokens", "tokens/s before", "now", "ratio"], rows)}\n`;
}
