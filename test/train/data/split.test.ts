// What is held out is never trained on, whatever the seeds and the wording.

import { describe, expect, test } from "vitest";
import { splitOf } from "../../../src/train/data/split.js";
import { taskNames } from "../../../src/train/data/task-names.js";
import type { ChatExample } from "../../../src/train/data/types.js";
import { generate, itemsIn, lastTurn, naturals } from "./helpers.js";

const inTraining = taskNames.flatMap((name) => [
  ...generate(name, 3000, "train", 1),
  ...generate(name, 3000, "train", 2),
]);
const heldOut = taskNames.flatMap((name) => generate(name, name === "stories" ? 200 : 600, "heldout", 3));

/** Contents of `read` that training and held-out examples share. */
function shared(read: (example: ChatExample) => string[]): string[] {
  const trained = new Set(inTraining.flatMap(read));
  return [...new Set(heldOut.flatMap(read).filter((content) => trained.has(content)))];
}

/** How much of `read` there is among the held-out examples. */
const found = (read: (example: ChatExample) => string[]) => new Set(heldOut.flatMap(read)).size;

const answersOf = ({ messages }: ChatExample) =>
  messages.filter(({ role }) => role === "assistant").map(({ content }) => content);

/** Unordered operands of every calculation that an answer tells, tables apart. */
function pairs(example: ChatExample): string[] {
  const told = answersOf(example).flatMap((text) => [
    ...text.matchAll(
      /(?<![+*/-] )\b(\d+) ([+*/-]) (\d+) (?:=|equals) (?:(?:\d+ \+ \d+|-\(\d+ - \d+\)), which is )?-?(\d+)\./g,
    ),
  ]);
  return told.flatMap(([, left, operator, right, result]) => {
    const [a, b] = operator === "/" ? [Number(result), Number(right)] : [Number(left), Number(right)];
    const isTable = "+-".includes(operator) ? Math.max(a, b) <= 10 : Math.max(a, b) <= 12 || a * b <= 100;
    return isTable ? [] : [`${Math.min(a, b)} ${Math.max(a, b)}`];
  });
}

describe("training and held-out examples share", () => {
  test("no conversation", () => {
    const read = ({ messages }: ChatExample) => [messages.map(({ content }) => content.toLowerCase()).join("\n")];
    expect(shared(read)).toEqual([]);
  });

  // Single questions: a conversation is held out for one of its turns, and the others may be trained on.
  const single = (task: string, read: (example: ChatExample) => string[]) => (example: ChatExample) =>
    example.task === task ? read(example) : [];

  test("no pair of operands in single calculations, whatever the operation", () => {
    const read = single("arithmetic", (example) => (example.kind === "three addends" ? [] : pairs(example)));
    expect(found(read)).toBeGreaterThan(200);
    expect(shared(read)).toEqual([]);
  });

  test("no compared pair", () => {
    const read = (example: ChatExample) =>
      example.kind === "comparison" && Math.max(...naturals(lastTurn(example).answer)) > 10
        ? [naturals(lastTurn(example).answer).sort().join(" ")]
        : [];
    expect(found(read)).toBeGreaterThan(5);
    expect(shared(read)).toEqual([]);
  });

  test("no list, in any order and for any purpose", () => {
    const read = single("lists", (example) => {
      if (/^count|contains|place/.test(example.kind)) return [];
      const items = [...new Set(itemsIn(lastTurn(example).question))];
      return items.length < 4 ? [] : [items.sort().join(" ")];
    });
    expect(found(read)).toBeGreaterThan(100);
    expect(shared(read)).toEqual([]);
  });

  test("no question about a word", () => {
    const read = single("spelling", (example) => {
      const word = / of (\w+) is|word (\w+) has/.exec(lastTurn(example).answer)?.slice(1).find(Boolean);
      if (word === undefined) return [];
      const letter = /letter (\w) \d/.exec(lastTurn(example).answer)?.[1] ?? "";
      const place = /The (\w+) letter/.exec(lastTurn(example).answer)?.[1] ?? "";
      return [`${example.kind} ${letter} ${place} ${word}`];
    });
    expect(found(read)).toBeGreaterThan(50);
    expect(shared(read)).toEqual([]);
  });

  test("no weekday with a number of days, and no leap year but the centuries", () => {
    const read = single("dates", (example) => {
      const { answer } = lastTurn(example);
      const shift = /\d+ days (after|before) \w+/.exec(answer)?.[0];
      const year = /, (\d+) is/.exec(answer)?.[1];
      return [shift, year?.endsWith("00") ? undefined : year].filter((each) => each !== undefined);
    });
    expect(found(read)).toBeGreaterThan(15);
    expect(shared(read)).toEqual([]);
  });

  test("no story of the same hero with the same things", () => {
    const read = single("stories", ({ messages, check }) => {
      const text = messages[1].content;
      const hero = /named (\w+)|^(\w+) was/.exec(text)?.slice(1).find(Boolean);
      const things = [...text.matchAll(/\b(?:red|blue|green|yellow|black|white) \w+/g)].map(([thing]) => thing);
      return [[check?.story?.animal, hero, ...new Set(things)].join(" ")];
    });
    expect(found(read)).toBeGreaterThan(100);
    expect(shared(read)).toEqual([]);
  });
});

describe("facts are held out by wording", () => {
  const words = (example: ChatExample) =>
    lastTurn(example)
      .question.toLowerCase()
      .replace(/^(hi!|hello!|hey,|please:|quick question:|question:|ok\.|now:|so,) /, "")
      .replace(/, please(?=\?)/, "")
      .replace(/[.?!]$/, "");

  test("no wording of a fact is trained on", () => {
    expect(shared((example) => (example.task === "facts" ? [words(example)] : []))).toEqual([]);
  });

  test("but every fact is, in another one", () => {
    const trained = new Set(generate("facts", 30_000, "train", 5).map((example) => lastTurn(example).answer));
    const unknown = heldOut.filter((each) => each.task === "facts" && !trained.has(lastTurn(each).answer));
    expect(unknown.map((each) => lastTurn(each).answer)).toEqual([]);
  });
});

describe("outside", () => {
  test("held-out questions have a wording or a subject that training never sees", () => {
    const questions = (split: typeof heldOut) =>
      new Set(split.filter(({ task }) => task === "outside").map((each) => lastTurn(each).question.toLowerCase()));
    const trained = questions(inTraining);
    expect([...questions(heldOut)].filter((question) => trained.has(question))).toEqual([]);
  });
});

test("about one content in twenty is held out", () => {
  const share = Array.from({ length: 20_000 }, (_, i) => splitOf([`pair ${i % 1000} ${i}`])).filter(
    (split) => split === "heldout",
  ).length;
  expect(share / 20_000).toBeGreaterThan(0.045);
  expect(share / 20_000).toBeLessThan(0.055);
});

test("one held-out content among several holds the example out", () => {
  const keys = Array.from({ length: 200 }, (_, i) => `content ${i}`);
  const held = keys.find((key) => splitOf([key]) === "heldout") as string;
  const free = keys.filter((key) => splitOf([key]) === "train").slice(0, 3);
  expect(splitOf(free)).toBe("train");
  expect(splitOf([...free, held])).toBe("heldout");
});
