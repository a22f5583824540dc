// GSM8K: prompts, both filters, scores, and the command.

import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { parseProblems, promptOf, shotsOf, stops } from "../../src/eval/gsm8k/problems.js";
import { attempt, gsm8kReport } from "../../src/eval/gsm8k/run.js";
import { extract, filters, isRight } from "../../src/eval/gsm8k/scores.js";
import { gsm8kTable } from "../../src/eval/gsm8k/table.js";
import { ScriptedModel } from "./scripted-model.js";

const problem = (n: number) => ({ question: `What is ${n} + ${n}?`, answer: `It is ${2 * n}.\n#### ${2 * n}` });
const lines = (...values: unknown[]) => values.map((value) => JSON.stringify(value)).join("\n");

describe("problems", () => {
  it("are JSON lines as GSM8K's", () => {
    expect(parseProblems(`${lines(problem(1), { ...problem(2), more: 1 })}\n`, "test.jsonl")).toEqual([
      problem(1),
      problem(2),
    ]);
    const odd = { question: "?", answer: "#### -1,000" };
    expect(parseProblems(lines(odd), "test.jsonl")).toEqual([odd]);
  });

  it.each([
    ["{", "invalid_json", /^test\.jsonl:2: not JSON/],
    [{ question: "?", answer: "18" }, "invalid_request", /^test\.jsonl:2: answer: .*"#### " and its number/],
    [{ question: "?", answer: "#### none" }, "invalid_request", /:2: answer: /],
    [{ question: "", answer: "#### 1" }, "invalid_request", /:2: question: /],
    [{ question: "?" }, "invalid_request", /:2: answer: /],
    [{ task: "a", kind: "b", messages: [] }, "invalid_request", /:2: question: .*as in the JSONL files of GSM8K/],
  ])("that are wrong are named by line: %j", (line, code, message) => {
    const text = `${lines(problem(1))}\n${typeof line === "string" ? line : lines(line)}`;
    expect(() => parseProblems(text, "test.jsonl")).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it("are shown in the order of the file, if there are enough", () => {
    const all = [1, 2, 3].map(problem);
    expect(shotsOf(all, 2, "train.jsonl")).toEqual(all.slice(0, 2));
    expect(() => shotsOf(all, 5, "train.jsonl")).toThrow(/train\.jsonl has 3 problems, and 5 .*--shots/);
  });

  it("are asked behind their examples, as one text or as a conversation", () => {
    const shots = [problem(1), problem(2)];
    expect(promptOf(problem(9), shots, false)).toEqual({
      prompt:
        "Question: What is 1 + 1?\nAnswer: It is 2.\n#### 2\n\n" +
        "Question: What is 2 + 2?\nAnswer: It is 4.\n#### 4\n\n" +
        "Question: What is 9 + 9?\nAnswer:",
    });
    expect(promptOf(problem(9), [], false)).toEqual({ prompt: "Question: What is 9 + 9?\nAnswer:" });
    expect(promptOf(problem(9), shots.slice(0, 1), true)).toEqual({
      messages: [
        { role: "user", content: "Question: What is 1 + 1?\nAnswer:" },
        { role: "assistant", content: "It is 2.\n#### 2" },
        { role: "user", content: "Question: What is 9 + 9?\nAnswer:" },
      ],
    });
  });
});

describe("the filters", () => {
  it.each([
    // answer, strict, flexible
    ["He earns $18.\n#### 18", "18", "18"],
    ["The answer is 18.", "[invalid]", "18."],
    ["#### $18", "[invalid]", "$18"], // a dollar sign is no number to the strict one
    ["####18", "[invalid]", "18"],
    ["#### 1,234. Next: #### 5", "1,234.", "5"], // the first of one, the last of the other
    ["It is 3 ...", "[invalid]", "..."], // which is no number at all
    ["5-3", "[invalid]", "-3"],
    ["no number", "[invalid]", "[invalid]"],
  ])("of %j", (text, strict, flexible) => {
    expect([extract("strict-match", text), extract("flexible-extract", text)]).toEqual([strict, flexible]);
  });

  it.each([
    ["18", "#### 18", true],
    ["18.", "#### 18", true],
    ["$18", "#### 18", true],
    ["1,234", "#### 1234", true],
    ["1234", "#### 1,234", true],
    ["18.00", "#### 18", false],
    ["[invalid]", "#### 18", false],
    ["..", "#### 18", false],
    ["18", "3 + 15 = 18\n#### 19", false], // only what is behind the mark is the answer
  ])("%j for %j: %j", (found, answer, right) => {
    expect(isRight(found, `The working.\n${answer}`)).toBe(right);
  });

  const cases: { text: string; answer: string; found: string[]; right: boolean[] }[] = JSON.parse(
    readFileSync("test/fixtures/eval/gsm8k-scores.json", "utf8"),
  );

  test("agree with Python's expressions on hundreds of answers", () => {
    expect(cases.length).toBeGreaterThan(300);
    for (const { text, answer, found, right } of cases) {
      const extracted = filters.map((filter) => extract(filter, text));
      expect({ text, found: extracted }).toEqual({ text, found });
      expect({ text, answer, right: extracted.map((each) => isRight(each, answer)) }).toEqual({ text, answer, right });
    }
  });
});

describe("a run", () => {
  const subject = {
    model: {
      name: "tiny.gguf",
      sha256: "ab".repeat(32),
      bytes: 1,
      parameters: 5_000_000,
      weightType: "I2_S",
      head: { type: "F16", stored: "F16" },
      architecture: "qwen2",
      attention: "block-causal",
    },
    machine: { cpu: "Some CPU", backend: "native", isa: "avx2", threads: 2 },
    questions: { name: "test.jsonl", sha256: "cd".repeat(32) },
    maxTokens: 256,
    dualCache: "shifted" as const,
    concurrency: 1,
  };
  const problems = [1, 2, 3, 4].map(problem);
  const options = { shots: [problem(7)], chat: false, concurrency: 2 };

  it("scores with both filters and reports everything that scores depend on", async () => {
    const model = new ScriptedModel();
    const said = [" It is 2.\n#### 2", " It is 4.", " #### 6 7", " none"];
    model.answer = (prompt) => said[problems.findIndex(({ question }) => prompt.endsWith(`${question}\nAnswer:`))];
    const progress: number[] = [];
    const onAnswer = (done: number) => progress.push(done);
    const attempts = await attempt(model.asModel(), problems, { ...options, onAnswer });
    expect(attempts.attempts.map(({ right }) => Object.values(right))).toEqual([
      [true, true],
      [false, true],
      [true, false],
      [false, false],
    ]);
    expect(progress).toEqual([1, 2, 3, 4]);
    for (const { question, options } of model.asked) {
      expect(question.startsWith("Question: What is 7 + 7?\nAnswer: It is 14.\n#### 14\n\nQuestion: ")).toBe(true);
      expect(options).toMatchObject({ temperature: 0, stop: ["Question:", "</s>", "<|im_end|>"] });
      expect(options.decodeMode).toBeUndefined(); // the model's own
    }
    const report = gsm8kReport(subject, model, attempts, options);
    expect(report).toMatchObject({ n: 4, shots: 1, stops, cutOff: 0, version: "3.0" });
    expect(report.scores).toMatchObject({ "strict-match": { correct: 2 }, "flexible-extract": { correct: 2 } });
    const table = gsm8kTable(report);
    expect(table).toMatch(/^\| strict-match \| 50\.0 \(15\.0-85\.0\) \| 2 \| 4 \|$/m);
    expect(table).toMatch(/^\| flexible-extract \| 50\.0 \(15\.0-85\.0\) \| 2 \| 4 \|$/m);
    for (const fact of [
      "at most 256 tokens",
      "`Question:`",
      "0 were cut off",
      "adaptive, threshold 0.9, blocks of 32 in sub-blocks of 8",
      "the first problem of the training file as example.",
      "`test.jsonl`",
    ]) {
      expect(table).toContain(fact);
    }
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it("says how it decoded in every mode", async () => {
    const model = new ScriptedModel();
    const attempts = await attempt(model.asModel(), problems, { ...options, shots: [], chat: true });
    const text = (decodeMode: "autoregressive" | "verified" | "greedy", blockLength: number | null = 32) => {
      const info = { ...model.info, blockLength, defaults: { ...model.info.defaults, decodeMode } };
      return gsm8kTable(gsm8kReport(subject, { info }, attempts, { shots: [], chat: true }));
    };
    expect(text("verified")).toContain("Temperature 0; verified, drafts of 8.");
    expect(text("greedy")).toContain("greedy, blocks of 32 in sub-blocks of 8.");
    expect(text("autoregressive")).toContain("Temperature 0; autoregressive.");
    expect(text("autoregressive", null)).toContain("Temperature 0; autoregressive.");
    expect(text("greedy")).toContain("no examples, as a conversation under the chat template");
  });
});
