// `unmask eval` from its flags to its files.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { registerEval } from "../../src/cli/eval.js";
import type { Output, Surroundings } from "../../src/cli/surroundings.js";
import { ScriptedModel } from "./scripted-model.js";

let folder: string;
let model: ScriptedModel;
let interrupt: () => void;
const said = { stdout: "", stderr: "" };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unmask-eval-"));
  writeFileSync(file("tiny.gguf"), "weights");
  const lines = [
    { task: "arith", question: "1+1?", answer: "2" },
    { task: "arith", question: "2+2?", answer: "4" },
    { task: "chat", question: "Hi", answer: "Hello." },
  ];
  writeFileSync(file("tiny.heldout.jsonl"), lines.map((line) => JSON.stringify(line)).join("\n"));
  model = new ScriptedModel();
  model.info = { ...model.info, path: file("tiny.gguf") };
  model.answer = (question, { decodeMode }) => (decodeMode === "greedy" ? "?" : question === "Hi" ? "Hello." : "4");
  said.stdout = said.stderr = "";
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string) => join(folder, name);

function capture(name: "stdout" | "stderr"): Output {
  const stream = new PassThrough();
  stream.on("data", (chunk) => {
    said[name] += chunk;
  });
  return stream as unknown as Output;
}

async function run(...argv: string[]): Promise<void> {
  const surroundings: Surroundings = {
    stdin: new PassThrough(),
    stdout: capture("stdout"),
    stderr: capture("stderr"),
    environment: {},
    loadModel: async () => model.asModel(),
    onInterrupt: (heard) => {
      interrupt = heard;
      return () => {};
    },
  };
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  registerEval(program, surroundings);
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  await program.parseAsync(["eval", "--model", file("tiny.gguf"), ...argv], { from: "user" });
  await new Promise((resolve) => setImmediate(resolve));
}

describe("unmask eval", () => {
  it("asks the questions beside the model in every mode and prints the table", async () => {
    await run();
    expect(model.asked).toHaveLength(13 * 4);
    const rows = said.stdout.split("\n").filter((line) => line.startsWith("| "));
    expect(rows).toHaveLength(2 + 13);
    expect(rows[2]).toMatch(/^\| autoregressive \| 50\.0 .* \| 100\.0 .* \| 66\.7 /);
    expect(rows[14]).toMatch(/^\| greedy, whole block \| 0\.0 /);
    expect(said.stderr).toContain("13/13 greedy, whole block");
    expect(model.disposed).toBe(true);
  });

  it("writes JSON and the table, each time into its place", async () => {
    writeFileSync(file("README.md"), "# T\n<!-- results -->\n## More\n");
    const argv = ["--modes", "verified,greedy", "--json", file("r.json")];
    await run(...argv, "--markdown", file("README.md"), "--markdown", file("new.md"));
    const report = JSON.parse(readFileSync(file("r.json"), "utf8"));
    expect(report.results.map((result: { mode: string }) => result.mode)).toEqual(["verified", "greedy"]);
    const sha256 = "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c"; // of "weights"
    expect(report.model).toMatchObject({ name: "tiny.gguf", sha256 });
    expect(report.questions).toMatchObject({ name: "tiny.heldout.jsonl", n: 3 });
    const readme = readFileSync(file("README.md"), "utf8");
    expect(readme).toBe(`# T\n<!-- results -->\n${said.stdout}<!-- /results -->\n## More\n`);
    expect(readFileSync(file("new.md"), "utf8")).toContain(said.stdout);
  });

  it("takes the questions it is told to", async () => {
    await run("--task", "chat", "--limit", "1", "--modes", "iterative", "--thresholds", "0.8, 0.6");
    expect(model.asked.map(({ question }) => question)).toEqual(new Array(8).fill("Hi"));
    expect(model.asked.map(({ options }) => options.threshold)).toEqual([0.8, 0.8, 0.6, 0.6, 0.8, 0.8, 0.6, 0.6]);
  });

  it("says what is wrong before it measures", async () => {
    writeFileSync(file("plain.md"), "# T\n");
    const cases: [string[], string, RegExp][] = [
      [["--markdown", file("plain.md")], "file_write_failed", /<!-- results -->/],
      [["--data", file("none.jsonl")], "file_not_found", /--data/],
      [["--task", "story"], "invalid_request", /arith, chat/],
      [["--concurrency", "17"], "invalid_request", /16/],
    ];
    for (const [argv, code, message] of cases) {
      await expect(run(...argv)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    }
    rmSync(file("tiny.heldout.jsonl"));
    await expect(run()).rejects.toMatchObject({ code: "option_missing" });
    await expect(run("--modes", "clever")).rejects.toMatchObject({ code: "commander.invalidArgument" });
    await expect(run("--limit", "0")).rejects.toMatchObject({ code: "commander.invalidArgument" });
    await expect(run("--threshold", "0.5")).rejects.toMatchObject({ code: "commander.unknownOption" });
    expect(model.asked).toHaveLength(0);
  });

  it("stops with Ctrl-C and frees the model", async () => {
    model.answer = () => {
      if (model.asked.length === 3) interrupt();
      return "";
    };
    await expect(run()).rejects.toMatchObject({ code: "aborted" });
    expect(model.asked.length).toBeLessThan(6);
    expect(model.disposed).toBe(true);
  });
});
