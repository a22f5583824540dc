// What an evaluation found, as data: the JSON file is this object. Says what was measured and on
// what; has no dates, so the same measurement gives the same text.

import { type CarryShare, calculationsOf, carriesOf } from "./carries.js";
import { type KindShare, kindsOf } from "./kinds.js";
import { type Method, mainMethods } from "./methods.js";
import type { Question } from "./questions.js";
import { type Refusals, refusalsOf } from "./refusals.js";
import type { MethodRun } from "./runner.js";
import { type Sample, samplesOf } from "./samples.js";
import { type Cost, costOf, type Outcome, ratio, type Share, shareOf, type TaskShare, tasksOf } from "./statistics.js";
import { type Repetition, repetitionOf, type StorySummary, storiesOf } from "./stories.js";
import type { Subject } from "./subject.js";

/** Answers of so many tokens are also counted apart: with fewer, a block has little to win. */
export const longAnswer = 16;

export interface Speed extends Cost {
  /** Tokens per second over those of the autoregressive method in the same run; null without one. */
  timesAutoregressive: number | null;
}

export interface Result extends Method {
  tasks: TaskShare[];
  all: Share;
  speed: Speed;
  /** The same, of its answers of at least 16 tokens. */
  longSpeed: Speed;
  /** Answers that are the autoregressive ones; null without that method. */
  sameAsAutoregressive: Share | null;
  kinds: KindShare[];
  /** Of sums, differences, tables and products of two digits by one. */
  calculations: Share;
  carries: CarryShare[];
  refusals: Refusals | null;
  stories: StorySummary | null;
}

export interface TaskCount {
  task: string;
  n: number;
  /** Without repeated questions. */
  different: number;
}

export interface Report extends Subject {
  n: number;
  tasks: TaskCount[];
  results: Result[];
  /** Of the expected stories, to compare with. */
  expectedStories: Repetition | null;
  samples: Sample[];
}

/** @param refusal the one answer by which the model says that it does not know; null when there is none */
export function reportOf(
  subject: Subject,
  questions: readonly Question[],
  runs: readonly MethodRun[],
  refusal: string | null,
): Report {
  const plain = runs.find(({ method }) => method.mode === "autoregressive");
  const against = plain && speedsOf(plain, subject.concurrency);
  const times = (own: Cost, other: Cost | undefined) => ratio(own.tokensPerSecond, other?.tokensPerSecond ?? null);
  const resultOf = (run: MethodRun): Result => {
    const { method, outcomes } = run;
    const { speed, longSpeed } = speedsOf(run, subject.concurrency);
    return {
      ...method,
      tasks: tasksOf(outcomes),
      all: shareOf(outcomes, ({ ok }) => ok),
      speed: { ...speed, timesAutoregressive: times(speed, against?.speed) },
      longSpeed: { ...longSpeed, timesAutoregressive: times(longSpeed, against?.longSpeed) },
      sameAsAutoregressive: plain ? shareOf(outcomes, ({ text }, i) => text === plain.outcomes[i].text) : null,
      kinds: kindsOf(questions, outcomes),
      calculations: calculationsOf(questions, outcomes),
      carries: carriesOf(questions, outcomes),
      refusals: refusal === null ? null : refusalsOf(questions, outcomes, refusal),
      stories: storiesOf(outcomes),
    };
  };
  const stories = questions.filter(({ check }) => check.story !== undefined).map(({ answer }) => answer);
  const methods = runs.map(({ method }) => method);
  return {
    ...subject,
    n: questions.length,
    tasks: countsOf(questions),
    results: runs.map(resultOf),
    expectedStories: stories.length === 0 ? null : repetitionOf(stories),
    samples: samplesOf(questions, runs, sampled(methods)),
  };
}

/** Answers that overlapped took their time together, so no part of them has a time of its own. */
function speedsOf({ outcomes, wallMs }: MethodRun, concurrency: number) {
  const long = outcomes.filter(({ tokens }) => tokens >= longAnswer);
  const alone = (own: readonly Outcome[]) => own.reduce((sum, outcome) => sum + outcome.wallMs, 0) / 1000;
  return concurrency === 1
    ? { speed: costOf(outcomes, alone(outcomes)), longSpeed: costOf(long, alone(long)) }
    : { speed: costOf(outcomes, wallMs / 1000), longSpeed: costOf(long, null) };
}

/** Autoregressive and adaptive, or as much of that as there is. */
function sampled(methods: readonly Method[]): Method[] {
  const main = mainMethods(methods);
  const wanted = main.filter(({ mode }) => mode === "autoregressive" || mode === "adaptive");
  return wanted.length > 0 ? wanted : main.slice(0, 2);
}

function countsOf(questions: readonly Question[]): TaskCount[] {
  const counts = new Map<string, { n: number; different: Set<string> }>();
  for (const { task, messages } of questions) {
    const count = counts.get(task) ?? { n: 0, different: new Set() };
    counts.set(task, count);
    count.n++;
    count.different.add(JSON.stringify(messages));
  }
  return [...counts].map(([task, { n, different }]) => ({ task, n, different: different.size }));
}
