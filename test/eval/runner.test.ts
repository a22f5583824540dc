// Which ways of decoding are compared, how questions are asked and how answers are judged.

import { describe, expect, it } from "vitest";
import { methodsFor, optionsOf } from "../../src/eval/methods.js";
import { parseQuestions, selectQuestions } from "../../src/eval/questions.js";
import { runMethod } from "../../src/eval/runner.js";
import { UnmaskError } from "../../src/util/errors.js";
import { info, ScriptedModel } from "./scripted-model.js";

const questions = [
  { task: "arith", question: "1+1?", answer: "2" },
  { task: "arith", question: "2+2?", answer: "4" },
  { task: "chat", question: "Hi", answer: "Hello." },
];
const [autoregressive] = methodsFor(info, { modes: ["autoregressive"] });

describe("methods", () => {
  it("are every mode with its usual thresholds and sub-blocks", () => {
    expect(methodsFor(info, {}).map(({ name }) => name)).toEqual([
      "autoregressive",
      "verified",
      "iterative 0.95, whole block",
      "iterative 0.9, whole block",
      "iterative 0.7, whole block",
      "iterative 0.5, whole block",
      "iterative 0.95, sub-blocks of 8",
      "iterative 0.9, sub-blocks of 8",
      "iterative 0.7, sub-blocks of 8",
      "iterative 0.5, sub-blocks of 8",
      "adaptive 0.9, whole block",
      "adaptive 0.9, sub-blocks of 8",
      "greedy, whole block",
    ]);
  });

  it("pass on only what a mode uses, and nothing random", () => {
    const options = Object.fromEntries(methodsFor(info, {}).map((method) => [method.name, optionsOf(method)]));
    expect(options.verified).toEqual({ decodeMode: "verified", temperature: 0, seed: 0 });
    expect(options["greedy, whole block"]).toEqual({
      decodeMode: "greedy",
      temperature: 0,
      seed: 0,
      smallBlockSize: 32,
    });
    expect(options["iterative 0.7, sub-blocks of 8"]).toMatchObject({ threshold: 0.7, smallBlockSize: 8 });
    expect(options["adaptive 0.9, whole block"]).toMatchObject({ threshold: 0.9, smallBlockSize: 32 });
  });

  it("are those that were chosen", () => {
    const chosen = methodsFor(info, { modes: ["adaptive", "iterative"], thresholds: [0.8] });
    expect(chosen.map(({ mode, threshold, smallBlockSize }) => [mode, threshold, smallBlockSize])).toEqual([
      ["iterative", 0.8, 32],
      ["iterative", 0.8, 8],
      ["adaptive", 0.8, 32],
      ["adaptive", 0.8, 8],
    ]);
  });

  it("are those that the model can run", () => {
    const causal = { decodeModes: ["autoregressive" as const], blockLength: null };
    expect(methodsFor(causal, {})).toHaveLength(1);
    expect(() => methodsFor(causal, { modes: ["verified"] })).toThrow(/cannot decode in the mode "verified"/);
    const short = { ...info, blockLength: 4 };
    expect(methodsFor(short, { modes: ["adaptive"] }).map(({ smallBlockSize }) => smallBlockSize)).toEqual([4]);
  });
});

describe("questions", () => {
  it("are JSON lines, blank ones left out", () => {
    const text = `${questions.map((each) => JSON.stringify({ ...each, more: 1 })).join("\n\r\n")}\n`;
    expect(parseQuestions(text, "q.jsonl")).toEqual(questions);
  });

  it.each([
    ["not json", "invalid_json", "q.jsonl:2"],
    ['{"task":"a","question":"b"}', "invalid_request", "q.jsonl:2"],
    ['{"task":"a","question":"b","answer":4}', "invalid_request", "q.jsonl:2"],
    ["null", "invalid_request", "q.jsonl:2"],
  ])("that are wrong are named by line: %s", (line, code, where) => {
    try {
      parseQuestions(`${JSON.stringify(questions[0])}\n${line}\n`, "q.jsonl");
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code });
      expect((error as Error).message).toContain(where);
    }
    expect(() => parseQuestions("\n", "q.jsonl")).toThrow(/no questions/);
  });

  it("are taken by task and number", () => {
    expect(selectQuestions(questions, ["chat"], Number.POSITIVE_INFINITY)).toEqual([questions[2]]);
    expect(selectQuestions(questions, [], 2)).toEqual(questions.slice(0, 2));
    expect(selectQuestions(questions, ["chat", "arith"], 2)).toEqual(questions.slice(0, 2));
    expect(() => selectQuestions(questions, ["story"], 5)).toThrow(/"story".*arith, chat/);
  });
});

describe("runs", () => {
  it("count an answer only when it is exactly right", async () => {
    const model = new ScriptedModel();
    model.answer = (question) => ({ "1+1?": "2", "2+2?": "4 ", Hi: "Hello." })[question] ?? "";
    const { outcomes } = await runMethod(model.asModel(), questions, autoregressive, { concurrency: 1 });
    expect(outcomes.map(({ task, correct }) => [task, correct])).toEqual([
      ["arith", true],
      ["arith", false],
      ["chat", true],
    ]);
    expect(outcomes[0]).toEqual({ task: "arith", correct: true, tokens: 2, forwards: 2, rows: 64, decodeMs: 20 });
  });

  it("ask one question at a time, in order, the first once more to warm up", async () => {
    const model = new ScriptedModel();
    const answered: number[] = [];
    await runMethod(model.asModel(), questions, autoregressive, {
      concurrency: 1,
      onAnswer: (_, n, of) => answered.push(n / of),
    });
    expect(model.asked.map(({ question }) => question)).toEqual(["1+1?", "1+1?", "2+2?", "Hi"]);
    expect(model.mostInFlight).toBe(1);
    expect(answered).toEqual([1 / 3, 2 / 3, 1]);
  });

  it("keep outcomes in the order of the questions when several are in flight", async () => {
    const many = Array.from({ length: 20 }, (_, i) => ({ task: String(i), question: String(i), answer: String(i) }));
    const model = new ScriptedModel();
    model.answer = (question) => question;
    const { outcomes } = await runMethod(model.asModel(), many, autoregressive, { concurrency: 4 });
    expect(model.mostInFlight).toBe(4);
    expect(outcomes.map(({ task }) => task)).toEqual(many.map(({ task }) => task));
    expect(outcomes.every(({ correct }) => correct)).toBe(true);
  });

  it("end with the first error and ask no more", async () => {
    const model = new ScriptedModel();
    model.answer = (question) => (question === "2+2?" ? new Error("broken") : "");
    const many = Array.from({ length: 50 }, () => questions).flat();
    await expect(runMethod(model.asModel(), many, autoregressive, { concurrency: 2 })).rejects.toThrow("broken");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(model.asked.length).toBeLessThan(6);
  });

  it("name the question that does not fit the context", async () => {
    const model = new ScriptedModel();
    model.answer = () =>
      new UnmaskError("context_length_exceeded", "The prompt has 600 tokens.", { param: "messages" });
    const run = runMethod(model.asModel(), questions, autoregressive, { concurrency: 1 });
    await expect(run).rejects.toMatchObject({
      code: "context_length_exceeded",
      message: expect.stringMatching(/"1\+1\?".*600/),
    });
  });
});
