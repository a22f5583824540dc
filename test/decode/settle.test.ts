import { expect, test } from "vitest";
import { Canvas } from "../../src/decode/canvas.js";
import { Settler } from "../../src/decode/settle.js";
import type { DecodeEvent } from "../../src/decode/types.js";

function setUp(maxTokens: number, stopTokens: number[], prompt = [1, 2, 3]) {
  const canvas = new Canvas(prompt, 0);
  const settler = new Settler(canvas, { maxTokens, stopTokens });
  const fill = (position: number, token: number) =>
    canvas.fill({ token, position, probability: 0.5, logprob: Math.log(0.5), top: [] });
  return { canvas, settler, fill };
}

const summary = (events: DecodeEvent[]) =>
  events.map((event) => {
    if (event.type === "settled") return event.tokens.map(({ position, token }) => [position, token]);
    return event.type === "finish" ? event.reason : "denoised";
  });

test("settles the contiguous prefix only, each token once", () => {
  const { settler, fill } = setUp(10, []);
  fill(4, 14);
  fill(5, 15);
  expect(settler.settle()).toEqual([]);
  fill(3, 13);
  expect(summary(settler.settle())).toEqual([
    [
      [3, 13],
      [4, 14],
      [5, 15],
    ],
  ]);
  expect(settler.settle()).toEqual([]);
  expect(settler.finished).toBe(false);
});

test("a stop token ends the answer once everything before it is known, and is part of it", () => {
  const { settler, fill } = setUp(10, [7]);
  fill(4, 7);
  fill(5, 15);
  expect(settler.settle()).toEqual([]);
  fill(3, 13);
  expect(summary(settler.settle())).toEqual([
    [
      [3, 13],
      [4, 7],
    ],
    "stop",
  ]);
  expect(settler.finished).toBe(true);
});

test("ends at exactly maxTokens, whatever is known behind it", () => {
  const { settler, fill } = setUp(2, [7]);
  for (const p of [3, 4, 5, 6]) fill(p, 10 + p);
  expect(summary(settler.settle())).toEqual([
    [
      [3, 13],
      [4, 14],
    ],
    "length",
  ]);
});

test("a stop token in the last place counts as a stop; one behind it does not count", () => {
  const at = (position: number) => {
    const { settler, fill } = setUp(2, [7]);
    for (const p of [3, 4, 5]) fill(p, p === position ? 7 : 10);
    return summary(settler.settle()).at(-1);
  };
  expect(at(4)).toBe("stop");
  expect(at(5)).toBe("length");
});

test("stop tokens of the prompt stop nothing", () => {
  const { settler, fill } = setUp(5, [7], [7, 7]);
  expect(settler.settle()).toEqual([]);
  fill(2, 1);
  expect(summary(settler.settle())).toEqual([[[2, 1]]]);
});

test("a filled position is never filled again", () => {
  const { fill } = setUp(5, []);
  fill(3, 1);
  expect(() => fill(3, 2)).toThrow();
  expect(() => fill(0, 2)).toThrow();
});
