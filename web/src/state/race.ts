// The race: one prompt in several decode modes, run one after another, replayed on one clock.
//
// Pure. A lane keeps what arrived and when, in milliseconds of its own time;
// the replay asks how each lane looked at a time, so it can run at any speed and backwards.

import type { Answer, ChatEvent, DecodeMode } from "../../../src/client/index.js";
import type { Problem } from "./problem.js";
import { addStep, answerStart, blocksAt, emptyTrace, type TokenCell, type Trace } from "./trace.js";

export interface Lane {
  mode: DecodeMode;
  state: "waiting" | "running" | "done" | "failed";
  trace: Trace;
  answer: Answer | null;
  problem: Problem | null;
  /** When the last event arrived. */
  duration: number;
}

export interface Race {
  state: "idle" | "running" | "ready";
  prompt: string;
  lanes: readonly Lane[];
}

export const noRace: Race = { state: "idle", prompt: "", lanes: [] };

/** An event of a lane's answer and when it came: milliseconds since its request was sent. */
export type LaneEvent = ChatEvent & { at: number };

export type RaceAction =
  | { type: "start"; prompt: string; modes: readonly DecodeMode[]; blockLength: number }
  | { type: "lane"; lane: number }
  | { type: "event"; lane: number; event: LaneEvent }
  /** The same once more; it counts when it was faster. */
  | { type: "rerun"; lane: number; events: readonly LaneEvent[] }
  | { type: "failed"; lane: number; problem: Problem }
  | { type: "end" };

export function reduceRace(race: Race, action: RaceAction): Race {
  switch (action.type) {
    case "start": {
      const lanes = action.modes.map((mode) => newLane(mode, action.blockLength));
      return { state: "running", prompt: action.prompt, lanes };
    }
    case "lane":
      return editLane(race, action.lane, (lane) => ({ ...lane, state: "running" }));
    case "event":
      return editLane(race, action.lane, (lane) => addEvent(lane, action.event));
    case "rerun":
      return editLane(race, action.lane, (lane) => {
        const again = action.events.reduce(addEvent, newLane(lane.mode, lane.trace.blockLength));
        return again.state === "done" && again.duration < lane.duration ? again : lane;
      });
    case "failed":
      return editLane(race, action.lane, (lane) => ({ ...lane, state: "failed", problem: action.problem }));
    case "end":
      return race.lanes.every((lane) => lane.state === "done" || lane.state === "failed")
        ? { ...race, state: "ready" }
        : noRace; // stopped on the way: a race without all its runners is none
  }
}

function addEvent(lane: Lane, event: LaneEvent): Lane {
  switch (event.type) {
    case "denoising":
      return { ...lane, trace: addStep(lane.trace, event), duration: event.at };
    case "text":
      return { ...lane, duration: event.at };
    case "finish":
      return onServerTime({ ...lane, state: "done", answer: event.answer, duration: event.at });
  }
}

function newLane(mode: DecodeMode, blockLength: number): Lane {
  const trace = emptyTrace(blockLength);
  return { mode, state: "waiting", trace, answer: null, problem: null, duration: 0 };
}

/**
 * A finished lane on the server's own clock, its forwards spread evenly over the time they took: when an event
 * came says more about the way to this page, and the page's own work, than about the forward that made it.
 */
function onServerTime(lane: Lane): Lane {
  const { timings, usage } = lane.answer as Answer;
  const trace = { ...lane.trace, tokens: usage?.completionTokens ?? null };
  if (timings === null || timings.forwards === null) return { ...lane, trace };
  const { promptMs, predictedMs, forwards } = timings;
  const steps = trace.steps.map((step) => ({ ...step, at: promptMs + (predictedMs * step.forward) / forwards }));
  return { ...lane, trace: { ...trace, steps }, duration: promptMs + predictedMs };
}

function editLane(race: Race, index: number, edit: (lane: Lane) => Lane): Race {
  return { ...race, lanes: race.lanes.map((lane, i) => (i === index ? edit(lane) : lane)) };
}

/** How long the replay's clock runs, in milliseconds of the race. */
export function raceLength(race: Race): number {
  return Math.max(0, ...race.lanes.map((lane) => lane.duration));
}

/**
 * How many milliseconds of the race pass in one of the replay: 1, or less when the race would be over before
 * anybody could look.
 */
export function replaySpeed(length: number): number {
  const shortest = 8_000;
  return length > 0 && length < shortest ? length / shortest : 1;
}

/** A cell of a lane's text: a token, or null where it is still masked. */
export type LaneCell = TokenCell | null;

export interface LaneView {
  cells: LaneCell[];
  finished: boolean;
  forwards: number;
  /** Rows of the forwards that filled positions; all rows once it has finished. */
  rows: number;
  tokens: number;
}

/** These modes write from left to right, so nothing of theirs is ever masked. */
const leftToRight: readonly DecodeMode[] = ["autoregressive", "verified"];

/** A lane as it looked at a time of the race. */
export function laneAt(lane: Lane, time: number): LaneView {
  const { steps } = lane.trace;
  let count = 0;
  while (count < steps.length && steps[count].at <= time) count++;
  const finished = lane.answer !== null && time >= lane.duration;
  const seen = steps.slice(0, count);
  const timings = finished ? lane.answer?.timings : null;
  const start = answerStart(lane.trace) ?? 0;
  const end = start + (lane.trace.tokens ?? Number.POSITIVE_INFINITY);
  const cells: LaneCell[] = [];
  for (const block of count === 0 ? [] : blocksAt(lane.trace, count)) {
    for (const cell of block.cells) {
      if (cell.kind === "prompt" || cell.position >= end) continue;
      if (cell.kind === "token") cells.push(cell);
      else if (!leftToRight.includes(lane.mode)) cells.push(null);
    }
  }
  return {
    cells,
    finished,
    forwards: timings?.forwards ?? seen.at(-1)?.forward ?? 0,
    rows: timings?.rows ?? seen.reduce((sum, step) => sum + step.rows, 0),
    tokens: cells.filter((cell) => cell !== null).length,
  };
}

/** The lane that the others' texts are compared with: the autoregressive one, otherwise the first. */
export function referenceLane(race: Race): Lane | null {
  const done = race.lanes.filter((lane) => lane.state === "done");
  return done.find((lane) => lane.mode === "autoregressive") ?? done[0] ?? null;
}
