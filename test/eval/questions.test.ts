// Questions of both forms, what is wrong with a file, and which questions are taken.

import { describe, expect, it } from "vitest";
import { exactly, parseQuestions, type Question, selectQuestions } from "../../src/eval/questions.js";
import { asked } from "./examples.js";

const old = { task: "arith", question: "1+1?", answer: "2" };
const conversation = {
  task: "follow-ups",
  kind: "list",
  messages: [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Sort 3, 1." },
    { role: "assistant", content: "1, 3." },
    { role: "user", content: "And the other way?" },
    { role: "assistant", content: "3, 1." },
  ],
  check: { number: 1, carries: 0, story: { animal: "fox" } },
};
const lines = (...values: unknown[]) => values.map((value) => JSON.stringify(value)).join("\n");

describe("questions", () => {
  it("may be single ones, blank lines left out", () => {
    const text = `${lines(old)}\n\r\n${lines({ ...old, task: "chat", more: 1 })}\n`;
    expect(parseQuestions(text, "q.jsonl")).toEqual([asked("arith", "1+1?", "2"), asked("chat", "1+1?", "2")]);
  });

  it("may be conversations, asked with all that was said before", () => {
    const [question] = parseQuestions(lines(conversation), "q.jsonl");
    expect(question).toEqual({
      task: "follow-ups",
      kind: "list",
      messages: conversation.messages.slice(0, 4),
      answer: "3, 1.",
      check: conversation.check,
    });
    expect(parseQuestions(lines({ ...conversation, check: undefined }), "q.jsonl")[0].check).toEqual({});
  });

  it("may be mixed in a file", () => {
    expect(parseQuestions(lines(old, conversation), "q.jsonl").map(({ kind }) => kind)).toEqual([null, "list"]);
  });

  const said = (...roles: string[]) => roles.map((role) => ({ role, content: "x" }));
  it.each([
    ["not json", "invalid_json", /^q\.jsonl:2: not JSON/],
    ["null", "invalid_request", /^q\.jsonl:2: the line/],
    ["[]", "invalid_request", /^q\.jsonl:2/],
    [{ task: "a", question: "b" }, "invalid_request", /^q\.jsonl:2: answer: /],
    [{ task: "a", question: "b", answer: 4 }, "invalid_request", /^q\.jsonl:2: answer: /],
    [{ task: "text", text: "a book" }, "invalid_request", /^q\.jsonl:2: question: /],
    [{ ...conversation, kind: undefined }, "invalid_request", /^q\.jsonl:2: kind: /],
    [{ ...conversation, task: 3 }, "invalid_request", /^q\.jsonl:2: task: /],
    [{ ...conversation, messages: [] }, "invalid_request", /^q\.jsonl:2: messages: the last message/],
    [{ ...conversation, messages: said("assistant") }, "invalid_request", /:2: messages: the message before the last/],
    [{ ...conversation, messages: said("user", "assistant", "user") }, "invalid_request", /:2: messages: the last/],
    [{ ...conversation, messages: said("robot", "user", "assistant") }, "invalid_request", /:2: messages\.0\.role: /],
    [{ ...conversation, check: { number: "7" } }, "invalid_request", /^q\.jsonl:2: check\.number: /],
    [{ ...conversation, check: { carries: -1 } }, "invalid_request", /^q\.jsonl:2: check\.carries: /],
  ])("that are wrong are named by line: %j", (line, code, message) => {
    const text = `${lines(old)}\n${typeof line === "string" ? line : lines(line)}\n`;
    try {
      parseQuestions(text, "q.jsonl");
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    }
  });

  it("must be some", () => {
    expect(() => parseQuestions("\n \n", "q.jsonl")).toThrow(/q\.jsonl holds no questions/);
  });

  it("are right to the letter where nobody says otherwise", () => {
    const question = asked("arith", "1+1?", "2");
    expect(exactly(question, "2")).toEqual({ ok: true, reason: null });
    for (const answer of ["2 ", "2.", "", "It is 2"]) {
      expect(exactly(question, answer)).toEqual({ ok: false, reason: 'expected "2"' });
    }
  });
});

describe("a selection", () => {
  const all: Question[] = ["a", "b", "a", "a", "c", "b"].map((task, i) => asked(task, String(i), ""));
  const everything = { tasks: [], perTask: Number.POSITIVE_INFINITY, limit: Number.POSITIVE_INFINITY };
  const taken = (choice: Partial<typeof everything>) =>
    selectQuestions(all, { ...everything, ...choice })
      .map(({ messages }) => messages[0].content)
      .join("");

  it("is of tasks, of the first of each, and then of the first of all", () => {
    expect(taken({})).toBe("012345");
    expect(taken({ perTask: 1 })).toBe("014");
    expect(taken({ perTask: 2 })).toBe("01245");
    expect(taken({ perTask: 2, limit: 3 })).toBe("012");
    expect(selectQuestions(all, { ...everything, tasks: ["b", "c"], perTask: 1 }).map(({ task }) => task)).toEqual([
      "b",
      "c",
    ]);
  });

  it("names the tasks there are when one is unknown", () => {
    expect(() => selectQuestions(all, { ...everything, tasks: ["a", "story"] })).toThrow(/"story".*a, b, c/);
  });
});
