// Answers are judged as the tasks of the training data judge theirs.

import { describe, expect, it } from "vitest";
import { judgement } from "../../src/cli/judge.js";
import { parseQuestions, type Question } from "../../src/eval/questions.js";
import { taskNames } from "../../src/train/data/task-names.js";
import { generate } from "../train/data/helpers.js";

const { judge, refusal } = await judgement();
const questionsOf = (task: string, count: number): Question[] =>
  parseQuestions(
    generate(task, count, "heldout")
      .map((example) => JSON.stringify(example))
      .join("\n"),
    task,
  );

describe("answers", () => {
  it.each([...taskNames])(
    "to %s are right when they are the expected ones, and wrong when they are nothing",
    (task) => {
      for (const question of questionsOf(task, 30)) {
        expect(judge(question, question.answer)).toMatchObject({ ok: true, reason: null });
        expect(judge(question, "")).toMatchObject({ ok: false, reason: expect.any(String) });
      }
    },
  );

  it("to word problems are right by their last number, others to the letter", () => {
    const [problem] = questionsOf("word-problems", 1);
    expect(judge(problem, `I think it is ${problem.check.number}.`).ok).toBe(true);
    expect(judge({ ...problem, check: {} }, `I think it is ${problem.check.number}.`).ok).toBe(false);
    expect(judge({ ...problem, check: {} }, problem.answer).ok).toBe(true);
    const [sum] = questionsOf("arithmetic", 1);
    expect(judge(sum, `I think: ${sum.answer}`).ok).toBe(false);
    expect(judge({ ...sum, task: "my own" }, sum.answer).ok).toBe(true);
  });

  it("to single questions are right to the letter, whatever the task is called", () => {
    for (const task of ["word-problems", "stories"]) {
      const [{ answer }] = questionsOf(task, 1);
      const [single] = parseQuestions(JSON.stringify({ task, question: "?", answer }), "q");
      expect(judge(single, answer)).toEqual({ ok: true, reason: null });
      expect(judge(single, `So ${answer}`).ok).toBe(false);
    }
  });

  it("that refuse are those to questions from outside", () => {
    expect(new Set(questionsOf("outside", 20).map(({ answer }) => answer))).toEqual(new Set([refusal]));
  });
});

describe("stories", () => {
  const story =
    "Once upon a time there was a little fox named Tom. One day he went to the park. There he found a red kite. " +
    "Then he went home. In the evening he was at home with the red kite.";
  const ask = (request: Record<string, string>): Question => ({
    task: "stories",
    kind: "story",
    messages: [{ role: "user", content: "Tell me a story." }],
    answer: "",
    check: { story: request },
  });
  const marks = (text: string, request = {}) => {
    const { ok, story } = judge(ask(request), text);
    return [ok, story?.parses, story?.consistent, story?.complete];
  };

  it("parse, keep their state, and have what was asked for, each told apart", () => {
    expect(marks(story)).toEqual([true, true, true, true]);
    expect(marks(story, { animal: "fox", name: "Tom", object: "kite", color: "red", place: "park" })[0]).toBe(true);
    expect(marks(story, { animal: "owl" })).toEqual([false, true, true, false]);
    expect(marks(story.replace("with the red", "with the blue"))).toEqual([false, true, false, true]);
    expect(marks(story.replace("with the red", "with the blue"), { length: "long" })).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect(marks(story.replace("found", "saw"))).toEqual([false, false, false, false]);
    expect(marks(story.replace("Then he", "Then she").replace("found", "saw"))).toEqual([false, false, false, false]);
    expect(marks(story.slice(0, story.indexOf(" In the evening")))).toEqual([false, false, false, false]);
    expect(marks("")).toEqual([false, false, false, false]);
    expect(marks("Now Tom had the red kite.", { animal: "fox" })).toEqual([false, true, false, false]);
  });
});
