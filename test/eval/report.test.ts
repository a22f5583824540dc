// The report as data, as tables and as a picture.

import { describe, expect, it } from "vitest";
import { type Method, methodsFor } from "../../src/eval/methods.js";
import { pictureOf } from "../../src/eval/picture.js";
import type { Question } from "../../src/eval/questions.js";
import { reportOf } from "../../src/eval/report.js";
import type { Outcome } from "../../src/eval/statistics.js";
import type { Subject } from "../../src/eval/subject.js";
import { fullForm, shortForm } from "../../src/eval/tables.js";
import { asked, generated, outcome } from "./examples.js";
import { info } from "./scripted-model.js";

const subject: Subject = {
  model: {
    name: "tiny.gguf",
    sha256: "ab".repeat(32),
    bytes: 2_000_000,
    parameters: 5_000_000,
    weightType: "I2_S",
    head: { type: "F16", stored: "F16" },
    architecture: "bitnet",
    attention: "context-causal",
  },
  machine: { cpu: "Some CPU", backend: "native", isa: "avx2", threads: 2 },
  questions: { name: "q.jsonl", sha256: "cd".repeat(32) },
  maxTokens: 256,
  dualCache: "shifted",
  concurrency: 1,
};
const refusal = "I don't know that.";
const questions = [asked("a|b", "1?", "1"), asked("a|b", "2?", "2"), asked("chat", "Hi", "Hello.")];
const methods = methodsFor(info, { modes: ["autoregressive", "verified", "adaptive", "greedy"] });
const [autoregressive, verified, , adaptive, greedy] = methods;
const runOf = (method: Method, outcomes: Outcome[]) => ({ method, outcomes, wallMs: 90 });
const usual = [outcome("a|b", true), outcome("a|b", false), outcome("chat", true)];
const report = reportOf(
  subject,
  questions,
  methods.map((method) => runOf(method, usual)),
  refusal,
);
/** The tables of a text, [tables][rows][cells]. */
const tables = (text: string) =>
  [...text.matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) =>
    table
      .trimEnd()
      .split("\n")
      .map((row) =>
        row
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
  );

describe("a report", () => {
  it("has speeds over the wall clock, against those of the autoregressive run, long answers apart", () => {
    const quick = (task: string, tokens: number, wallMs: number) =>
      outcome(task, true, { tokens, wallMs, forwards: 2 });
    const runs = [
      runOf(autoregressive, [quick("a|b", 10, 100), quick("a|b", 20, 100), quick("chat", 30, 100)]),
      runOf(adaptive, [quick("a|b", 15, 25), quick("a|b", 16, 10), quick("chat", 44, 40)]),
    ];
    const [plain, bold] = reportOf(subject, questions, runs, null).results;
    expect(plain.speed).toMatchObject({ n: 3, tokens: 60, seconds: 0.3, timesAutoregressive: 1 });
    expect(plain.speed.tokensPerSecond).toBeCloseTo(200);
    expect(plain.longSpeed).toMatchObject({ n: 2, tokens: 50, timesAutoregressive: 1 });
    expect(bold.speed.tokensPerSecond).toBeCloseTo(1000);
    expect(bold.speed.timesAutoregressive).toBeCloseTo(5);
    expect(bold.longSpeed).toMatchObject({ n: 2, tokens: 60, forwards: 4, tokensPerForward: 15 });
    expect(bold.longSpeed.timesAutoregressive).toBeCloseTo(60 / 0.05 / (50 / 0.2));
    expect(bold.refusals).toBeNull();
  });

  it("names a head that is not the stored one", () => {
    const model = { ...subject.model, head: { type: "Q8_0", stored: "F16" } };
    const requantised = reportOf({ ...subject, model }, questions, [runOf(autoregressive, usual)], null);
    expect(shortForm(requantised)).toContain("context-causal, I2_S with a Q8_0 head, 5.0 M parameters");
    expect(shortForm(report)).toContain("context-causal, I2_S, 5.0 M parameters");
  });

  it("takes the turns' time when answers overlapped, which says nothing of the long ones", () => {
    const together = reportOf({ ...subject, concurrency: 4 }, questions, [runOf(autoregressive, usual)], null);
    expect(together.results[0].speed.tokensPerSecond).toBeCloseTo(30 / 0.09);
    expect(together.results[0].longSpeed.tokensPerSecond).toBeNull();
    expect(shortForm(together)).toContain("4 questions at a time");
  });

  it("compares answers with the autoregressive ones, question by question", () => {
    const texts = (...all: string[]) => all.map((text, i) => outcome(questions[i].task, true, { text }));
    const runs = [
      runOf(verified, texts("x", "y", "z")),
      runOf(autoregressive, texts("x", "y", "z")),
      runOf(adaptive, texts("x", "z", "y")),
    ];
    const same = reportOf(subject, questions, runs, null).results.map((result) => result.sameAsAutoregressive!.correct);
    expect(same).toEqual([3, 3, 1]);
    const [alone] = reportOf(subject, questions, runs.slice(2), null).results;
    expect(alone.sameAsAutoregressive).toBeNull();
    expect(alone.speed.timesAutoregressive).toBeNull();
  });

  it("counts questions that are asked twice", () => {
    const repeated = reportOf(
      subject,
      [questions[0], questions[0], questions[2]],
      [runOf(autoregressive, usual)],
      null,
    );
    expect(repeated.tasks).toEqual([
      { task: "a|b", n: 2, different: 1 },
      { task: "chat", n: 1, different: 1 },
    ]);
    expect(shortForm(repeated)).toContain("too narrow: a|b 1 of 2.");
    expect(shortForm(report)).not.toContain("too narrow");
  });

  it("survives as JSON", () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report.results.at(-1)).toMatchObject({ mode: "greedy", smallBlockSize: 32, threshold: null });
  });
});

describe("the short form", () => {
  const [accuracy, speed] = tables(shortForm(report));
  const main = ["autoregressive", "verified", "adaptive 0.9, sub-blocks of 8", "greedy, whole block"];

  it("has tasks over the main methods, each with its n, and the interval of all", () => {
    expect(accuracy[0]).toEqual(["right, %", "n", ...main]);
    expect(accuracy.slice(2)).toEqual([
      ["a\\|b", "2", "50.0", "50.0", "50.0", "50.0"],
      ["chat", "1", "100.0", "100.0", "100.0", "100.0"],
      ["**all**", "3", ...new Array(4).fill("66.7 (20.8-93.9)")],
    ]);
  });

  it("has the main methods' speeds", () => {
    expect(speed.slice(2).map(([name]) => name)).toEqual(main);
    expect(speed[2].slice(1)).toEqual(["2.50", "6.4", "400", "1.00", "0", "-", "-", "100.0"]);
  });

  it("says what was measured, where, and no date", () => {
    const text = shortForm(report);
    const facts = [
      "`tiny.gguf`",
      "abababab",
      "`q.jsonl`",
      "cdcdcdcd",
      "Some CPU, 2 threads, native avx2",
      "256",
      "3 q",
    ];
    for (const fact of facts) expect(text).toContain(fact);
    expect(text).not.toContain("DualCache");
    expect(shortForm({ ...report, dualCache: false })).toContain("without DualCache");
    expect(shortForm({ ...report, dualCache: true })).toContain("DualCache as published");
    expect(text).not.toMatch(/20\d\d-\d\d/);
  });

  it("calls all of them 100.0, and nothing less", () => {
    const many = Array.from({ length: 5000 }, (_, i) => asked("t", String(i), ""));
    const outcomes = many.map((_, i) => outcome("t", i > 0));
    const [table] = tables(shortForm(reportOf(subject, many, [runOf(autoregressive, outcomes)], null)));
    expect(table[2][2]).toBe("99.9");
    expect(table[3][2]).toMatch(/^99\.9 \(/);
  });
});

describe("the full form", () => {
  const story = { parses: true, consistent: true, complete: false };
  const all: Question[] = [
    generated("arithmetic", "+ 1,1 digits, carry 0", "2", { carries: 0 }),
    generated("arithmetic", "- 2,1 digits, carry 1", "8", { carries: 1 }),
    generated("outside", "question", refusal),
    generated("stories", "story", "One day a fox ran. One day a fox ran.", { story: { animal: "fox" } }),
    ...["b", "c", "d", "e"].map((task) => asked(task, "?", "x")),
  ];
  const outcomes = all.map(({ task }) => outcome(task, true, task === "stories" ? { story, text: "a b a b" } : {}));
  outcomes[2] = outcome("outside", true, { text: refusal });
  const full = reportOf(
    subject,
    all,
    methods.map((method) => runOf(method, outcomes)),
    refusal,
  );
  const text = fullForm(full, "images/quality.svg");

  it("has all sections, and only those there is something to say about", () => {
    const headings = (form: string) => [...form.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
    expect(headings(text)).toEqual([
      "Right answers",
      "Speed",
      "Arithmetic by carry chain",
      "What it does not know",
      "Stories",
      "Ten answers",
    ]);
    expect(headings(fullForm(report))).toEqual(["Right answers", "Speed", "Ten answers"]);
    expect(text).toContain("](images/quality.svg)");
    expect(fullForm(report)).not.toContain("![");
  });

  it("has every method with every task, in tables that can be read", () => {
    const [, first, second, speed] = tables(text);
    expect([...first[0].slice(1), ...second[0].slice(1)]).toEqual([
      "arithmetic (n = 2)",
      ...["outside", "stories", "b", "c", "d", "e"].map((task) => `${task} (n = 1)`),
      "all (n = 8)",
    ]);
    for (const table of [first, second, speed]) {
      expect(table.slice(2).map(([name]) => name)).toEqual(methods.map(({ name }) => name));
    }
  });

  it("has chains, refusals and stories with their n", () => {
    const [, , , , carries, refusals, stories] = tables(text);
    expect(carries.slice(2).map((row) => row.slice(0, 3))).toEqual([
      ["all", "2", "100.0 (34.2-100.0)"],
      ["sums, chain of 0", "1", "100.0 (20.7-100.0)"],
      ["differences, chain of 1", "1", "100.0 (20.7-100.0)"],
    ]);
    expect(refusals[0].slice(1).join()).toMatch(/n = 1\).*n = 7\)/);
    expect(refusals[2].slice(1)).toEqual(["100.0 (20.7-100.0)", "0.0 (0.0-35.4)"]);
    expect(stories[2].slice(1)).toEqual([
      ...["100.0 (20.7-100.0)", "100.0 (20.7-100.0)", "0.0 (0.0-79.3)"],
      ...["0.667", "2.0, 2"],
    ]);
    expect(stories.at(-1)).toEqual(["as expected", "", "", "", "0.556", "5.0, 5"]);
  });

  it("says which kinds of questions go wrong, and in which modes", () => {
    const runs = [autoregressive, adaptive].map((method, m) =>
      runOf(
        method,
        all.map(({ task }, i) => outcome(task, i > 1 + m)),
      ),
    );
    const form = fullForm(reportOf(subject, all, runs, null));
    const table = tables(form.slice(form.indexOf("### Where mistakes are")))[0];
    expect(
      table.slice(2).map(([kind, n, ...shares]) => [kind, n, ...shares.map((share) => share.split(" ")[0])]),
    ).toEqual([
      ["arithmetic: + 1,1 digits, carry 0", "1", "0.0", "0.0"],
      ["arithmetic: - 2,1 digits, carry 1", "1", "0.0", "0.0"],
    ]); // of autoregressive: "outside: question" is wrong in the other only
  });

  it("shows samples as they are, whatever they hold", () => {
    const question = asked("chat", "Say\n```", "a```b");
    question.messages.unshift({ role: "system", content: "Be brief." });
    const answers = ["a```b", "one\ntwo", ""].map((text) => [outcome("chat", text === "a```b", { text })]);
    const runs = [autoregressive, adaptive, greedy].map((method, i) => runOf(method, answers[i]));
    const shown = fullForm(reportOf(subject, [question], runs, null));
    expect(shown).toContain(
      "````text\nsystem: Be brief.\n> Say\n  ```\n= a```b\nautoregressive: the same\n" +
        "adaptive 0.9, sub-blocks of 8 (wrong): one\n  two\n````",
    );
    expect(shown).not.toContain("greedy, whole block (wrong)");
  });
});

describe("the picture", () => {
  const some = (method: Method, right: number, tokens: number) =>
    runOf(
      method,
      Array.from({ length: 100 }, (_, i) => outcome("t", i < right, { tokens, forwards: 10 })),
    );
  const hundred = Array.from({ length: 100 }, (_, i) => asked("t", String(i), ""));
  const results = (...runs: ReturnType<typeof some>[]) => reportOf(subject, hundred, runs, null).results;

  it("has a point for each method inside of its frame, the better ones above, the faster ones to the right", () => {
    const grid = methodsFor(info, { modes: ["iterative"], thresholds: [0.9, 0.5], smallBlockSizes: [8] });
    const svg = pictureOf(results(some(grid[0], 95, 20), some(grid[1], 60, 40), some(greedy, 0, 90)), "T & <t>");
    const titles = [...svg.matchAll(/<g><title>([^<]*)<\/title>/g)].map(([, title]) => title);
    expect(titles).toEqual([
      "iterative 0.9, sub-blocks of 8: 95.0 % of 100, 2.00 tokens per forward",
      "iterative 0.5, sub-blocks of 8: 60.0 % of 100, 4.00 tokens per forward",
      "greedy, whole block: 0.0 % of 100, 9.00 tokens per forward",
    ]);
    const [points] = [...svg.matchAll(/points="([^"]*)"/g)].map(([, list]) =>
      list.split(" ").map((pair) => pair.split(",").map(Number)),
    );
    expect(points).toHaveLength(2);
    expect(points[1][0]).toBeGreaterThan(points[0][0]);
    expect(points[1][1]).toBeGreaterThan(points[0][1]);
    expect(svg).toContain("T &#38; &#60;t&#62;");
    expect(svg).toContain("prefers-color-scheme: dark");
  });

  it("has places for everything right, for everything wrong and for a single method", () => {
    for (const runs of [
      [some(autoregressive, 100, 10)],
      [some(autoregressive, 0, 10)],
      methods.map((m) => some(m, 100, 10)),
    ]) {
      const svg = pictureOf(results(...runs), "T");
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      const heights = [...svg.matchAll(/ y[12]?="([\d.-]+)"/g)].map(([, y]) => Number(y));
      expect(Math.min(...heights)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...heights)).toBeLessThanOrEqual(480);
    }
  });
});
