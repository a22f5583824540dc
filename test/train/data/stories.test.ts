// Stories parse and keep their state; changed ones are caught.

import { describe, expect, test } from "vitest";
import { answerChecker } from "../../../src/train/data/check.js";
import { Random } from "../../../src/train/data/random.js";
import { checkStory, storyParser } from "../../../src/train/data/story/parse.js";
import { plots, writeStory } from "../../../src/train/data/story/write.js";
import { drawRequest } from "../../../src/train/data/tasks/stories.js";
import type { ChatExample, StoryRequest } from "../../../src/train/data/types.js";
import { heNames, sheNames } from "../../../src/train/data/words/names.js";
import { generate, lastTurn, same } from "./helpers.js";

const check = answerChecker();
const parse = storyParser();
const stories = generate("stories", 1500);

test("every story parses, has 4 to 8 sentences and what was asked for", () => {
  const story = { parses: true, consistent: true, complete: true };
  for (const example of stories)
    same(check(example, lastTurn(example).answer), { ok: true, reason: null, story, exact: true }, "");
});

test("all plots occur, in all lengths", () => {
  const openings = new Set(stories.map((each) => parse(lastTurn(each).answer).sentences));
  expect([...openings].sort()).toEqual([5, 6, 7, 8]);
  expect(plots.length).toBeGreaterThan(9);
});

test("a story is not decided by its request alone, but by little more", () => {
  const request = {
    animal: "fox",
    name: "Tom",
    object: "kite",
    color: "red",
    place: "forest",
    length: "short",
  } as const;
  const texts = new Set(Array.from({ length: 200 }, (_, i) => writeStory(new Random(1, i), request).text));
  expect(texts.size).toBeGreaterThan(5);
  for (const text of texts) expect(text).toMatch(/fox.* red kite/);
});

test("the parser follows the state that the writer had", () => {
  for (let i = 0; i < 500; i++) {
    const random = new Random(9, i);
    const { text, state } = writeStory(random, drawRequest(random));
    const read = parse(text);
    expect(read.problem).toBeNull();
    expect([...read.state.holders]).toEqual([...state.holders]);
    expect([...read.state.whereabouts]).toEqual([...state.whereabouts]);
    expect([...read.state.animals]).toEqual([...state.animals]);
  }
});

describe("a story is refused", () => {
  /** Changes stories and says how many were changed and which of them were not noticed. */
  function mutate(change: (text: string, example: ChatExample) => string | null) {
    let changed = 0;
    const unnoticed: string[] = [];
    for (const example of stories) {
      const text = lastTurn(example).answer;
      const other = change(text, example);
      if (other === null || other === text) continue;
      changed++;
      if (check(example, other).ok) unnoticed.push(other);
    }
    expect(changed).toBeGreaterThan(20);
    expect(unnoticed).toEqual([]);
  }

  const namesIn = (text: string) => [...heNames, ...sheNames].filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  const otherName = (text: string, name: string) =>
    [...heNames, ...sheNames].find((each) => each !== name && !text.includes(each)) as string;

  test("with the wrong pronoun", () =>
    mutate((text) =>
      text.replace(
        /\b([Hh])e\b|\b([Ss])he\b/,
        (word) => ({ he: "she", He: "She", she: "he", She: "He" })[word] as string,
      ),
    ));

  test("when the wrong one has the thing at the end", () =>
    mutate((text) => {
      const [first, second] = namesIn(text);
      return second === undefined
        ? null
        : text.replace(
            /Now (\w+) had the (\w+) (\w+)\.$/,
            (_, name, ...rest) => `Now ${name === first ? second : first} had the ${rest[0]} ${rest[1]}.`,
          );
    }));

  test("when the color asked for is another thing's", () => {
    const text =
      "Tom was a brave fox. He had a red ball. His friend Eva was a rabbit. Eva had a blue kite. One day they went to the hill together. There they swapped the ball and the kite. Now Tom had the kite and Eva had the ball.";
    const reason = (asked: StoryRequest) => checkStory(parse, text, asked).reason;
    expect(reason({ object: "kite", color: "blue" })).toBeNull();
    expect(reason({ color: "red" })).toBeNull();
    expect(reason({ object: "kite", color: "red" })).toBe("no kite is red");
  });

  test("when somebody looks for what there is not", () => {
    const text = "Tom was a brave fox. He lived in the forest. Tom was looking for his kite.";
    expect(parse(text).problem).toBe("sentence 3: there is no kite");
  });

  test("when the color changes", () =>
    mutate((text) =>
      text.replace(
        /(had|with) the (\w+) (\w+)\.$/,
        (_, had, color, thing) => `${had} the ${color === "red" ? "blue" : "red"} ${thing}.`,
      ),
    ));

  test("when another thing is given", () =>
    mutate((text) => text.replace(/gave the (\w+)/, (_, thing) => `gave the ${thing === "hat" ? "bell" : "hat"}`)));

  test("when somebody unknown appears", () =>
    mutate((text) => {
      const last = namesIn(text).find((name) => text.lastIndexOf(name) > text.indexOf(name));
      if (last === undefined) return null;
      const at = text.lastIndexOf(last);
      return text.slice(0, at) + otherName(text, last) + text.slice(at + last.length);
    }));

  test("when the giver gives to himself", () =>
    mutate((text) =>
      text.replace(/(\w+) gave the (\w+) to (\w+)\./, (_, giver, thing) => `${giver} gave the ${thing} to ${giver}.`),
    ));

  test("when they are said to be elsewhere", () =>
    mutate((text) =>
      text.replace(/were (in|at|on) the \w+\.$/, (phrase) =>
        phrase.includes("lake") ? "were in the park." : "were at the lake.",
      ),
    ));

  test("when the thing was never found", () => mutate((text) => text.replace(/ There (he|she) found [^.]*\./, "")));

  test("when a stranger was never met", () => mutate((text) => text.replace(/ Then (he|she) met [^.]*\./, "")));

  test("when a sentence is none of a story", () => mutate((text) => text.replace(/\. /, ". The moon is a star. ")));

  test("when it is cut", () => mutate((text) => text.slice(0, Math.floor(text.length * 0.6))));

  test("when it is told twice", () => mutate((text) => `${text} ${text}`));

  test("when the hero is another animal than asked for", () =>
    mutate((text, { check }) => {
      const animal = check?.story?.animal;
      return animal === undefined || check?.story?.friend !== undefined
        ? null
        : text.replace(` ${animal}`, animal === "fox" ? " bear" : " fox");
    }));

  test("when it is too long for a short one", () => {
    const long = stories.filter(({ check }) => check?.story?.length === "long");
    expect(long.length).toBeGreaterThan(20);
    for (const example of long) {
      const asked: ChatExample = { ...example, check: { story: { ...example.check?.story, length: "short" } } };
      same(check(asked, lastTurn(example).answer).ok, false, lastTurn(example).answer);
    }
  });

  test.each(["", " ", "I don't know that.", "Once upon a time", "Tom was a little fox."])("when it is %j", (text) => {
    expect(check(stories[0], text)).toMatchObject({ ok: false, exact: false, reason: expect.any(String) });
  });
});

describe("other answers", () => {
  const [problem] = generate("word-problems", 1);
  const [sum] = generate("arithmetic", 1);

  test("of word problems are judged by their last number", () => {
    const { answer } = lastTurn(problem);
    const number = problem.check?.number as number;
    expect(check(problem, answer)).toEqual({ ok: true, exact: true, reason: null });
    expect(check(problem, `So it is ${number}.`)).toEqual({ ok: true, exact: false, reason: null });
    expect(check(problem, `${answer} No, ${number + 1}.`).ok).toBe(false);
    expect(check(problem, "I don't know that.").reason).toMatch(/missing, expected/);
  });

  test("count when they are exact", () => {
    const { answer } = lastTurn(sum);
    expect(check(sum, answer)).toEqual({ ok: true, exact: true, reason: null });
    expect(check(sum, `${answer} `).ok).toBe(false);
    expect(check({ ...sum, task: "chat" }, answer).ok).toBe(true);
  });
});
