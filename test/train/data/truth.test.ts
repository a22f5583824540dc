// Every answer is true: recomputed here from the words of the question, not from what made them.

import { describe, expect, test } from "vitest";
import { numberWord } from "../../../src/train/data/facts/numbers.js";
import { relations } from "../../../src/train/data/tasks/facts.js";
import { generate, integers, itemsIn, lastTurn, naturals, same, sorted } from "./helpers.js";

const compute: Record<string, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};

describe("arithmetic", () => {
  const asked = generate("arithmetic", 6000).map((example) => ({ ...example, ...lastTurn(example) }));
  const calculations = asked.filter(({ kind }) => /^[+-] |negative|table|digit$|exact/.test(kind));

  test("calculates what was asked", () => {
    expect(calculations.length).toBeGreaterThan(4000);
    for (const { question, answer } of calculations) {
      const words = question.toLowerCase();
      const [x, y] = naturals(words);
      const backwards = /subtract \d+ from|take \d+ (away )?from|does \d+ go into/.test(words);
      const [a, b] = backwards ? [y, x] : [x, y];
      const operator = /\+|plus|add|sum/.test(words)
        ? "+"
        : /\*|\dx\d| x |times \d|product|multipl/.test(words)
          ? "*"
          : /\/|divide|go into/.test(words)
            ? "/"
            : "-";
      const result = compute[operator](a, b);
      same(integers(answer).at(-1), result, `${question} -> ${answer}`);
      if (/equals/.test(answer)) same(answer.startsWith(`${a} ${operator} ${b} equals `), true, question);
      else same(answer, String(result), question);
    }
  });

  test("knows numbers in words, twice and half", () => {
    const words = Array.from({ length: 101 }, (_, n) => numberWord(n));
    for (const { kind, question, answer } of asked) {
      const [a, b] = naturals(answer);
      if (kind === "in words" && answer.includes("equals")) {
        const inQuestion =
          question
            .toLowerCase()
            .match(/[a-z-]+/g)
            ?.filter((word) => words.includes(word)) ?? [];
        same(inQuestion.map((word) => words.indexOf(word)).sort(), [a, b].sort(), question);
        same(naturals(answer)[2], compute[answer.split(" ")[1]](a, b), question);
      }
      if (kind === "twice and half") {
        const n = naturals(question)[0];
        same(
          answer,
          /half|halve/i.test(question) ? `${n} / 2 equals ${n / 2}.` : `${n} * 2 equals ${2 * n}.`,
          question,
        );
      }
    }
  });

  test("shows parts that add up", () => {
    const long = calculations.filter(({ answer }) => /\d \+ \d+, which is/.test(answer));
    expect(long.length).toBeGreaterThan(100);
    for (const { answer } of long) {
      const [a, b, tens, ones, result] = naturals(answer);
      same([tens + ones, a * b, tens % 10], [result, result, 0], answer);
    }
  });

  test("turns a negative difference around", () => {
    const negative = calculations.filter(({ kind }) => kind === "negative");
    expect(negative.length).toBeGreaterThan(100);
    for (const { answer } of negative) {
      const [a, b, c, d, result] = naturals(answer);
      same([answer, result], [`${a} - ${b} equals -(${c} - ${d}), which is -${result}.`, c - d], answer);
      same([c, d], [b, a], answer);
    }
  });

  test("stays in range", () => {
    for (const { kind, answer } of calculations) {
      const [a, b] = naturals(answer);
      if (!/equals/.test(answer)) continue;
      if (/^[+-]/.test(kind)) same(Math.max(a, b) <= 999, true, answer);
      if (kind === "2 x 1 digit") same([Math.max(a, b) < 100, Math.min(a, b) < 10], [true, true], answer);
    }
  });

  test("compares and tells even from odd", () => {
    for (const { kind, question, answer } of asked) {
      const numbers = naturals(question);
      const sum = numbers.reduce((total, n) => total + n, 0);
      if (kind === "even or odd") same(answer, `${numbers[0]} is ${numbers[0] % 2 ? "odd" : "even"}.`, question);
      if (kind === "three addends") same(integers(answer).at(-1), sum, question);
      if (kind !== "comparison") continue;
      const [left, right] = naturals(answer);
      const [a, b] = numbers;
      const claim = /larger/.test(answer) ? left > right : /smaller/.test(answer) ? left < right : left === right;
      same([claim, sorted([left, right])], [true, sorted([a, b])], answer);
      const isMore = /\bis \d+ (larger|bigger|greater|more) than/i.test(question) ? a > b : a < b;
      if (/^(Yes|No)/.test(answer)) same(answer.startsWith("Yes"), isMore, question);
    }
  });
});

test("word problems show a chain of right steps from the numbers of the question to the answer", () => {
  for (const example of generate("word-problems", 4000)) {
    const { question, answer } = lastTurn(example);
    const steps = [...answer.matchAll(/(\d+) ([+*/-]) (\d+) = (\d+)\./g)];
    let before: number | null = null;
    const used: number[] = [];
    for (const [, a, operator, b, result] of steps) {
      same(compute[operator](Number(a), Number(b)), Number(result), answer);
      same([Number(a) <= 999, Number(b) <= 999, Number(result) >= 0], [true, true, true], answer);
      if (before === null) used.push(Number(a));
      else same(Number(a), before, answer);
      used.push(Number(b));
      before = Number(result);
    }
    same(naturals(answer).at(-1), example.check?.number, answer);
    if (before === null) same(answer, String(example.check?.number), question);
    else same([before, sorted(used)], [example.check?.number, sorted(naturals(question))], question);
  }
});

describe("facts", () => {
  test("give every subject of a relation one object", () => {
    for (const { name, facts } of relations()) {
      const subjects = facts.map(([subject]) => subject);
      const isOrder = /^(bigger|smaller) animal$/.test(name); // a subject is smaller than several
      if (!isOrder) expect(new Set(subjects).size, name).toBe(subjects.length);
      for (const fact of facts) same(fact.filter((text) => text?.trim() === text && text !== "").length, 2, name);
    }
  });

  test("ask for each relation in at least eight ways", () => {
    const few = relations().filter(({ name, questions }) => questions.length < 8 && name !== "kind of celestial body");
    expect(few.map(({ name }) => name)).toEqual([]);
    for (const { questions } of relations()) expect(new Set(questions).size).toBe(questions.length);
  });

  test("know what everybody knows", () => {
    const answers = new Set(generate("facts", 20000).map((example) => lastTurn(example).answer));
    for (const fact of [
      "The capital of France is Paris.",
      "The opposite of hot is cold.",
      "The plural of mouse is mice.",
      "The past tense of go is went.",
      "A cow moos.",
      "A baby cat is called a kitten.",
      "A spider has 8 legs.",
      "An hour has 60 minutes.",
      "A triangle has 3 sides.",
      "Snow is white.",
      "Blue and yellow make green.",
      "The third planet from the sun is Earth.",
      "42 in words is forty-two.",
      "An owl is a bird.",
      "People in Brazil speak Portuguese.",
    ]) {
      expect(answers.has(fact), fact).toBe(true);
    }
  });
});

describe("lists", () => {
  test("are sorted, reversed, repeated, picked from and counted", () => {
    for (const example of generate("lists", 5000)) {
      const { kind } = example;
      const { question, answer } = lastTurn(example);
      const said = answer.replace(/\.$/, "").split(", ");
      const numbers = naturals(question);
      const text = question.toLowerCase();
      const listed = itemsIn(question);
      const is = (items: readonly (string | number)[]) => same(said, items.map(String), question);
      if (kind === "sort") is(sorted(numbers));
      if (kind === "sort down") is(sorted(numbers).reverse());
      if (kind === "sort words") is([...said].sort());
      if (kind === "sort words")
        same(
          said.filter((word) => !text.includes(word)),
          [],
          question,
        );
      if (kind === "largest") same(naturals(answer), [Math.max(...numbers)], question);
      if (kind === "smallest") same(naturals(answer), [Math.min(...numbers)], question);
      if (kind === "repeat") is(listed);
      if (kind === "reverse") is([...listed].reverse());
      if (kind === "how many") same(naturals(answer), [listed.length], question);
      if (kind === "contains") {
        const word = /(?:Yes|No), (\w+) is/.exec(answer)?.[1] as string;
        const times = text.split(/\W+/).filter((each) => each === word).length;
        const passed = itemsIn(answer.split(". ")[0]);
        const all = listed.toSpliced(/ contain \w+/.test(text) ? listed.lastIndexOf(word) : listed.indexOf(word), 1);
        same([answer.includes(". Yes, "), all.slice(0, passed.length)], [times > 1, passed], question);
        same(passed.indexOf(word), times > 1 ? passed.length - 1 : -1, answer);
        if (times === 1) same(passed, all, answer);
      }
      if (/^count( down)?$/.test(kind)) {
        const [from, to] = numbers;
        const step = from < to ? 1 : -1;
        is(Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => from + step * i));
      }
      if (kind === "count by") {
        const counted = said.map(Number);
        const step = counted[1] - counted[0];
        is(counted.map((_, i) => counted[0] + step * i));
        same(
          [step, counted[0]].filter((n) => !numbers.includes(n)),
          [],
          question,
        );
        same(numbers.includes(counted.length) || numbers.includes(counted[counted.length - 1]), true, question);
      }
    }
  });

  test("have all lengths equally often", () => {
    const lengths = new Map<number, number>();
    for (const example of generate("lists", 6000)) {
      if (example.kind !== "sort") continue;
      const { length } = naturals(lastTurn(example).question);
      lengths.set(length, (lengths.get(length) ?? 0) + 1);
    }
    expect(sorted([...lengths.keys()])).toEqual([3, 4, 5, 6, 7, 8]);
    const counts = [...lengths.values()];
    expect(Math.max(...counts) / Math.min(...counts)).toBeLessThan(1.6);
  });
});

test("dates agree with the calendar", () => {
  const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
  const dayOf = (name: string) => days.indexOf(name);
  const parse = (text: string) => new Date(`${text}, 2023 UTC`);
  for (const example of generate("dates", 5000)) {
    const { answer, question } = lastTurn(example);
    const shift = /(\d+) days (after|before) (\w+) is (\w+)\.$/.exec(answer);
    if (shift !== null) {
      const weeks = /^\d+ days are (\d+) weeks?(?: and (\d+) days?)?\./
        .exec(answer)
        ?.slice(1)
        .map((n) => Number(n ?? 0));
      if (weeks !== undefined) same(7 * weeks[0] + weeks[1], Number(shift[1]), answer);
      const passed = [...answer.matchAll(/(\d+) (\w+day)\b/g)];
      same(
        passed.map(([, n]) => Number(n)),
        Array.from({ length: Number(shift[1]) % 7 }, (_, i) => i + 1),
        answer,
      );
      const way = shift[2] === "after" ? 1 : 6;
      let at = dayOf(shift[3]);
      for (const [, , day] of passed) {
        at = (at + way) % 7;
        same(dayOf(day), at, answer);
      }
      const date = new Date(Date.UTC(2023, 0, 1 + dayOf(shift[3]))); // a Sunday
      date.setUTCDate(date.getUTCDate() + (shift[2] === "after" ? 1 : -1) * Number(shift[1]));
      same(days[date.getUTCDay()], shift[4], answer);
    }
    const distance = /^From (\w+) to (\w+) it is (\d+) days?\.$/.exec(answer);
    if (distance !== null) same((dayOf(distance[1]) + Number(distance[3])) % 7, dayOf(distance[2]), answer);
    const leap = /^(Yes|No), (\d+) is/.exec(answer);
    if (leap !== null) {
      const last = new Date(Date.UTC(Number(leap[2]), 2, 0)).getUTCDate();
      same(last === 29, leap[1] === "Yes", answer);
    }
    const neighbour = /^The day (after|before) (\w+ \d+) is (\w+ \d+)\.$/.exec(answer);
    if (neighbour !== null) {
      const date = parse(neighbour[2]);
      date.setUTCDate(date.getUTCDate() + (neighbour[1] === "after" ? 1 : -1));
      same(date.toJSON().slice(4), parse(neighbour[3]).toJSON().slice(4), answer); // without the year
    }
    const length = /^(\w+) has (\d+) days\.$/.exec(answer);
    if (length !== null) {
      const year = /leap/i.test(question) ? 2024 : 2023;
      const month = new Date(`${length[1]} 1, ${year} UTC`).getUTCMonth();
      same(new Date(Date.UTC(year, month + 1, 0)).getUTCDate(), Number(length[2]), answer);
    }
  }
});

test("spelling is right letter by letter", () => {
  for (const example of generate("spelling", 5000)) {
    const { kind } = example;
    const { question, answer } = lastTurn(example);
    const text = question.toLowerCase();
    const word = / of (\w+) is|word (\w+) has/.exec(answer)?.slice(1).find(Boolean);
    if (word !== undefined && !/^(next|previous)/.test(kind)) same(text.includes(word), true, question);
    const n = naturals(answer).at(-1);
    const letters = (text: string) => text.replace(/[-.]/g, "");
    if (kind === "spell") same(text.includes(letters(answer)), true, question);
    if (kind === "spell backwards") {
      const [forwards, backwards] = answer.split(", backwards ").map(letters);
      same([text.includes(forwards), [...forwards].reverse().join("")], [true, backwards], question);
    }
    if (/^(letter count|vowels|last letter)$/.test(kind)) same(letters(answer.split(". ")[0]), word, question);
    const listed = [...(answer.split(". ").at(-2) ?? "").matchAll(/(\d+) ([a-z])\b/g)];
    same(
      listed.map(([, place]) => Number(place)),
      listed.map((_, i) => i + 1),
      answer,
    );
    const said = listed.map(([, , letter]) => letter).join("");
    if (kind === "count letters") same(said, word, answer);
    if (kind === "letter at a place") same([word?.startsWith(said), said.at(-1)], [true, answer.at(-2)], answer);
    if (kind === "vowels") same(said, word?.replace(/[^aeiou]/g, ""), answer);
    if (kind === "count letters") same(n, word?.length, question);
    if (kind === "vowels") same(n, word?.replace(/[^aeiou]/g, "").length, question);
    if (kind === "first letter") same(answer, `The first letter of ${word} is ${word?.[0]}.`, question);
    if (kind === "last letter")
      same(answer.endsWith(`The last letter of ${word} is ${word?.slice(-1)}.`), true, question);
    if (kind === "letter count") {
      const letter = /letter (\w) /.exec(answer)?.[1] as string;
      same((word as string).split(letter).length - 1, n, answer);
    }
    const neighbour = /^The letter (after|before) (\w) is (\w)\.$/.exec(answer);
    if (neighbour !== null) {
      const step = neighbour[1] === "after" ? 1 : -1;
      same(neighbour[3].charCodeAt(0) - neighbour[2].charCodeAt(0), step, answer);
    }
  }
});

test("what follows up is calculated from what came before", () => {
  for (const example of generate("follow-ups", 6000)) {
    for (const { role, content } of example.messages) {
      if (role !== "assistant") continue;
      for (const [, a, operator, b, result] of content.matchAll(
        /(?<![+*/-] )\b(\d+) ([+*/-]) (\d+) (?:=|equals) (-?\d+)\./g,
      )) {
        same(compute[operator](Number(a), Number(b)), Number(result), content);
      }
    }
    if (example.kind !== "calculate on") continue;
    const results = example.messages.filter(({ role }) => role === "assistant").map(({ content }) => naturals(content));
    for (let i = 1; i < results.length; i++) same(results[i][0], results[i - 1].at(-1), JSON.stringify(example));
  }
});
