// How questions are asked: in turns, with their history, timed alike for every method.

import { describe, expect, it } from "vitest";
import type { ChatMessage } from "../../src/engine/types.js";
import { methodsFor } from "../../src/eval/methods.js";
import { exactly, type Question } from "../../src/eval/questions.js";
import { runInTurns } from "../../src/eval/runner.js";
import { UnmaskError } from "../../src/util/errors.js";
import { asked } from "./examples.js";
import { info, ScriptedModel } from "./scripted-model.js";

const questions = [asked("arith", "1+1?", "2"), asked("arith", "2+2?", "4"), asked("chat", "Hi", "Hello.")];
const [autoregressive, verified, greedy] = methodsFor(info, { modes: ["autoregressive", "verified", "greedy"] });
const options = { judge: exactly, concurrency: 1 };
const numbered = (count: number): Question[] =>
  Array.from({ length: count }, (_, i) => asked(`task ${i}`, String(i), String(i)));

describe("runs", () => {
  it("count an answer as it is judged, and what it cost", async () => {
    const model = new ScriptedModel();
    model.answer = (question) => ({ "1+1?": "2", "2+2?": "4 ", Hi: "Hello." })[question] ?? "";
    const [{ outcomes }] = await runInTurns(model.asModel(), questions, [autoregressive], options);
    expect(outcomes.map(({ task, ok, text }) => [task, ok, text])).toEqual([
      ["arith", true, "2"],
      ["arith", false, "4 "],
      ["chat", true, "Hello."],
    ]);
    expect(outcomes[0]).toMatchObject({ ended: "stop", tokens: 2, forwards: 2, rows: 64, decodeMs: 20, reason: null });
    expect(outcomes[0].wallMs).toBeGreaterThan(0);
    expect(outcomes[1].reason).toBe('expected "4"');
  });

  it("hand the question to the judge, and keep what it says of stories", async () => {
    const story = { parses: true, consistent: false, complete: true };
    const judge = (question: Question, answer: string) => ({ ok: false, reason: question.answer + answer, story });
    const model = new ScriptedModel();
    model.answer = () => "!";
    const [{ outcomes }] = await runInTurns(model.asModel(), questions, [greedy], { ...options, judge });
    expect(outcomes.map(({ reason }) => reason)).toEqual(["2!", "4!", "Hello.!"]);
    expect(outcomes[2].story).toEqual(story);
  });

  it("ask a conversation with its whole history", async () => {
    const messages: ChatMessage[] = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Call me Ann." },
      { role: "assistant", content: "Hello, Ann." },
      { role: "user", content: "What is my name?" },
    ];
    const model = new ScriptedModel();
    await runInTurns(model.asModel(), [{ ...questions[0], messages }], [autoregressive], options);
    expect(model.asked[0].messages).toEqual(messages);
  });

  it("warm every method up, then let them take turns of 16 questions, each first in its round", async () => {
    const model = new ScriptedModel();
    const progress: number[] = [];
    const methods = [autoregressive, verified, greedy];
    const onAnswer = (done: number, total: number) => progress.push(done / total);
    await runInTurns(model.asModel(), numbered(40), methods, { ...options, onAnswer });
    const order = model.asked.map(({ question, options }) => `${options.decodeMode![0]}${question}`);
    expect(order.slice(0, 3)).toEqual(["a0", "v0", "g0"]);
    const turn = (mode: string, from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => `${mode}${from + i}`);
    expect(order.slice(3)).toEqual([
      ...["a", "v", "g"].flatMap((mode) => turn(mode, 0, 16)),
      ...["v", "g", "a"].flatMap((mode) => turn(mode, 16, 32)),
      ...["g", "a", "v"].flatMap((mode) => turn(mode, 32, 40)),
    ]);
    expect(model.mostInFlight).toBe(1);
    expect(progress).toEqual(Array.from({ length: 120 }, (_, i) => (i + 1) / 120));
  });

  it("keep outcomes in the order of the questions when several are in flight", async () => {
    const model = new ScriptedModel();
    model.answer = (question) => question;
    const many = numbered(70);
    const runs = await runInTurns(model.asModel(), many, [verified, greedy], { ...options, concurrency: 4 });
    expect(model.mostInFlight).toBe(4);
    for (const { outcomes } of runs) {
      expect(outcomes.map(({ task }) => task)).toEqual(many.map(({ task }) => task));
      expect(outcomes.every(({ ok }) => ok)).toBe(true);
    }
  });

  it("end with the first error and ask no more", async () => {
    const model = new ScriptedModel();
    model.answer = (question) => (question === "2" ? new Error("broken") : "");
    const run = runInTurns(model.asModel(), numbered(150), [autoregressive], { ...options, concurrency: 2 });
    await expect(run).rejects.toThrow("broken");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(model.asked.length).toBeLessThan(7);
  });

  it("name the question that does not fit the context", async () => {
    const model = new ScriptedModel();
    const error = new UnmaskError("context_length_exceeded", "The prompt has 600 tokens.", { param: "messages" });
    model.answer = () => error;
    await expect(runInTurns(model.asModel(), questions, [autoregressive], options)).rejects.toMatchObject({
      code: "context_length_exceeded",
      message: expect.stringMatching(/"1\+1\?".*600/),
    });
  });
});
