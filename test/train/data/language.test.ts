// The texts are well formed, and an answer is a function of what was said before it.

import { describe, expect, test } from "vitest";
import { taskNames } from "../../../src/train/data/task-names.js";
import { relations } from "../../../src/train/data/tasks/facts.js";
import { unknown } from "../../../src/train/data/tasks/outside.js";
import { sayings } from "../../../src/train/data/tasks/small-talk.js";
import { fillers, unknownSubjects } from "../../../src/train/data/words/outside.js";
import { templates } from "../../../src/train/data/words/outside-questions.js";
import { generate, lastTurn, same } from "./helpers.js";

const perTask = 3000;
const all = taskNames.flatMap((name) => generate(name, perTask));
const isStory = (text: string) => /^(Once upon a time|\w+ was a \w+ \w+\. (He|She|His|Her) )/.test(text);

test("the same conversation always gets the same answer, except for stories", () => {
  const answers = new Map<string, string>();
  for (const { messages } of all) {
    for (const [i, { role, content }] of messages.entries()) {
      if (role !== "assistant" || isStory(content)) continue;
      const before = messages.slice(0, i).map((message) => `${message.role}: ${message.content}`);
      const prompt = before.join("\n").toLowerCase();
      same(answers.get(prompt) ?? content, content, prompt);
      answers.set(prompt, content);
    }
  }
  expect(answers.size).toBeGreaterThan(15_000);
});

test("no slot is left open, no value is missing, articles fit", () => {
  const faults = [
    /[{}]|undefined|NaN|null|Infinity/,
    /^ | $/,
    /\b[Aa] (?:[aeio][a-z]|hour)/,
    /\b[Aa]n (?![aeiou]|hour)\w/i,
    /\b1 [a-z]+s (?:more|left|each|and|in|on|are)\b/,
  ];
  const faulty = all.flatMap(({ messages }) =>
    messages
      .map(({ content }) => content.replace(/\bletter a\b|\boften (is|does) a\b|\b(after|before) a\b/gi, "it"))
      .filter((content) => faults.some((fault) => fault.test(content))),
  );
  expect([...new Set(faulty)]).toEqual([]);
});

test("answers begin with a capital, unless they begin with an item, a letter or a number", () => {
  const plain = new Set(["lists", "spelling", "follow-ups", "facts"]);
  const small = all.filter((example) => /^[a-z]/.test(lastTurn(example).answer) && !plain.has(example.task));
  expect(small.map((example) => lastTurn(example).answer)).toEqual([]);
  const facts = all.filter(({ task }) => task === "facts").map((example) => lastTurn(example).answer);
  expect(facts.filter((answer) => /^[a-z]/.test(answer))).toEqual([]);
});

test("conversations begin with the user or one system message, and take turns", () => {
  for (const { messages } of all) {
    const roles = messages.map(({ role }) => role);
    const turns = roles[0] === "system" ? roles.slice(1) : roles;
    const wanted = turns.map((_, i) => (i % 2 === 0 ? "user" : "assistant"));
    same([turns, turns.at(-1)], [wanted, "assistant"], JSON.stringify(messages));
  }
});

test.each(["arithmetic", "dates", "lists", "word-problems"])("%s asks in many ways", (name) => {
  const forms = new Map<string, Set<string>>();
  for (const example of generate(name, 8000)) {
    const kind = example.kind.split(/ \d/)[0];
    const form = lastTurn(example)
      .question.replace(/(: |sort |reverse |in |of )[\w, ]+(?=[.?]|$)/i, "$1L")
      .replace(/\d+/g, "#")
      .replace(/\b\w+day\b/gi, "D")
      .replace(/(\w+, )+\w+/g, "L");
    forms.set(kind, (forms.get(kind) ?? new Set()).add(form.toLowerCase()));
  }
  const few = [...forms]
    .filter(([kind, each]) => each.size < 8 && !/^(by zero|in words|twice and half)$/.test(kind))
    .map(([kind]) => kind);
  expect(few).toEqual([]);
});

describe("small talk", () => {
  test("says one thing to each saying", () => {
    const forms = sayings().flatMap(({ forms }) => forms.map((form) => form.toLowerCase()));
    expect(forms.filter((form, i) => forms.indexOf(form) !== i)).toEqual([]);
    expect(sayings().filter(({ forms }) => forms.length < 6)).toEqual([]);
  });

  test("tells what the model is", () => {
    const answers = sayings().map(({ answer }) => answer);
    expect(answers.join("\n")).toMatch(/unmask's default model/);
    expect(answers.join("\n")).toMatch(/cannot browse the web/);
  });
});

describe("what is outside", () => {
  test("gets one answer", () => {
    const answers = generate("outside", 2000).map((example) => lastTurn(example).answer);
    expect([...new Set(answers)]).toEqual([unknown]);
  });

  test("asks about subjects that have no fact", () => {
    const known = new Map(relations().map((relation) => [relation.name, relation]));
    for (const [name, subjects] of Object.entries(unknownSubjects)) {
      const facts = new Set(known.get(name)?.facts.map(([subject]) => subject.toLowerCase()));
      expect(facts.size, name).toBeGreaterThan(0);
      expect(
        subjects.filter((subject) => facts.has(subject.toLowerCase())),
        name,
      ).toEqual([]);
    }
  });

  test("has questions of great variety, each once, with slots that exist", () => {
    expect(templates.length).toBeGreaterThan(300);
    expect(new Set(templates).size).toBe(templates.length);
    for (const template of templates) {
      for (const [, slot] of template.matchAll(/\{(\w+)\}/g))
        expect(fillers[slot]?.length, template).toBeGreaterThan(9);
    }
  });

  test("is not what small talk answers", () => {
    const said = new Set(sayings().flatMap(({ forms }) => forms.map((form) => form.toLowerCase())));
    expect(templates.filter((template) => said.has(template.toLowerCase()))).toEqual([]);
  });
});
