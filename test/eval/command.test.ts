// `unmask eval` and `unmask eval gsm8k` from their flags to their files.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { registerEval } from "../../src/cli/eval.js";
import type { Output, Surroundings } from "../../src/cli/surroundings.js";
import type { LoadOptions } from "../../src/engine/types.js";
import { ScriptedModel } from "./scripted-model.js";

let folder: string;
let model: ScriptedModel;
let loaded: LoadOptions;
let interrupt: () => void;
const said = { stdout: "", stderr: "" };

const file = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(file(name), "utf8");
const jsonl = (values: unknown[]) => values.map((value) => JSON.stringify(value)).join("\n");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unmask-eval-"));
  writeFileSync(file("tiny.gguf"), "weights");
  const questions = [
    { task: "arith", question: "1+1?", answer: "2" },
    { task: "arith", question: "2+2?", answer: "4" },
    { task: "chat", question: "Hi", answer: "Hello." },
  ];
  writeFileSync(file("tiny.heldout.jsonl"), jsonl(questions));
  model = new ScriptedModel();
  model.info = { ...model.info, path: file("tiny.gguf") };
  model.answer = (question, { decodeMode }) => (decodeMode === "greedy" ? "?" : question === "Hi" ? "Hello." : "4");
  said.stdout = said.stderr = "";
});
afterEach(() => rmSync(folder, { recursive: true }));

function capture(name: "stdout" | "stderr"): Output {
  const stream = new PassThrough();
  stream.on("data", (chunk) => {
    said[name] += chunk;
  });
  return stream as unknown as Output;
}

async function type(...words: string[]): Promise<void> {
  const surroundings: Surroundings = {
    stdin: new PassThrough(),
    stdout: capture("stdout"),
    stderr: capture("stderr"),
    environment: {},
    loadModel: async (_, options) => {
      loaded = options;
      return model.asModel();
    },
    onInterrupt: (heard) => {
      interrupt = heard;
      return () => {};
    },
  };
  const program = new Command()
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  registerEval(program, surroundings);
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  for (const command of commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  await program.parseAsync(["eval", ...words], { from: "user" });
  await new Promise((resolve) => setImmediate(resolve));
}

const run = (...flags: string[]) => type("--model", file("tiny.gguf"), ...flags);

describe("unmask eval", () => {
  it("asks the questions beside the model in every mode and prints the main results", async () => {
    await run();
    expect(model.asked).toHaveLength(16 * 4);
    const rows = said.stdout.split("\n").filter((line) => line.startsWith("| "));
    expect(rows[2]).toMatch(/^\| arith \| 2 \| 50\.0 \| 50\.0 \| 50\.0 \| 50\.0 \| 0\.0 \|$/);
    expect(rows[4]).toMatch(/^\| \*\*all\*\* \| 3 \| 66\.7 /);
    expect(rows.slice(7).map((row) => row.split(" | ")[0])).toEqual([
      "| autoregressive",
      "| verified",
      "| iterative 0.9, sub-blocks of 8",
      "| adaptive 0.9, sub-blocks of 8",
      "| greedy, whole block",
    ]);
    expect(said.stderr).toMatch(/^3 questions, 16 methods\n5\/48 answers, \d+ (s|min) left\n/);
    expect(said.stderr).toMatch(/48\/48 answers, done\n$/);
    expect(model.disposed).toBe(true);
    expect(loaded.prefixCache).toBe(false); // no method profits from another's prompt
  });

  it("judges conversations as their task does", async () => {
    const problem = {
      task: "word-problems",
      kind: "add",
      messages: [
        { role: "system", content: "You are a teacher." },
        { role: "user", content: "How many?" },
        { role: "assistant", content: "2 + 3 = 5. There are 5 nuts." },
      ],
      check: { number: 5 },
    };
    const outside = { ...problem, task: "outside", kind: "question", check: undefined };
    outside.messages = [problem.messages[1], { role: "assistant", content: "I don't know that." }];
    writeFileSync(file("q.jsonl"), jsonl([problem, outside]));
    model.answer = (_, { decodeMode }) => (decodeMode === "greedy" ? "I don't know that." : "So there are 5.");
    await run("--data", file("q.jsonl"), "--modes", "autoregressive,greedy", "--json", file("r.json"));
    const { results } = JSON.parse(read("r.json"));
    expect(
      results.map((result: { tasks: { correct: number }[] }) => result.tasks.map(({ correct }) => correct)),
    ).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(results[1].refusals).toMatchObject({ right: { correct: 1, n: 1 }, wrong: { correct: 1, n: 1 } });
    expect(model.asked[0].messages?.map(({ role }) => role)).toEqual(["system", "user"]);
  });

  it("keeps what is written into a document while it measures", async () => {
    writeFileSync(file("README.md"), "# T\n<!-- results -->\n");
    const { answer } = model;
    model.answer = (...question) => {
      writeFileSync(file("README.md"), "# Another title\n<!-- results -->\n");
      return answer(...question);
    };
    await run("--modes", "greedy", "--markdown", file("README.md"));
    expect(read("README.md")).toBe(`# Another title\n<!-- results -->\n${said.stdout}<!-- /results -->\n`);
    expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  it("writes JSON, answers, a picture, and tables each into its place", async () => {
    mkdirSync(file("docs"));
    writeFileSync(file("README.md"), "# T\n<!-- results -->\n## More\n");
    writeFileSync(file("docs/quality.md"), "prose\n<!-- results: full -->\nOUTDATED\n<!-- /results -->\nmore prose\n");
    const documents = ["README.md", "docs/quality.md", "new.md"].flatMap((name) => ["--markdown", file(name)]);
    const more = ["--json", file("r.json"), "--answers", file("a.jsonl"), "--svg", file("docs/q.svg")];
    await run("--modes", "verified,greedy", ...documents, ...more);

    const report = JSON.parse(read("r.json"));
    expect(report.results.map((result: { mode: string }) => result.mode)).toEqual(["verified", "greedy"]);
    const sha256 = "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c"; // of "weights"
    expect(report.model).toMatchObject({ name: "tiny.gguf", sha256 });
    expect(report).toMatchObject({ n: 3, questions: { name: "tiny.heldout.jsonl" } });

    expect(read("README.md")).toBe(`# T\n<!-- results -->\n${said.stdout}<!-- /results -->\n## More\n`);
    const quality = read("docs/quality.md");
    expect(quality).toMatch(
      /^prose\n<!-- results: full -->\n[\s\S]*## Ten answers[\s\S]*<!-- \/results -->\nmore prose\n$/,
    );
    expect(quality).toContain("](q.svg)");
    expect(quality).not.toContain("OUTDATED");
    expect(read("new.md")).toContain("](docs/q.svg)");
    expect(read("docs/q.svg")).toMatch(/^<svg .*<\/svg>\n$/s);

    const answers = read("a.jsonl")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers).toHaveLength(6);
    expect(answers[1]).toMatchObject({
      question: 0,
      task: "arith",
      messages: [{ role: "user", content: "1+1?" }],
      expected: "2",
      method: "greedy, whole block",
      answer: "?",
      ok: false,
      reason: 'expected "2"',
      tokens: 2,
    });
  });

  it("takes the questions and methods it is told to", async () => {
    await run("--task", "chat", "--limit", "1", "--modes", "iterative", "--thresholds", "0.8, 0.6");
    expect(model.asked.map(({ question }) => question)).toEqual(new Array(8).fill("Hi"));
    expect(model.asked.slice(4).map(({ options }) => options.threshold)).toEqual([0.8, 0.6, 0.8, 0.6]);
    model.asked.length = 0;
    await run("--per-task", "1", "--modes", "adaptive", "--small-block-sizes", "16");
    expect(model.asked.map(({ question, options }) => [question, options.smallBlockSize])).toEqual([
      ["1+1?", 16],
      ["1+1?", 16],
      ["Hi", 16],
    ]);
  });

  it("says so when verified is not what it promises", async () => {
    model.answer = (question, { decodeMode }) => (question === "Hi" && decodeMode === "verified" ? "Ho" : "4");
    await run("--modes", "autoregressive,verified");
    expect(said.stderr).toContain("warning: verified differs from autoregressive in 1 ");
  });

  it("says what is wrong before it measures", async () => {
    writeFileSync(file("plain.md"), "# T\n");
    writeFileSync(file("bad.jsonl"), '{"task":"a","question":"b","answer":"c"}\n{"task":"text","text":"d"}\n');
    const cases: [string[], string, RegExp][] = [
      [["--markdown", file("plain.md")], "file_write_failed", /<!-- results -->/],
      [["--json", file("nowhere/r.json")], "file_write_failed", /nowhere/],
      [["--svg", file("nowhere/q.svg")], "file_write_failed", /nowhere/],
      [["--answers", file("nowhere/a.jsonl")], "file_write_failed", /nowhere/],
      [["--markdown", file("nowhere/a.md")], "file_write_failed", /nowhere/],
      [["--data", file("none.jsonl")], "file_not_found", /--data/],
      [["--data", file("bad.jsonl")], "invalid_request", /bad\.jsonl:2: question: /],
      [["--task", "story"], "invalid_request", /arith, chat/],
      [["--concurrency", "17"], "invalid_request", /16/],
      [["--thresholds", "0.9,2"], "invalid_request", /threshold 2/],
      [["--small-block-sizes", "12"], "invalid_request", /12 do not divide/],
    ];
    for (const [argv, code, message] of cases) {
      await expect(run(...argv)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    }
    model.info = { ...model.info, decodeModes: ["autoregressive"], blockLength: null };
    await expect(run("--modes", "adaptive")).rejects.toMatchObject({ code: "mode_unsupported" });
    rmSync(file("tiny.heldout.jsonl"));
    await expect(run()).rejects.toMatchObject({ code: "option_missing" });
    for (const argv of [
      ["--modes", "clever"],
      ["--limit", "0"],
      ["--per-task", "x"],
      ["--small-block-sizes", "0"],
    ]) {
      await expect(run(...argv)).rejects.toMatchObject({ code: "commander.invalidArgument" });
    }
    await expect(run("--threshold", "0.5")).rejects.toMatchObject({ code: "commander.unknownOption" });
    expect(model.asked).toHaveLength(0);
    expect(existsSync(file("nowhere"))).toBe(false);
  });

  it("stops with Ctrl-C, writes nothing and frees the model", async () => {
    model.answer = () => {
      if (model.asked.length === 3) interrupt();
      return "";
    };
    await expect(run("--json", file("r.json"))).rejects.toMatchObject({ code: "aborted" });
    expect(model.asked.length).toBeLessThan(6);
    expect(model.disposed).toBe(true);
    expect(existsSync(file("r.json"))).toBe(false);
    expect(said.stdout).toBe("");
  });
});

describe("unmask eval gsm8k", () => {
  const gsm8k = (...flags: string[]) => type("gsm8k", "--model", file("tiny.gguf"), ...flags);
  const problems = [1, 2, 3, 4, 5, 6].map((n) => ({ question: `${n} + 1?`, answer: `#### ${n + 1}` }));
  beforeEach(() => {
    writeFileSync(file("test.jsonl"), jsonl(problems));
    writeFileSync(file("train.jsonl"), jsonl([...problems].reverse()));
    model.answer = (question) => ` #### ${Number(/(\d+) \+ 1\?\nAnswer:$/.exec(question)?.[1]) + 1}`;
  });

  it("asks behind five examples, decoding as the settings say, and prints both scores", async () => {
    const flags = ["--data", file("test.jsonl"), "--train", file("train.jsonl"), "--decode-mode", "verified"];
    await gsm8k(...flags, "--max-tokens", "99", "--json", file("r.json"), "--answers", file("a.jsonl"));
    expect(model.asked).toHaveLength(6);
    expect(model.asked[0].question.match(/Question:/g)).toHaveLength(6);
    expect(model.asked[0].question.startsWith("Question: 6 + 1?\nAnswer: #### 7\n\nQuestion: 5 + 1?")).toBe(true);
    expect(loaded.defaults).toMatchObject({ decodeMode: "verified", maxTokens: 99 });
    expect(loaded.prefixCache).toBe(true); // the examples are read once
    expect(said.stdout).toMatch(/^\| strict-match \| 100\.0 \(61\.0-100\.0\) \| 6 \| 6 \|$/m);
    expect(said.stdout).toMatch(/^\| flexible-extract \| 100\.0 /m);
    expect(JSON.parse(read("r.json"))).toMatchObject({ task: "gsm8k", shots: 5, n: 6, chat: false });
    const answers = read("a.jsonl").trimEnd().split("\n");
    expect(JSON.parse(answers[5])).toMatchObject({
      question: "6 + 1?",
      expected: "#### 7",
      answer: " #### 7",
      extracted: { "strict-match": "7", "flexible-extract": "7" },
      right: { "strict-match": true, "flexible-extract": true },
    });
    expect(model.disposed).toBe(true);
  });

  it("asks without examples, under the chat template, only as many", async () => {
    await gsm8k("--data", file("test.jsonl"), "--shots", "0", "--chat", "--limit", "2");
    expect(model.asked.map(({ messages }) => messages)).toEqual([
      [{ role: "user", content: "Question: 1 + 1?\nAnswer:" }],
      [{ role: "user", content: "Question: 2 + 1?\nAnswer:" }],
    ]);
  });

  it("says what is wrong before it measures", async () => {
    const [test, train] = ["--data", "--train"].map((flag) => [
      flag,
      file(flag === "--data" ? "test.jsonl" : "train.jsonl"),
    ]);
    writeFileSync(file("bad.jsonl"), `${jsonl(problems)}\n{"question":"?","answer":"7"}\n`);
    const cases: [string[], string, RegExp][] = [
      [[], "option_missing", /--data/],
      [test, "option_missing", /--train.*--shots 0/],
      [[...test, ...train, "--shots", "7"], "invalid_request", /train\.jsonl has 6 problems/],
      [["--data", file("bad.jsonl"), "--shots", "0"], "invalid_request", /bad\.jsonl:7: answer: /],
      [[...test, "--train", file("bad.jsonl")], "invalid_request", /bad\.jsonl:7: answer: /],
      [[...test, "--train", file("none.jsonl")], "file_not_found", /--train/],
      [[...test, ...train, "--json", file("nowhere/r.json")], "file_write_failed", /nowhere/],
      [[...test, ...train, "--concurrency", "17"], "invalid_request", /16/],
    ];
    for (const [argv, code, message] of cases) {
      await expect(gsm8k(...argv)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    }
    await expect(gsm8k("--shots", "-1")).rejects.toMatchObject({ code: "commander.invalidArgument" });
    expect(model.asked).toHaveLength(0);
  });

  it("stops with Ctrl-C and frees the model", async () => {
    model.answer = () => {
      interrupt();
      return "";
    };
    await expect(gsm8k("--data", file("test.jsonl"), "--shots", "0")).rejects.toMatchObject({ code: "aborted" });
    expect(model.asked.length).toBeLessThan(3);
    expect(model.disposed).toBe(true);
  });
});
