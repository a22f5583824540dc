// bench/peers as a process, without the other engines: they are installed by those who ask for them.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Folder, temporaryFolder, writeTiny } from "./tiny-model.js";

const program = fileURLToPath(new URL("../../bench/peers/run.mjs", import.meta.url));

let folder: Folder;
let model: string;
beforeAll(async () => {
  folder = temporaryFolder();
  model = folder.file("tiny.gguf");
  const shape = { hidden: 64, ffn: 64, heads: 1, kvHeads: 1, vocabulary: 300, contextLength: 512 };
  await writeTiny(model, { shape });
});
afterAll(() => folder.remove());

const run = (...argv: string[]) => spawnSync(process.execPath, [program, ...argv], { encoding: "utf8" });

describe("bench/peers", () => {
  it("measures an engine in a process of its own", () => {
    const json = folder.file("peers.json");
    const { stdout, stderr, status } = run("--model", model, "--engines", "unmask", "--rounds", "2", "--json", json);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Model `tiny.gguf`, 2 threads each, medians of 2 rounds in turns.");
    expect(stdout.split("\n").filter((line) => line.startsWith("| "))).toHaveLength(6);
    const { results } = JSON.parse(readFileSync(json, "utf8"));
    expect(results.map(({ name }: { name: string }) => name)).toEqual([
      "prefill 128 tokens",
      "prefill 512 tokens",
      "block of 32 rows",
      "decode, after 64 tokens",
    ]);
    expect(results[0].engines[0].ms).toHaveLength(2);
  });

  it.each([
    [[], /--model/],
    [["--model", "/no/such.gguf"], /no file \/no\/such\.gguf.*unmask synth/],
    [["--model", program, "--engines", "unmask,other"], /no engine other. Engines: unmask, node-llama-cpp/],
    [["--model", program, "--threads", "0"], /--threads 0/],
    [["--model", program, "--rounds", "x"], /--rounds x/],
  ])("says what is wrong with %j", (argv, message) => {
    const { stdout, stderr, status } = run(...argv);
    expect(status).toBe(2);
    expect(stdout + stderr).toMatch(message);
  });

  it("says which engine failed", () => {
    const { stderr, status } = run("--model", program, "--engines", "unmask", "--rounds", "1");
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/gguf_invalid|not a GGUF/i);
  });
});
