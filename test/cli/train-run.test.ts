// `unmask train` as a command: a run, resumed, interrupted, and what it refuses.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/index.js";
import { temporaryFolder, writeTo } from "../format/files.js";
import { stage, until } from "./fakes.js";

const folder = temporaryFolder();
writeTo(folder, "data.yaml", "tasks: { arithmetic: 1 }\n");
const phase = { name: "first", objective: "next_token", batch: 64, length: 64, matrix_rate: 0.01, other_rate: 0.01 };
const config = (steps: number) =>
  writeTo(
    folder,
    `train-${steps}.yaml`,
    JSON.stringify({
      trainer: "reference",
      model: { name: "mini", layers: 1, hidden: 16, ffn: 16, heads: 2, kv_heads: 1, head_dim: 8, context_length: 128 },
      tokenizer: { vocabulary: 300, examples: 300 },
      data: "data.yaml",
      phases: [{ ...phase, steps }],
      output: { type: "f32", questions: 5, log_every: 1 },
    }),
  );

/** The configuration of a run that begins from another one's model. */
function runAfter(before: string, name: string, steps: number): string {
  const phases = [{ ...phase, name, steps }];
  const run = { ...JSON.parse(readFileSync(before, "utf8")), seed: steps, init: basename(before), phases };
  return writeTo(folder, `${name}.yaml`, JSON.stringify(run));
}

const hashOf = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
/** The hash that a card gives of a file. */
const listed = (card: string, file: string) =>
  card
    .split("\n")
    .find((line) => line.startsWith(`| \`${file}\``))
    ?.match(/[0-9a-f]{64}/)?.[0];

describe("unmask train", () => {
  it("ends with the model and the command that measures it; --resume goes on", async () => {
    const out = join(folder, "run");
    const first = stage();
    expect(await first.run("train", "--config", config(3), "-o", out, "--steps", "2", "--no-eval")).toBe(0);
    expect(first.stderr.text).toMatch(/^1\/2 first {2}next \d+\.\d{3} {2}rate 1\.0e-2 {2}\d+ rows\/s/m);
    const gguf = join(out, "mini.gguf");
    expect(first.stdout.text).toBe(`${gguf}\n`);

    const again = stage();
    expect(await again.run("train", "--config", config(3), "-o", out)).toBe(1);
    expect(again.stderr.text).toContain("--resume");
    const resumed = stage();
    expect(await resumed.run("train", "--config", config(3), "-o", out, "--resume", "--no-eval")).toBe(0);
    expect(readFileSync(join(out, "log.jsonl"), "utf8").trim().split("\n")).toHaveLength(3);
  });

  it("measures the model with the engine, and writes what it found into the model's card", async () => {
    const out = join(folder, "measured");
    const { stdout, stderr, ...real } = Object.assign(stage(), { loadModel });
    expect(await real.run("train", "--config", config(2), "-o", out), stderr.text).toBe(0);
    expect(stderr.text).toContain(`unmask eval --model ${join(out, "mini.gguf")} --markdown ${join(out, "README.md")}`);
    expect(stdout.text).toContain("| **all** | 5 |");
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(card).toMatch(/^# mini\n/);
    expect(card).toContain("| first | next token | 2 | 64 |");
    expect(listed(card, "mini.gguf")).toBe(hashOf(join(out, "mini.gguf")));
    expect(card.slice(card.indexOf("<!-- results: full -->"))).toContain("### Ten answers");
    expect(existsSync(join(out, "mini.quality.svg"))).toBe(true);
  });

  it("trains the run that its configuration begins from, and goes on wherever that ended", async () => {
    const second = runAfter(config(3), "second", 2);
    const out = join(folder, "series");
    const whole = stage();
    const command = ["train", "--config", second, "--no-eval"];
    expect(await whole.run(...command, "-o", out), whole.stderr.text).toBe(0);
    expect(whole.stderr.text).toMatch(/^Run 1 of 2: .*train-3\.yaml.*^3\/3 first.*^Run 2 of 2: .*^2\/2 second/ms);
    expect(whole.stdout.text).toBe(`${join(out, "mini.gguf")}\n`);
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(card).toContain("| first | next token | 3 |");
    expect(card).toContain("| second | next token | 2 |");
    expect(listed(card, "init/mini.gguf")).toBe(hashOf(join(out, "init", "mini.gguf")));

    // In pieces: interrupted in the first run, then after it, it gives the same file.
    const pieces = join(folder, "series-pieces");
    const first = stage();
    const running = first.run(...command, "-o", pieces);
    await until(() => first.stderr.text.includes("1/3"));
    first.interrupt();
    expect(await running).toBe(130);
    expect(first.stderr.text).toContain(`Go on with: unmask train --config ${second} --out ${pieces} --resume`);
    const again = stage();
    expect(await again.run(...command, "-o", pieces)).toBe(1);
    expect(again.stderr.text).toContain("--resume");
    expect(await stage().run(...command, "-o", pieces, "--resume")).toBe(0);
    const model = (of: string) => readFileSync(join(of, "mini.gguf"));
    expect(model(pieces).equals(model(out))).toBe(true);
    // From another model, it is another run.
    const other = stage();
    expect(await other.run(...command, "-o", out, "--resume", "--init", join(out, "mini.gguf"))).toBe(1);
    expect(other.stderr.text).toContain("checkpoint_invalid");
  });

  it("names in the card what each run of a series made and read", async () => {
    const out = join(folder, "three");
    const { run, stderr } = stage();
    const third = runAfter(runAfter(config(3), "second", 2), "third", 1);
    expect(await run("train", "--config", third, "--no-eval", "-o", out), stderr.text).toBe(0);
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect([...card.matchAll(/^\| (\w+) \| next token \| (\d) /gm)].map(([, ...cells]) => cells)).toEqual([
      ["first", "3"],
      ["second", "2"],
      ["third", "1"],
    ]);
    expect(card).toMatch(/^\| \*\*all\*\* \| {2}\| +6 \|/m);
    for (const model of ["mini.gguf", "init/mini.gguf", "init/init/mini.gguf"]) {
      expect(listed(card, model)).toBe(hashOf(join(out, model)));
    }
    expect(new Set(["", "init/", "init/init/"].map((place) => listed(card, `${place}mini.gguf`))).size).toBe(3);
    expect(listed(card, "init/init/data.yaml")).toBe(hashOf(join(folder, "data.yaml")));
  });

  it("draws a bar on a terminal", async () => {
    const { run, stderr } = stage();
    stderr.isTTY = true;
    Object.assign(stderr, { cursorTo: () => true, clearLine: () => true, moveCursor: () => true });
    expect(await run("train", "--config", config(4), "-o", join(folder, "bar"), "--no-eval")).toBe(0);
    expect(stderr.text).toContain("4/4");
    expect(stderr.text).toContain("rows/s");
  });

  it("saves at Ctrl-C, says how to go on, and ends with 130", async () => {
    const out = join(folder, "interrupted");
    const { run, interrupt, stderr } = stage();
    const running = run("train", "--config", config(2000), "-o", out, "--objective", "mixed");
    await until(() => stderr.text.includes("1/2000"));
    interrupt();
    expect(await running).toBe(130);
    expect(stderr.text).toMatch(
      /Saved after step \d+\. Go on with: unmask train --config .* --objective mixed --resume\n/,
    );
    expect(existsSync(join(out, "mini.gguf"))).toBe(false);
  });

  it("needs a configuration, and names what is wrong in it", async () => {
    const without = stage();
    expect(await without.run("train")).toBe(1);
    expect(without.stderr.text).toContain("error [option_missing]");
    const wrong = stage();
    expect(await wrong.run("train", "--config", writeTo(folder, "wrong.yaml", "modle: {}\n"))).toBe(1);
    expect(wrong.stderr.text).toMatch(/error \[config_invalid\]: .*\n.*wrong\.yaml:1:1: modle/s);
  });

  it("leaves --config of its subcommands to them", async () => {
    const { run, stdout } = stage();
    const recipe = join(folder, "data.yaml");
    expect(await run("train", "data", "--config", recipe, "-o", "-", "--examples", "2")).toBe(0);
    const tasks = stdout.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).task);
    expect(tasks).toEqual(["arithmetic", "arithmetic"]);
  });
});
