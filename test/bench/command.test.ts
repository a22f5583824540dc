// `unmask synth` and `unmask bench` from their flags to their files.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModel } from "../../src/engine/index.js";
import { type Stage, stage } from "../cli/fakes.js";
import { type Folder, temporaryFolder, writeTiny } from "./tiny-model.js";

let folder: Folder;
let model: string;
beforeAll(async () => {
  folder = temporaryFolder();
  model = folder.file("tiny.gguf");
  await writeTiny(model, {
    shape: { hidden: 64, ffn: 64, heads: 1, kvHeads: 1, vocabulary: 300, contextLength: 128 },
  });
});
afterAll(() => folder.remove());

/** A stage with the real engine. */
function real(): Stage {
  return Object.assign(stage(), { loadModel });
}

const tables = (text: string) => text.split("\n").filter((line) => line.startsWith("| "));

describe("synth", () => {
  it("writes a model and says that it has no quality", async () => {
    const at = stage();
    const path = folder.file("made.gguf");
    const argv = [
      "--preset",
      "smollm2-135m",
      "--layers",
      "1",
      "--vocabulary",
      "500",
      "--arch",
      "qwen2",
      "--seed",
      "3",
      "-o",
      path,
    ];
    expect(await at.run("synth", ...argv)).toBe(0);
    expect(at.stdout.text).toMatch(/made\.gguf: qwen2, q2_0, 1 layer, .* parameters/);
    expect(at.stdout.text).toContain("random weights");
    expect(existsSync(path)).toBe(true);
  });

  it.each([
    [["-o", "x.gguf"], /--preset/],
    [["--preset", "bitnet-2b"], /--out/],
    [["--preset", "gpt", "-o", "x.gguf"], /bitnet-2b, smollm2-135m, qwen2.5-32b, llama-8b/],
    [["--preset", "smollm2-135m", "--type", "i2_s", "-o", "x.gguf"], /type_does_not_fit.*q2_0/],
    [["--preset", "smollm2-135m", "--layers", "0", "-o", "x.gguf"], /1 to 1024/],
    [["--preset", "smollm2-135m", "--vocabulary", "200", "-o", "x.gguf"], /259 to/],
    [["--preset", "smollm2-135m", "--seed", "-1", "-o", "x.gguf"], /whole number/],
    [
      ["--preset", "smollm2-135m", "--layers", "1", "--vocabulary", "300", "-o", "/no/such/folder/x.gguf"],
      /file_write_failed/,
    ],
  ])("refuses %j", async (argv, message) => {
    const at = stage();
    expect(await at.run("synth", ...argv)).toBe(1);
    expect(at.stderr.text).toMatch(message);
  });
});

describe("bench", () => {
  it("measures forwards, answers and many requests, and writes everything as JSON", async () => {
    const at = real();
    const json = folder.file("report.json");
    expect(await at.run("bench", "--model", model, "--backend", "reference", "--quick", "--json", json)).toBe(0);
    const rows = tables(at.stdout.text).map((line) => line.split(" | ")[0]);
    for (const name of ["denoise 32 rows, head of 32 rows", "decode 1 token", "verified", "autoregressive"]) {
      expect(rows).toContain(`| ${name}`);
    }
    expect(at.stdout.text).toContain("random weights: no quality");
    expect(at.stdout.text).toContain("reference typescript, 1 thread");
    const report = JSON.parse(readFileSync(json, "utf8"));
    expect(report).toMatchObject({ rounds: 1, peaks: null, subject: { file: "tiny.gguf", synthetic: true } });
    expect(report.forwards.every(({ ms }: { ms: { median: number } }) => ms.median > 0)).toBe(true);
    expect(report.generation).toContainEqual(
      expect.objectContaining({ name: "autoregressive", newTokens: 64, rowsPerToken: expect.closeTo(1, 1) }),
    );
    expect(report.concurrency[0]).toMatchObject({ mode: "autoregressive", requests: 16 });
    expect(report.load.weightBytes).toBeGreaterThan(0);
  });

  it("runs only the parts it is told to", async () => {
    const at = real();
    expect(await at.run("bench", "--model", model, "--backend", "reference", "--parts", "load", "--quick")).toBe(0);
    expect(tables(at.stdout.text)).toHaveLength(3);
  });

  it("compares heads when asked, and names the one in use", async () => {
    const at = real();
    const untied = folder.file("untied.gguf"); // a tied head would choose the token that it reads
    const shape = { hidden: 64, ffn: 64, heads: 1, kvHeads: 1, vocabulary: 300, contextLength: 128, tiedHead: false };
    await writeTiny(untied, { shape });
    const argv = ["--backend", "reference", "--quick", "--parts", "heads", "--head", "q4_0"];
    expect(await at.run("bench", "--model", untied, ...argv)).toBe(0);
    expect(at.stdout.text).toContain("Q2_0, head Q4_0 (stored as F16),");
    const rows = tables(at.stdout.text).map((line) => line.split(" | "));
    // Rows of 64 weights are too short for q6_k.
    expect(rows.slice(2).map(([head]) => head)).toEqual(["| as stored, F16", "| `--head q8_0`", "| `--head q4_0`"]);
    expect(rows.slice(2).map(([, size]) => size)).toEqual(["37.5 KiB", "19.9 KiB", "10.5 KiB"]);
    const same = rows.slice(2).map((cells) => Number.parseFloat(cells.at(-1)!));
    expect(same[0]).toBe(100);
    expect(same[1]).toBeGreaterThan(same[2]);
    expect(same[2]).toBeGreaterThan(50);
    expect(at.stdout.text).toContain("over 384 rows of a text of random tokens");
  });

  it("sweeps threads and says when there is no profile", async () => {
    const at = real();
    const argv = ["--backend", "reference", "--quick", "--sweep-threads", "--profile"];
    expect(await at.run("bench", "--model", model, ...argv)).toBe(0);
    expect(at.stdout.text).toContain("No profile");
    expect(at.stdout.text).toMatch(/Best for denoising: 1 thread /);
  });

  it.each([
    [["--parts", "everything"], /none of load, forwards, generation, concurrency, heads/],
    [["--rounds", "0"], /whole number/],
    [["--parts", "load", "--roofline", "x.svg"], /--roofline draws the part forwards/],
    [["--model", "/no/such.gguf"], /file_not_found/],
    [["--decode-mode", "greedy"], /unknown option/],
    [["faster"], /too many arguments|unknown command/],
    [["compare"], /option_missing.*--save-baseline/],
    [["compare", "--compare", "/no/such.json"], /file_not_found/],
    [["e2e", "--iterations", "many"], /whole number/],
  ])("refuses %j", async (argv, message) => {
    const at = real();
    expect(await at.run("bench", ...argv)).toBe(1);
    expect(at.stderr.text).toMatch(message);
    expect(at.stdout.text).toBe("");
  });

  it("cannot draw a roofline without peaks", async () => {
    const at = real();
    const argv = ["--backend", "reference", "--quick", "--parts", "forwards", "--roofline", folder.file("r.svg")];
    expect(await at.run("bench", "--model", model, ...argv)).toBe(1);
    expect(at.stderr.text).toContain("error [native_unavailable]");
  });

  it("stops at Ctrl-C", async () => {
    const at = real();
    const running = at.run("bench", "--model", model, "--backend", "reference", "--rounds", "1000000");
    await new Promise((resolve) => setTimeout(resolve, 100));
    at.interrupt();
    expect(await running).toBe(130);
    expect(at.stdout.text).toBe("");
  });
});

describe("bench e2e", () => {
  it("asks its prompt as often as it is told", async () => {
    const at = stage();
    const argv = ["--iterations", "3", "--prompt", "Why?", "--max-tokens", "9", "--json", folder.file("e2e.json")];
    expect(await at.run("bench", "e2e", ...argv)).toBe(0);
    expect(at.model.calls).toHaveLength(4);
    expect(at.model.calls[0]).toMatchObject({ input: { messages: [{ content: "Why?" }] }, options: { maxTokens: 9 } });
    expect(at.stdout.text).toMatch(/latency, p99 +/);
    expect(JSON.parse(readFileSync(folder.file("e2e.json"), "utf8"))).toMatchObject({ iterations: 3, tokens: 24 });
    expect(at.model.disposed).toBe(1);
  });
});

describe("bench compare", () => {
  const run = async (at: Stage, ...argv: string[]) =>
    at.run("bench", "compare", "--model", model, "--backend", "reference", "--rounds", "1", ...argv);

  it("finds nothing when nothing changed, and the one token that did", async () => {
    const baseline = folder.file("baseline.json");
    expect(await run(real(), "--save-baseline", baseline)).toBe(0);
    const saved = JSON.parse(readFileSync(baseline, "utf8"));
    expect(saved.answers.length).toBeGreaterThan(15);
    expect(saved.answers.every(({ tokens }: { tokens: number[] }) => tokens.length === 48)).toBe(true);

    const same = real();
    expect(await run(same, "--compare", baseline)).toBe(0);
    expect(tables(same.stdout.text).filter((line) => line.includes("| same |"))).toHaveLength(saved.answers.length);

    saved.answers[4].tokens[7]++;
    writeFileSync(folder.file("changed.json"), JSON.stringify(saved));
    const changed = real();
    expect(await run(changed, "--compare", folder.file("changed.json"))).toBe(1);
    expect(changed.stderr.text).toContain(`error [baseline_differs]: 1 of ${saved.answers.length} answers`);
    expect(tables(changed.stdout.text).find((line) => line.includes(saved.answers[4].name))).toContain("token 7:");
  });

  it("refuses the baseline of another head", async () => {
    const baseline = folder.file("head.json");
    expect(await run(real(), "--save-baseline", baseline)).toBe(0);
    const at = real();
    expect(await run(at, "--compare", baseline, "--head", "q8_0")).toBe(1);
    expect(at.stderr.text).toContain("was saved with a F16 head, and this one is Q8_0");
  });

  it("refuses the baseline of another model", async () => {
    const machine = { cpu: "c", backend: "native", isa: "avx2", threads: 1 };
    const answers = [{ name: "x", tokens: [1], tokensPerSecond: [1] }];
    const other = { model: { name: "other.gguf", sha256: "00" }, machine, answers };
    writeFileSync(folder.file("other.json"), JSON.stringify(other));
    const at = real();
    expect(await run(at, "--compare", folder.file("other.json"))).toBe(1);
    expect(at.stderr.text).toMatch(/other\.gguf, and tiny\.gguf is another file/);
  });
});
