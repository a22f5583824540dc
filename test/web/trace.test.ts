// Denoising events to pictures, at every step.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addStep,
  answerStart,
  blocksAt,
  emptyTrace,
  isControl,
  percent,
  type Step,
  visibleText,
} from "../../web/src/state/trace.js";

function step(block: number, forward: number, filled: number[], masked: number[]): Step {
  const commits = filled.map((position) => ({
    position,
    token: position,
    text: `t${position}`,
    probability: 0.9,
    top: [{ token: position, text: `t${position}`, probability: 0.9 }],
  }));
  return { block, forward, rows: 8, step: 1, commits, masked, at: forward * 10 };
}

/** Blocks of 4; the prompt has 2 tokens, the answer 5 (positions 2 to 6), of which block 1 also fills one beyond. */
const steps = [step(0, 1, [3], [2]), step(0, 2, [2], []), step(1, 3, [4], [5, 6, 7]), step(1, 5, [5, 6, 7], [])];
const whole = steps.reduce(addStep, emptyTrace(4));

const picture = (count: number, trace = whole) =>
  blocksAt(trace, count).map(({ cells }) =>
    cells.map((cell) => (cell.kind === "token" ? (cell.beyond ? "x" : "T") : cell.kind[0])).join(""),
  );

describe("blocks", () => {
  test("fill step by step, and back", () => {
    expect(picture(0)).toEqual(["ppmm"]);
    expect(picture(1)).toEqual(["ppmT"]);
    expect(picture(2)).toEqual(["ppTT"]);
    expect(picture(3)).toEqual(["ppTT", "Tmmm"]);
    expect(picture(4)).toEqual(["ppTT", "TTTT"]);
    expect(answerStart(whole)).toBe(2);
  });

  test("what lies behind the end of the answer is known once it is complete", () => {
    const done = { ...whole, tokens: 5 };
    expect(picture(4, done)).toEqual(["ppTT", "TTTx"]);
    expect(blocksAt(done, 4).map(({ tokens, forwards }) => [tokens, forwards])).toEqual([
      [2, 2],
      [3, 3],
    ]);
  });

  test("a cell knows the step that filled it", () => {
    const cell = blocksAt(whole, 4)[1].cells[1];
    expect(cell).toMatchObject({ kind: "token", position: 5, step: 3, forward: 5, text: "t5" });
  });

  test("before the first event there is nothing", () => {
    expect(blocksAt(emptyTrace(4), 0)).toEqual([]);
    expect(answerStart(emptyTrace(4))).toBeNull();
  });

  test("a filled cell never empties on the way forth, whatever the order of commits", () => {
    const order = fc.shuffledSubarray([2, 3, 4, 5, 6, 7], { minLength: 6 });
    fc.assert(
      fc.property(order, (positions) => {
        let trace = emptyTrace(8);
        for (const [i, position] of positions.entries()) {
          trace = addStep(trace, step(0, i + 1, [position], positions.slice(i + 1)));
        }
        for (let count = 0; count <= positions.length; count++) {
          const filled = blocksAt(trace, count)[0].cells.filter((cell) => cell.kind === "token");
          expect(filled.map((cell) => cell.position).sort()).toEqual(positions.slice(0, count).sort());
        }
      }),
    );
  });
});

test.each([
  ["a", "a"],
  [" the", "the"],
  [" ", "␣"],
  ["\n\n", "↵↵"],
  ["", "∅"],
  ["<|im_end|>", "■"],
  ["<b>", "<b>"],
])("%j is shown as %s", (text, shown) => {
  expect(visibleText(text)).toBe(shown);
});

test("control tokens", () => {
  expect(["<|im_end|>", "</s>", "<s>"].every(isControl)).toBe(true);
  expect(["<b>", "<|", "a|b", "<|a|b|>"].some(isControl)).toBe(false);
});

test.each([
  [1, "100 %"],
  [0.9999, "> 99.9 %"],
  [0.9974, "99.7 %"],
  [0.974, "97 %"],
  [0.006, "1 %"],
  [0.0001, "< 1 %"],
  [0, "0 %"],
])("%s is %s", (probability, shown) => {
  expect(percent(probability)).toBe(shown);
});
