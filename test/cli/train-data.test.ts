// `unmask train data` and `unmask train tokenizer`, from the command line to the files.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Tokenizer } from "../../src/text/tokenizer.js";
import { taskNames } from "../../src/train/data/task-names.js";
import { stage, until } from "./fakes.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unmask-train-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const path = (name: string) => join(folder, name);
const lines = (text: string) => text.trimEnd().split("\n");

async function run(...args: string[]) {
  const at = stage();
  const code = await at.run("train", ...args);
  return { code, out: at.stdout.text, err: at.stderr.text };
}

describe("train data", () => {
  it("writes examples, the same for the same seed", async () => {
    for (const name of ["a.jsonl", "b.jsonl"]) {
      expect(await run("data", "-o", path(name), "--examples", "1500", "--seed", "9")).toMatchObject({
        code: 0,
        out: "",
      });
    }
    const text = readFileSync(path("a.jsonl"), "utf8");
    expect(lines(text)).toHaveLength(1500);
    expect(readFileSync(path("b.jsonl"), "utf8")).toBe(text);
    for (const line of lines(text)) {
      expect(JSON.parse(line)).toMatchObject({
        task: expect.any(String),
        kind: expect.any(String),
        messages: expect.any(Array),
      });
    }
    await run("data", "-o", path("c.jsonl"), "--examples", "20", "--seed", "10");
    expect(lines(text)).not.toContain(lines(readFileSync(path("c.jsonl"), "utf8"))[0]);
  });

  it("begins a longer stream with the shorter one", async () => {
    const short = await run("data", "-o", "-", "--examples", "5");
    const long = await run("data", "-o", "-", "--examples", "1100");
    expect(long.out.startsWith(short.out)).toBe(true);
    expect(lines(long.out)).toHaveLength(1100);
  });

  it("takes tasks, a split and a recipe", async () => {
    const chosen = await run("data", "-o", "-", "--examples", "50", "--task", "lists, dates", "--split", "heldout");
    const tasks = lines(chosen.out).map((line) => JSON.parse(line).task);
    expect([...new Set(tasks)].sort()).toEqual(["dates", "lists"]);
    writeFileSync(path("recipe.yaml"), "tasks: {spelling: 1}\n");
    const cooked = await run("data", "-o", "-", "--examples", "10", "--config", path("recipe.yaml"));
    expect(new Set(lines(cooked.out).map((line) => JSON.parse(line).task))).toEqual(new Set(["spelling"]));
  });

  it("takes as many of each task, no question twice, and begins more with fewer", async () => {
    const even = (n: number) => run("data", "-o", "-", "--per-task", String(n), "--split", "heldout", "--seed", "3");
    const few = await even(3);
    const tasks = lines(few.out).map((line) => JSON.parse(line).task);
    expect(tasks).toEqual([...taskNames, ...taskNames, ...taskNames]);
    expect((await even(4)).out.startsWith(few.out)).toBe(true);
    expect(few.err).toBe("");
    const chats = Array.from({ length: 200 }, (_, i) => ({
      messages: [
        { role: "user", content: `Question ${i}?` },
        { role: "assistant", content: `Answer ${i}.` },
      ],
    }));
    writeFileSync(path("chats.jsonl"), chats.map((chat) => JSON.stringify(chat)).join("\n"));
    writeFileSync(path("own.yaml"), `tasks: {}\nsources:\n  - {path: ${path("chats.jsonl")}, weight: 1}\n`);
    const own = await run("data", "-o", "-", "--per-task", "150", "--config", path("own.yaml"), "--split", "heldout");
    const asked = new Set(lines(own.out).map((line) => JSON.parse(line).messages[0].content));
    expect(asked.size).toBe(lines(own.out).length);
    expect(own.err).toMatch(/^warning: .*chats\.jsonl: \d+ different questions were found, not 150\.\n$/);
  });

  it("says what it wrote", async () => {
    const { out } = await run("data", "-o", path("stats.jsonl"), "--examples", "2000", "--stats");
    expect(out).toMatch(/^task +examples +share +different/);
    const [, examples, share] = /^arithmetic +(\d+) +([\d.]+) % /m.exec(out)!;
    expect(Number(share)).toBeCloseTo(Number(examples) / 20, 1);
    const recipe = parse(readFileSync("train/data.yaml", "utf8")).tasks as Record<string, number>;
    const all = Object.values(recipe).reduce((sum, weight) => sum + weight, 0);
    expect(Math.abs(Number(share) - (100 * recipe.arithmetic) / all)).toBeLessThan(3); // of 2,000 draws
    expect(out).toMatch(/^sums and differences by longest carry chain: 0: \d+, 1: \d+, 2: \d+, 3: \d+$/m);
    const shares = [...out.matchAll(/^[\w-]+ +\d+ +([\d.]+) %/gm)].map((match) => Number(match[1]));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
  });

  it("leaves nothing behind when it fails or is interrupted", async () => {
    writeFileSync(path("bad.yaml"), "tasks: {spelling: 1}\nsources:\n  - {path: nowhere.jsonl, weight: 1}\n");
    const failed = await run("data", "-o", path("none.jsonl"), "--examples", "10", "--config", path("bad.yaml"));
    expect(failed).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error \[file_not_found\]: The source .*nowhere\.jsonl cannot be read/),
    });
    const at = stage();
    const running = at.run("train", "data", "-o", path("stopped.jsonl"), "--examples", "10000000");
    await until(() => readdirSync(folder).some((name) => name.includes("stopped")));
    at.interrupt();
    expect(await running).toBe(130);
    expect(readdirSync(folder).filter((name) => /none|stopped/.test(name))).toEqual([]);
  });

  it.each([
    [["--examples", "5"], /required option '-o, --out <file>' not specified/],
    [["-o", "-"], /^error \[option_missing\]: Say how many: --examples N, or --per-task N/],
    [["-o", "-", "--examples", "5", "--per-task", "5"], /'--per-task <n>' cannot be used with option '--examples <n>'/],
    [["-o", "-", "--per-task", "0"], /whole number from 1/],
    [["-o", "-", "--examples", "0"], /whole number from 1/],
    [["-o", "-", "--examples", "5", "--seed", "-1"], /from 0 to 4294967295/],
    [["-o", "-", "--examples", "5", "--task", "poems"], /"poems" is none of arithmetic, /],
    [["-o", "-", "--examples", "5", "--split", "test"], /Allowed choices are train, heldout/],
    [["-o", "/nowhere/x.jsonl", "--examples", "5"], /^error \[file_write_failed\]: Cannot write \/nowhere\/x.jsonl/],
  ])("refuses %j", async (args, message) => {
    const { code, err } = await run("data", ...args);
    expect(code).toBe(1);
    expect(err).toMatch(message);
  });
});

describe("train tokenizer", () => {
  it("writes files that the runtime reads", async () => {
    await run("data", "-o", path("corpus.jsonl"), "--examples", "1000");
    const { code, out } = await run(
      "tokenizer",
      "--data",
      path("corpus.jsonl"),
      "--vocabulary",
      "512",
      "-o",
      path("tokenizer.json"),
    );
    expect(code).toBe(0);
    expect(out).toMatch(
      /tokenizer.json: 512 tokens, 1\.\d+ characters a token, [\d.]+ tokens an example .*, [\d.]+ an answer\n$/,
    );
    const [json, config] = ["tokenizer.json", "tokenizer_config.json"].map((name) =>
      JSON.parse(readFileSync(path(name), "utf8")),
    );
    const tokenizer = Tokenizer.fromJson(json, config);
    expect([tokenizer.vocabularySize, tokenizer.maskId, tokenizer.eosId]).toEqual([512, 511, 510]);
    expect(tokenizer.chatTemplate).toContain("<|im_start|>");
  });

  it("refuses too little data and too small vocabularies", async () => {
    writeFileSync(path("little.txt"), "abc abc\n");
    for (const [vocabulary, message] of [
      ["1024", /gives only 26\d tokens/],
      ["100", /must be from 260/],
    ] as const) {
      const { code, err } = await run(
        "tokenizer",
        "--data",
        path("little.txt"),
        "--vocabulary",
        vocabulary,
        "-o",
        path("no.json"),
      );
      expect(code).toBe(1);
      expect(err).toMatch(message);
    }
    expect(existsSync(path("no.json"))).toBe(false);
  });
});
