// A bar where somebody watches, a few lines where nobody does.

import { expect, it } from "vitest";
import { progressOf } from "../../src/cli/progress.js";
import { capture } from "./fakes.js";

const advanceAll = (total: number, terminal: boolean) => {
  const stderr = capture(terminal);
  Object.assign(stderr, { cursorTo: () => true, clearLine: () => true, moveCursor: () => true });
  const progress = progressOf(total, stderr);
  for (let done = 1; done <= total; done++) progress.advance(done);
  progress.end();
  return stderr.text;
};

it("a log has ten lines at most, the last one for the end", () => {
  const lines = advanceAll(1000, false).trimEnd().split("\n");
  expect(lines).toHaveLength(10);
  expect(lines[0]).toMatch(/^100\/1000 answers, \d+ (s|min) left$/);
  expect(lines[9]).toBe("1000/1000 answers, done");
  expect(advanceAll(3, false).trimEnd().split("\n")).toHaveLength(3);
});

it("a terminal has a bar", () => {
  const text = advanceAll(20, true);
  expect(text).toContain("20/20");
  expect(text).not.toContain("\n20/20 answers");
});
