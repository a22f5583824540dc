// The stream of examples: reproducible one by one, in the wanted shares, with users' own files.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataSchema, readDataConfig } from "../../../src/train/data/config.js";
import { evenly } from "../../../src/train/data/evenly.js";
import { mixture, type Part, partsOf } from "../../../src/train/data/mixture.js";
import { Random } from "../../../src/train/data/random.js";
import { examplesOf, openSource } from "../../../src/train/data/sources.js";
import { taskNames } from "../../../src/train/data/task-names.js";
import { allTasks } from "../../../src/train/data/tasks/index.js";
import { UnmaskError } from "../../../src/util/errors.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unmask-data-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What went wrong, as one line. */
function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof UnmaskError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "nothing went wrong";
}

const usual = dataSchema.parse({});

describe("an example", () => {
  test("depends on its seed and number alone", () => {
    const draw = mixture(usual, { split: "train" });
    const inOrder = Array.from({ length: 300 }, (_, i) => draw(5, i));
    const again = mixture(usual, { split: "train" });
    for (const i of [299, 3, 150, 0, 298, 3]) expect(again(5, i)).toEqual(inOrder[i]);
    expect(JSON.stringify(draw(6, 3))).not.toBe(JSON.stringify(draw(5, 3)));
  });

  test("of one seed differs from those of another", () => {
    const draw = mixture(usual, { split: "train", tasks: ["word-problems"] });
    const texts = (seed: number) => Array.from({ length: 300 }, (_, i) => JSON.stringify(draw(seed, i)));
    const first = new Set(texts(1));
    expect(first.size).toBeGreaterThan(290);
    expect(texts(2).filter((text) => first.has(text)).length).toBeLessThan(5);
  });
});

test("the names of the tasks are those of the tasks", () => {
  expect(allTasks().map(({ name }) => name)).toEqual([...taskNames]);
});

describe("practice", () => {
  const kinds = (practice: Record<string, Record<string, number>>, split: "train" | "heldout") => {
    const draw = mixture(dataSchema.parse({ tasks: { lists: 1 }, practice }), { split });
    const counts: Record<string, number> = {};
    for (let i = 0; i < 3000; i++) {
      const example = draw(1, i);
      if (!("kind" in example)) throw new Error("a text");
      counts[example.kind] = (counts[example.kind] ?? 0) + 1;
    }
    return counts;
  };

  test("changes how often kinds are drawn in training, and no held-out question", () => {
    const [usually, practised] = [kinds({}, "train"), kinds({ lists: { contains: 4, sort: 0 } }, "train")];
    expect(practised.sort).toBeUndefined();
    expect(practised.contains / practised["count down"]).toBeCloseTo(
      (4 * usually.contains) / usually["count down"],
      -0.5,
    );
    expect(kinds({ lists: { contains: 4, sort: 0 } }, "heldout")).toEqual(kinds({}, "heldout"));
  });

  test("names the kinds there are when one is not, and refuses a task without any", () => {
    expect(failure(() => kinds({ lists: { sorting: 2 } }, "train"))).toMatch(
      /^config_invalid: practice: lists has no kind "sorting"\. It has: .*sort down; /,
    );
    const none = Object.fromEntries(Object.keys(kinds({}, "train")).map((name) => [name, 0]));
    expect(failure(() => kinds({ lists: none }, "train"))).toMatch(
      /^config_invalid: practice: no kind of lists is left/,
    );
  });
});

describe("shares", () => {
  const share = (tasks: Record<string, number>, only?: "lists"[]) => {
    const draw = mixture(dataSchema.parse({ tasks }), { split: "train", tasks: only });
    const counts: Record<string, number> = {};
    for (let i = 0; i < 4000; i++) {
      const { task } = draw(1, i);
      counts[task] = (counts[task] ?? 0) + 1 / 4000;
    }
    return counts;
  };

  test("are those of the weights", () => {
    const counts = share({ arithmetic: 6, lists: 3, dates: 1, spelling: 0 });
    expect(Object.keys(counts).sort()).toEqual(["arithmetic", "dates", "lists"]);
    expect(counts.arithmetic).toBeCloseTo(0.6, 1);
    expect(counts.lists).toBeCloseTo(0.3, 1);
    expect(counts.dates).toBeCloseTo(0.1, 1);
  });

  test("of chosen tasks leave out the others", () => {
    expect(share({ arithmetic: 6, lists: 3 }, ["lists"])).toEqual({ lists: expect.closeTo(1, 5) });
  });

  test("of nothing are refused", () => {
    expect(failure(() => mixture(dataSchema.parse({ tasks: {} }), { split: "train" }))).toMatch(
      /^config_invalid: There is nothing to draw/,
    );
  });

  test("by default are those of train/data.yaml", () => {
    expect(readDataConfig("train/data.yaml")).toEqual(usual);
    expect(Object.keys(usual.tasks)).toEqual([...taskNames]);
  });
});

describe("as many of each part", () => {
  const parts = () => partsOf(dataSchema.parse({ tasks: { lists: 1, facts: 9, dates: 0 } }), { split: "heldout" });
  const part = (name: string, size: number): Part => ({
    name,
    weight: 1,
    draw: (random) => ({ task: "text", text: `${name} ${random.int(1, size)}` }),
  });

  test("take turns, whatever their weights are", () => {
    const made = [...evenly(parts(), { seed: 1, each: 50 })];
    expect(made.map(({ task }) => task)).toEqual(Array.from({ length: 50 }, () => ["facts", "lists"]).flat());
    expect([...evenly(parts(), { seed: 1, each: 10 })]).toEqual(made.slice(0, 20));
    expect([...evenly(parts(), { seed: 2, each: 10 })]).not.toEqual(made.slice(0, 20));
  });

  test("ask nothing twice, and end one by one where there is no more", () => {
    const short: [string, number][] = [];
    const made = [
      ...evenly([part("a", 5), part("b", 12)], { seed: 1, each: 10, onExhausted: (...end) => short.push(end) }),
    ];
    const texts = made.map((example) => ("text" in example ? example.text : ""));
    expect(new Set(texts).size).toBe(15);
    expect(texts.slice(0, 10).map((text) => text[0])).toEqual([..."ababababab"]);
    expect(texts.slice(10).map((text) => text[0])).toEqual([..."bbbbb"]);
    expect(short).toEqual([["a", 5]]);
  });
});

describe("users' own files", () => {
  const chat = (n: number) =>
    JSON.stringify({
      messages: [
        { role: "user", content: `Question ${n}?` },
        { role: "assistant", content: `Answer ${n}.` },
      ],
    });
  const lines = Array.from({ length: 400 }, (_, n) => chat(n)).join("\n");

  test("are mixed in by weight, and split by content", () => {
    const path = file("chats.jsonl", `${lines}\n\n`);
    const config = dataSchema.parse({ tasks: { dates: 1 }, sources: [{ path, weight: 1 }] });
    const seen = { train: new Set<string>(), heldout: new Set<string>() };
    for (const split of ["train", "heldout"] as const) {
      const draw = mixture(config, { split });
      const made = Array.from({ length: 3000 }, (_, i) => draw(1, i));
      const own = made.filter(({ task }) => task === "chat");
      expect(own.length / made.length).toBeCloseTo(0.5, 1);
      for (const example of own) seen[split].add(JSON.stringify(example));
    }
    expect(seen.train.size + seen.heldout.size).toBeGreaterThan(380); // drawn, so a few may be missing
    expect(seen.heldout.size).toBeGreaterThan(5);
    expect([...seen.heldout].filter((text) => seen.train.has(text))).toEqual([]);
  });

  test("may be texts, line by line or with empty lines between them", () => {
    const random = new Random(1, 1);
    const json = openSource(file("texts.jsonl", '{"text": "One."}\n{"text": "Two.\\nThree."}\n'), "train");
    expect(json.example(random)).toEqual({ task: "text", text: expect.stringMatching(/^(One|Two)\./) });
    const plain = [...examplesOf(file("book.txt", "\n\nFirst line.\nSecond line.\n\n \nAnother one.\r\n\r\nLast"))];
    expect(plain).toEqual([
      { task: "text", text: "First line.\nSecond line." },
      { task: "text", text: "Another one." },
      { task: "text", text: "Last" },
    ]);
  });

  test("may be what was generated before", () => {
    const draw = mixture(usual, { split: "train" });
    const made = Array.from({ length: 50 }, (_, i) => draw(1, i));
    const path = file("generated.jsonl", made.map((each) => JSON.stringify(each)).join("\n"));
    const read = [...examplesOf(path)];
    expect(read.map(({ task }) => task)).toEqual(made.map(({ task }) => task));
    expect(read.map((each) => "messages" in each && each.messages)).toEqual(
      made.map((each) => "messages" in each && each.messages),
    );
  });

  test.each([
    ["{oops", /^invalid_json: .*bad.jsonl:2: not JSON: .*Every line must be one JSON object/],
    ["[1, 2]", /^invalid_request: .*bad.jsonl:2: the line: /],
    ['"text"', /^invalid_request: .*bad.jsonl:2: the line: /],
    ['{"text": ""}', /^invalid_request: .*bad.jsonl:2: text: /],
    ['{"messages": []}', /^invalid_request: .*bad.jsonl:2: messages: /],
    [
      '{"messages": [{"role": "robot", "content": "x"}, {"role": "assistant", "content": "y"}]}',
      /:2: messages.0.role: /,
    ],
    [
      '{"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}]}',
      /:2: messages: the last message must be the assistant's/,
    ],
    [
      '{"messages": [{"role": "user", "content": 3}, {"role": "assistant", "content": "y"}]}',
      /:2: messages.0.content: /,
    ],
  ])("with the line %s are refused", (line, message) => {
    const path = file("bad.jsonl", `${chat(1)}\n${line}\n${chat(2)}\n`);
    expect(failure(() => openSource(path, "train"))).toMatch(message);
  });

  test("that are empty or missing are refused", () => {
    expect(failure(() => openSource(file("empty.jsonl", "\n \n"), "train"))).toMatch(
      /^invalid_request: .*holds no examples/,
    );
    expect(failure(() => openSource(join(folder, "none.jsonl"), "train"))).toMatch(
      /^file_not_found: .*Correct its path/,
    );
  });
});

describe("a recipe", () => {
  const read = (text: string) => failure(() => readDataConfig(file("recipe.yaml", text)));

  test("may leave things out", () => {
    expect(readDataConfig(file("small.yaml", "tasks: {lists: 2}\n"))).toEqual({
      tasks: { lists: 2 },
      practice: {},
      sources: [],
    });
  });

  test("names sources relative to itself, wherever the command runs", () => {
    const recipe = "tasks: {lists: 2}\nsources:\n  - {path: more/chats.jsonl, weight: 3}\n";
    const [{ path }] = readDataConfig(relative(process.cwd(), file("recipe.yaml", recipe))).sources;
    expect(path).toBe(join(folder, "more", "chats.jsonl"));
  });

  test.each([
    ["tasks:\n  arithmetik: 3\n", /recipe.yaml:2:3: tasks.arithmetik: /],
    ["tasks:\n  lists: -1\n", /recipe.yaml:2:3: tasks.lists: /],
    ["tasks:\n  lists: many\n", /recipe.yaml:2:3: tasks.lists: /],
    ["tasks: {lists: 1}\nsource: []\n", /recipe.yaml:2:1: source: is not a setting/],
    [
      "tasks: {lists: 1}\nsources:\n  - path: a.jsonl\n    weigth: 3\n",
      /recipe.yaml:4:5: sources.0.weigth: is not a setting/,
    ],
    ["tasks: {lists: 1}\nsources:\n  - path: a.jsonl\n", /recipe.yaml:3:5: sources.0.weight: /],
    ["tasks: [\n", /recipe.yaml:\d+:\d+: /],
    ["tasks: *nothing\n", /recipe.yaml.*: /],
    ["- 1\n", /recipe.yaml:1:1: the file: /],
  ])("%j is refused with its place", (text, message) => {
    expect(read(text)).toMatch(/^config_invalid: /);
    expect(read(text)).toMatch(message);
  });

  test("that is missing is refused", () => {
    expect(failure(() => readDataConfig(join(folder, "none.yaml")))).toMatch(/^file_not_found: .*Name a YAML file/);
  });
});

test("docs/training-data.md shows what is generated", async () => {
  const { placeSamples } = await import("../../../src/train/data/samples.js");
  const page = readFileSync("docs/training-data.md", "utf8");
  expect(placeSamples(page)).toBe(page);
});
