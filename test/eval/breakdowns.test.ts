// What is counted apart: carry chains, refusals, stories, and the samples nobody chose.

import { describe, expect, it } from "vitest";
import { calculationsOf, carriesOf } from "../../src/eval/carries.js";
import { kindsOf, worstKinds } from "../../src/eval/kinds.js";
import { methodsFor } from "../../src/eval/methods.js";
import { refusalsOf } from "../../src/eval/refusals.js";
import { samplesOf } from "../../src/eval/samples.js";
import { longestRepeat, repetitionOf, storiesOf } from "../../src/eval/stories.js";
import { asked, generated, outcome } from "./examples.js";
import { info } from "./scripted-model.js";

describe("carry chains", () => {
  it("are those of sums and differences that were drawn by them", () => {
    const questions = [
      generated("arithmetic", "+ 2,2 digits, carry 1", "a", { carries: 1 }),
      generated("arithmetic", "- 2,2 digits, carry 0", "b", { carries: 0 }),
      generated("arithmetic", "+ 3,3 digits, carry 1", "c", { carries: 1 }),
      generated("arithmetic", "+ 3,3 digits, carry 0", "d", { carries: 0 }),
      generated("arithmetic", "table *", "e", { carries: 0 }), // products carry otherwise
      generated("arithmetic", "negative", "f", { carries: 2 }),
      generated("follow-ups", "calculate on", "g"),
      asked("arith", "1 + 1", "2"),
    ];
    const right = [true, false, false, true, true, true, true, true];
    const outcomes = questions.map(({ task }, i) => outcome(task, right[i]));
    expect(
      carriesOf(questions, outcomes).map(({ operator, chain, correct, n }) => [operator, chain, correct, n]),
    ).toEqual([
      ["+", 0, 1, 1],
      ["+", 1, 1, 2],
      ["-", 0, 0, 1],
    ]);
    expect(calculationsOf(questions, outcomes)).toMatchObject({ correct: 3, n: 5 });
    expect(carriesOf([asked("arith", "1 + 1", "2")], [outcome("arith", true)])).toEqual([]);
  });
});

describe("kinds", () => {
  const questions = [
    generated("lists", "sort", "a"),
    generated("lists", "contains", "b"),
    generated("follow-ups", "sort", "c"),
    asked("arith", "1 + 1", "2"),
    generated("lists", "contains", "d"),
    generated("lists", "sort", "e"),
    generated("lists", "repeat", "f"),
  ];
  const shares = (right: readonly boolean[]) =>
    kindsOf(
      questions,
      questions.map(({ task }, i) => outcome(task, right[i])),
    );

  it("are counted within their task", () => {
    const found = shares([true, false, false, true, true, true, true]);
    expect(found.map(({ task, kind, correct, n }) => [task, kind, correct, n])).toEqual([
      ["lists", "sort", 2, 2],
      ["lists", "contains", 1, 2],
      ["follow-ups", "sort", 0, 1],
      ["lists", "repeat", 1, 1],
    ]);
  });

  it("with the most wrong answers come first, of as many the smaller ones, and those without none not at all", () => {
    expect(worstKinds(shares([true, false, false, true, true, true, true]), 9)).toEqual([2, 1]);
    expect(worstKinds(shares([false, false, false, true, false, false, true]), 9)).toEqual([0, 1, 2]);
    expect(worstKinds(shares([false, false, false, true, false, false, true]), 1)).toEqual([0]);
    expect(worstKinds([], 9)).toEqual([]);
  });
});

describe("refusals", () => {
  const refusal = "I don't know that.";
  const questions = [
    generated("outside", "question", refusal),
    generated("outside", "question", refusal),
    generated("follow-ups", "several questions", refusal),
    generated("facts", "capital", "Paris."),
    generated("facts", "capital", "Rome."),
  ];

  it("are right where they are expected and wrong everywhere else", () => {
    const texts = [refusal, "Paris.", refusal, "Paris.", refusal];
    const outcomes = questions.map(({ task }, i) => outcome(task, false, { text: texts[i] }));
    const { right, wrong } = refusalsOf(questions, outcomes, refusal)!;
    expect([right.correct, right.n, wrong.correct, wrong.n]).toEqual([2, 3, 1, 2]);
  });

  it("are exactly that answer", () => {
    const outcomes = questions.map(({ task }) => outcome(task, false, { text: "I don't know." }));
    expect(refusalsOf(questions, outcomes, refusal)).toMatchObject({ right: { correct: 0 }, wrong: { correct: 0 } });
  });

  it("are nothing to speak of where none is expected", () => {
    expect(refusalsOf(questions.slice(3), [outcome("facts", true), outcome("facts", true)], refusal)).toBeNull();
  });
});

describe("stories", () => {
  it("are counted by what is right about them", () => {
    const story = (parses: boolean, consistent: boolean, complete: boolean, text: string) =>
      outcome("stories", parses && consistent && complete, { story: { parses, consistent, complete }, text });
    const outcomes = [
      story(true, true, false, "a b c"),
      story(true, false, true, "a b"),
      story(false, false, false, ""),
      outcome("facts", true, { text: "a b a b a b" }),
    ];
    const summary = storiesOf(outcomes)!;
    expect([summary.parses.correct, summary.consistent.correct, summary.complete.correct]).toEqual([2, 1, 1]);
    expect(summary.parses.n).toBe(3);
    expect(summary.distinctPairs).toBeCloseTo(2 / 3); // "a b", "b c", "a b" again
    expect(summary.repeated).toEqual({ mean: 0, most: 0 });
    expect(storiesOf([outcome("facts", true)])).toBeNull();
  });

  it.each([
    ["", 0],
    ["a", 0],
    ["a b c", 0],
    ["a b a", 1],
    ["the cat saw the cat", 2],
    ["a a a a", 3], // a loop counts although it overlaps itself
    ["x one two three y one two three z one two", 3],
  ])("repeat themselves: %j", (text, length) => {
    expect(longestRepeat(text.split(" ").filter((word) => word !== ""))).toBe(length);
  });

  it("of no words at all repeat nothing", () => {
    expect(repetitionOf(["", "  "])).toEqual({ distinctPairs: 0, repeated: { mean: 0, most: 0 } });
    expect(repetitionOf(["a a", "b c d"])).toEqual({ distinctPairs: 1, repeated: { mean: 0.5, most: 1 } });
  });
});

describe("samples", () => {
  const [autoregressive, verified, adaptive] = methodsFor(info, { modes: ["autoregressive", "verified", "adaptive"] });
  const questions = Array.from({ length: 40 }, (_, i) => asked("t", `q${i}`, `a${i}`));
  const runs = [autoregressive, verified, adaptive].map((method) => ({
    method,
    outcomes: questions.map((_, i) => outcome("t", i % 2 === 0, { text: `${method.mode} ${i}` })),
    wallMs: 1,
  }));

  it("are ten, always the same, not the first ones, with the answers of the chosen methods", () => {
    const samples = samplesOf(questions, runs, [autoregressive, adaptive]);
    expect(samplesOf(questions, [...runs].reverse(), [adaptive]).map(({ expected }) => expected)).toEqual(
      samples.map(({ expected }) => expected),
    );
    const numbers = samples.map(({ expected }) => Number(expected.slice(1)));
    expect(new Set(numbers).size).toBe(10);
    expect(Math.max(...numbers)).toBeGreaterThan(15);
    for (const [place, i] of numbers.entries()) {
      expect(samples[place]).toEqual({
        task: "t",
        messages: questions[i].messages,
        expected: `a${i}`,
        answers: [
          { method: "autoregressive", text: `autoregressive ${i}`, ok: i % 2 === 0 },
          { method: adaptive.name, text: `adaptive ${i}`, ok: i % 2 === 0 },
        ],
      });
    }
  });

  it("are all there are when there are fewer", () => {
    expect(samplesOf(questions.slice(0, 3), runs, [verified])).toHaveLength(3);
  });
});
