// The race: lanes that fill, a clock that goes both ways, and where texts differ.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Answer, DecodeMode } from "../../src/client/index.js";
import { differences } from "../../web/src/state/diff.js";
import {
  type LaneEvent,
  laneAt,
  noRace,
  type RaceAction,
  raceLength,
  reduceRace,
  referenceLane,
  replaySpeed,
} from "../../web/src/state/race.js";
import type { Step } from "../../web/src/state/trace.js";

function step(at: number, forward: number, filled: number[], masked: number[]): Step {
  const commits = filled.map((position) => ({ position, token: 1, text: `t${position}`, probability: 1, top: [] }));
  return { block: 0, forward, rows: 8, step: 1, commits, masked, at };
}

/** @param duration on the server, milliseconds */
function answer(text: string, tokens: number, duration: number, forwards = 1): Answer {
  const timings = { promptMs: 0, predictedMs: duration, forwards, rows: 99 } as Answer["timings"];
  const usage = { promptTokens: 2, cachedTokens: 0, completionTokens: tokens };
  return { id: "", model: "", text, finishReason: "stop", usage, timings, seed: 1, logprobs: null, requestId: null };
}

function raceOf(modes: DecodeMode[], ...actions: RaceAction[]) {
  const start: RaceAction = { type: "start", prompt: "Hi", modes, blockLength: 8 };
  return [start, ...actions].reduce(reduceRace, noRace);
}

const came = (lane: number, event: LaneEvent): RaceAction => ({ type: "event", lane, event });
const filled = (...args: Parameters<typeof step>): LaneEvent => ({ type: "denoising", ...step(...args) });
const finished = (at: number, answer: Answer): LaneEvent => ({ type: "finish", at, answer });

const shape = (lane: Parameters<typeof laneAt>[0], time: number) =>
  laneAt(lane, time)
    .cells.map((cell) => (cell === null ? "_" : "T"))
    .join("");

describe("a lane", () => {
  const race = raceOf(
    ["adaptive", "autoregressive"],
    { type: "lane", lane: 0 },
    came(0, filled(1, 1, [3], [2, 4, 5, 6, 7])),
    came(0, filled(2, 2, [2, 4, 5], [6, 7])),
    came(0, finished(3, answer("abc", 4, 30, 3))),
    came(1, filled(5, 1, [2], [3, 4, 5, 6, 7])),
    came(1, finished(6, answer("a", 1, 6))),
    { type: "end" },
  );
  const [adaptive, causal] = race.lanes;

  test("fills in place, up to the end of its answer", () => {
    expect([0, 10, 19, 20, 40].map((time) => shape(adaptive, time))).toEqual(["", "_T__", "_T__", "TTTT", "TTTT"]);
  });

  test("shows no masks where it writes from left to right", () => {
    expect(shape(causal, 6)).toBe("T");
  });

  test("counts what it has seen, and all of it at the end", () => {
    expect(laneAt(adaptive, 12)).toMatchObject({ forwards: 1, rows: 8, tokens: 1, finished: false });
    expect(laneAt(adaptive, 30)).toMatchObject({ forwards: 3, rows: 99, tokens: 4, finished: true });
  });

  test("the clock runs to the end of the slowest, the reference is the autoregressive one", () => {
    expect(race.state).toBe("ready");
    expect(raceLength(race)).toBe(30);
    expect(referenceLane(race)?.mode).toBe("autoregressive");
  });
});

test("a finished lane is put on the server's clock, its forwards spread evenly", () => {
  const timings = { promptMs: 4, predictedMs: 16, forwards: 4 } as Answer["timings"];
  const race = raceOf(
    ["adaptive", "greedy"],
    came(0, filled(33, 1, [2], [3])),
    came(0, filled(34, 4, [3], [])),
    came(0, finished(40, { ...answer("a", 1, 0), timings })),
  );
  expect(race.lanes[0]).toMatchObject({ duration: 20, trace: { steps: [{ at: 8 }, { at: 20 }], tokens: 1 } });
});

test("without timings what came when it came stays", () => {
  const race = raceOf(
    ["adaptive", "greedy"],
    came(0, filled(20, 1, [2], [3])),
    came(0, finished(40, { ...answer("a", 1, 0), timings: null })),
  );
  expect(race.lanes[0]).toMatchObject({ duration: 40, trace: { steps: [{ at: 20 }] } });
});

test("of several runs the fastest counts", () => {
  const rerun = (duration: number): RaceAction => ({
    type: "rerun",
    lane: 0,
    events: [filled(duration / 2, 1, [2], []), finished(duration, answer("a", 1, duration))],
  });
  const race = raceOf(["adaptive", "greedy"], came(0, finished(30, answer("a", 1, 30))), rerun(20), rerun(40), {
    type: "rerun",
    lane: 0,
    events: [],
  });
  expect(race.lanes[0]).toMatchObject({ duration: 20, state: "done", trace: { steps: [{ at: 20 }] } });
});

test("a race that was stopped is none; one with a failed lane is one", () => {
  const done = came(0, finished(1, answer("a", 1, 1)));
  expect(raceOf(["greedy", "adaptive"], done, { type: "end" })).toEqual(noRace);
  const problem = { message: "No.", code: "x", requestId: null };
  const failed: RaceAction = { type: "failed", lane: 1, problem };
  const race = raceOf(["greedy", "adaptive"], done, failed, { type: "end" });
  expect(race.state).toBe("ready");
  expect(referenceLane(race)?.mode).toBe("greedy");
});

test("short races are replayed slower than life, long ones as they were", () => {
  expect(replaySpeed(80)).toBeCloseTo(0.01);
  expect(replaySpeed(20_000)).toBe(1);
  expect(replaySpeed(0)).toBe(1);
});

describe("differences", () => {
  const marked = (reference: string, text: string) =>
    differences(reference, text)
      .map((piece) => (piece.differs ? `[${piece.text.trim()}]` : piece.text.trim()))
      .join(" ");

  test.each([
    ["a b c", "a b c", "a b c"],
    ["a b c", "a x c", "a [x] c"],
    ["a b c", "a b c d e", "a b c [d e]"],
    ["a b c", "c", "c"],
    ["", "a", "[a]"],
    ["a", "", ""],
  ])("%j to %j", (reference, text, shown) => {
    expect(marked(reference, text)).toBe(shown);
  });

  test("put together they are the text; what is not marked stands in the reference in this order", () => {
    const words = fc.array(fc.constantFrom("a ", "b ", "c  ", "d\n"), { maxLength: 12 }).map((list) => list.join(""));
    fc.assert(
      fc.property(words, words, (reference, text) => {
        const pieces = differences(reference, text);
        expect(pieces.map((piece) => piece.text).join("")).toBe(text);
        const kept = pieces.flatMap((piece) => (piece.differs ? [] : piece.text.trim().split(/\s+/)));
        const all = reference.trim().split(/\s+/);
        let at = 0;
        for (const word of kept) {
          at = all.indexOf(word, at) + 1;
          expect(at).toBeGreaterThan(0);
        }
      }),
    );
  });
});
