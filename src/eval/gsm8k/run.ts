// Asks a model the problems of GSM8K in its own decode mode, and adds up. Knows no files.

import type { Model } from "../../engine/types.js";
import { type Answer, answerOf, atOnce } from "../answer.js";
import { type Cost, costOf, type Share, wilson } from "../statistics.js";
import type { Subject } from "../subject.js";
import { type Problem, promptOf, stops } from "./problems.js";
import { extract, type Filter, filters, isRight } from "./scores.js";

export interface Attempt extends Answer {
  /** What each filter found, and whether that is right. */
  extracted: Record<Filter, string>;
  right: Record<Filter, boolean>;
}

export interface Gsm8kOptions {
  shots: readonly Problem[];
  chat: boolean;
  concurrency: number;
  signal?: AbortSignal;
  onAnswer?: (done: number, total: number) => void;
}

export interface Attempts {
  /** In the order of the problems. */
  attempts: Attempt[];
  wallMs: number;
}

/** @throws what the model throws, with the question named when it does not fit the context */
export async function attempt(
  model: Model,
  problems: readonly Problem[],
  { shots, chat, concurrency, signal, onAnswer }: Gsm8kOptions,
): Promise<Attempts> {
  const attempts: Attempt[] = [];
  const begun = performance.now();
  let done = 0;
  await atOnce(problems.length, concurrency, async (i) => {
    const problem = problems[i];
    const options = { temperature: 0, seed: 0, stop: stops, signal };
    const answer = await answerOf(model, promptOf(problem, shots, chat), options, problem.question);
    attempts[i] = { ...answer, ...judged(answer.text, problem) };
    onAnswer?.(++done, problems.length);
  });
  return { attempts, wallMs: performance.now() - begun };
}

function judged(text: string, { answer }: Problem): Pick<Attempt, "extracted" | "right"> {
  const each = <T>(of: (filter: Filter) => T) =>
    Object.fromEntries(filters.map((filter) => [filter, of(filter)])) as Record<Filter, T>;
  const extracted = each((filter) => extract(filter, text));
  return { extracted, right: each((filter) => isRight(extracted[filter], answer)) };
}

/** How the answers were decoded. */
export interface Decoding {
  mode: string;
  threshold: number;
  blockLength: number | null;
  smallBlockSize: number;
}

export interface Gsm8kReport extends Subject {
  task: "gsm8k";
  version: "3.0";
  n: number;
  shots: number;
  chat: boolean;
  stops: string[];
  decoding: Decoding;
  scores: Record<Filter, Share>;
  /** Answers that ended by their length, not by a stop. */
  cutOff: number;
  cost: Cost;
}

export function gsm8kReport(
  subject: Subject,
  { info }: Pick<Model, "info">,
  { attempts, wallMs }: Attempts,
  { shots, chat }: Pick<Gsm8kOptions, "shots" | "chat">,
): Gsm8kReport {
  const { decodeMode: mode, threshold, smallBlockSize } = info.defaults;
  const share = (filter: Filter) => wilson(attempts.filter(({ right }) => right[filter]).length, attempts.length);
  return {
    ...subject,
    task: "gsm8k",
    version: "3.0",
    n: attempts.length,
    shots: shots.length,
    chat,
    stops,
    decoding: { mode, threshold, blockLength: info.blockLength, smallBlockSize },
    scores: { "strict-match": share("strict-match"), "flexible-extract": share("flexible-extract") },
    cutOff: attempts.filter(({ ended }) => ended === "length").length,
    cost: costOf(attempts, wallMs / 1000),
  };
}
