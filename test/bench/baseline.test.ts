import { describe, expect, it } from "vitest";
import { type Baseline, comparison, differences, parseBaseline } from "../../src/bench/baseline.js";

const answer = (name: string, ...tokens: number[]) => ({ name, tokens, tokensPerSecond: [100, 200, 300] });
const saved: Baseline = {
  model: { name: "tiny.gguf", sha256: "00" },
  machine: { cpu: "Some CPU", backend: "native", isa: "avx2", threads: 2 },
  answers: [answer("greedy", 1, 2, 3), answer("adaptive", 4, 5)],
};

describe("differences", () => {
  it("are none between equal answers, in whatever order", () => {
    expect(differences(saved.answers, [...saved.answers].reverse())).toEqual([]);
  });

  it("name the first token that changed", () => {
    const now = [answer("greedy", 1, 9, 8), answer("adaptive", 4, 5)];
    expect(differences(saved.answers, now)).toEqual([{ name: "greedy", at: 1, before: 2, now: 9 }]);
  });

  it("are there when an answer became longer or shorter", () => {
    const now = [answer("greedy", 1, 2), answer("adaptive", 4, 5, 6)];
    expect(differences(saved.answers, now)).toEqual([
      { name: "greedy", at: 2, before: 3, now: null },
      { name: "adaptive", at: 2, before: null, now: 6 },
    ]);
  });

  it("cannot be told when an answer is not asked for any more", () => {
    expect(() => differences(saved.answers, [answer("greedy", 1, 2, 3)])).toThrow(/"adaptive"/);
  });
});

it("a comparison shows tokens and speeds of every answer", () => {
  const now = {
    ...saved,
    machine: { ...saved.machine, isa: "scalar" },
    answers: [answer("greedy", 1, 2, 4), { ...answer("adaptive", 4, 5), tokensPerSecond: [300] }],
  };
  const lines = comparison(saved, now).split("\n");
  expect(lines[0]).toContain("Before: Some CPU, native avx2, 2 threads. Now: Some CPU, native scalar, 2 threads.");
  expect(lines.find((line) => line.includes("greedy"))).toContain("| token 2: 4, was 3 |");
  expect(lines.find((line) => line.includes("adaptive"))).toMatch(/\| same \| 200\.0 .*\| 300\.0 \| 1\.50x \|/);
});

describe("a saved baseline", () => {
  it("is read back as it was", () => {
    expect(parseBaseline(JSON.stringify(saved), "b.json")).toEqual(saved);
  });

  it.each([
    ["{", "invalid_json"],
    ["[]", "invalid_request"],
    [JSON.stringify({ ...saved, answers: [] }), "invalid_request"],
    [JSON.stringify({ ...saved, answers: [{ ...answer("x"), tokens: ["a"] }] }), "invalid_request"],
  ])("is refused when it is %s", (text, code) => {
    const read = () => parseBaseline(text, "b.json");
    expect(read).toThrow(expect.objectContaining({ code, message: expect.stringContaining("b.json") }));
  });
});
