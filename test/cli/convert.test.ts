// `unmask convert` and `unmask inspect` as commands: flags, output, exit codes.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bitnet, fastDllm, llama, save } from "../convert/tiny-checkpoint.js";
import { temporaryFolder, writeTo } from "../format/files.js";
import { stage, until } from "./fakes.js";

const folder = temporaryFolder();
let count = 0;
const next = (): string => join(folder, `model-${count++}`);

describe("unmask convert", () => {
  it("writes a file and says what is in it", async () => {
    const directory = await save(next(), bitnet());
    const { run, stdout, stderr } = stage();
    expect(await run("convert", directory, "-o", `${directory}.gguf`, "--type", "tq2_0")).toBe(0);
    expect(stdout.text).toMatch(/bitnet-b1\.58, tq2_0, 1\.3 M parameters in 24 tensors/);
    expect(stdout.text).toMatch(/14 ternary tensors, \d+\.\d-\d+\.\d % zeros\n/);
    expect(stdout.text).toMatch(/source SHA-256 [0-9a-f]{64}\n$/);
    expect(stderr.text).toBe("");
  });

  it("hands its flags on", async () => {
    const directory = await save(next(), fastDllm());
    const out = `${directory}.gguf`;
    const { run, stdout } = stage();
    const flags = ["--attention", "context-causal", "--block-length", "16", "--mask-token", "301", "--no-shift"];
    expect(await run("convert", directory, "-o", out, ...flags, "--force-ternary", "--type", "i2_s")).toBe(0);
    expect(stdout.text).toContain("forced");
    const inspecting = stage();
    expect(await inspecting.run("inspect", out)).toBe(0);
    expect(inspecting.stdout.text).toMatch(/diffusion +blocks of 16, no token shift, mask token 301\n/);
    expect(inspecting.stdout.text).toMatch(/attention +context-causal\n/);
    expect(inspecting.stdout.text).toContain("--no-shift --force-ternary");
    expect(inspecting.stdout.text).toContain("Warnings\n");
  });

  it("draws a bar on a terminal and only there", async () => {
    const directory = await save(next(), llama());
    const { run, stderr } = stage();
    stderr.isTTY = true;
    Object.assign(stderr, { cursorTo: () => true, clearLine: () => true, moveCursor: () => true });
    expect(await run("convert", directory, "-o", `${directory}.gguf`)).toBe(0);
    expect(stderr.text).toContain("token_embd.weight");
  });

  it("stops at Ctrl-C and leaves nothing behind", async () => {
    const directory = await save(next(), llama());
    const { run, interrupt } = stage();
    const running = run("convert", directory, "-o", `${directory}.gguf`);
    await until(() => {
      try {
        interrupt();
        return true;
      } catch {
        return false;
      }
    });
    expect(await running).toBe(130);
    expect(existsSync(`${directory}.gguf`)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  it.each([
    [["--type", "q4_k"], "q4_k"],
    [["--block-length", "none"], "block-length"],
    [["--block-length", "0"], "block-length"],
    [["--attention", "sideways"], "sideways"],
    [["--pre", "nope"], "nope"],
  ])("refuses %j", async (flags, words) => {
    const { run, stderr } = stage();
    expect(await run("convert", folder, "-o", "x.gguf", ...flags)).toBe(1);
    expect(stderr.text).toContain(words);
  });

  it("wants an output file", async () => {
    const { run, stderr } = stage();
    expect(await run("convert", folder)).toBe(1);
    expect(stderr.text).toContain("--out");
  });

  it("says what is wrong with a checkpoint, with its code", async () => {
    const { run, stderr } = stage();
    expect(await run("convert", await save(next(), llama()), "-o", join(folder, "x.gguf"), "--type", "i2_s")).toBe(1);
    expect(stderr.text).toMatch(/^error \[not_ternary\]: .*--force-ternary/);
  });
});

describe("unmask inspect", () => {
  it("prints JSON", async () => {
    const directory = await save(next(), llama());
    await stage().run("convert", directory, "-o", `${directory}.gguf`);
    const { run, stdout } = stage();
    expect(await run("inspect", "--json", `${directory}.gguf`)).toBe(0);
    const inspection = JSON.parse(stdout.text);
    expect(inspection).toMatchObject({ forcedTernary: false, problems: [], engine: { defaultMode: "autoregressive" } });
    expect(inspection.tensors).toHaveLength(20);
  });

  it("refuses what is not GGUF", async () => {
    const { run, stderr } = stage();
    expect(await run("inspect", writeTo(folder, "x.txt", "hello, world"))).toBe(1);
    expect(stderr.text).toMatch(/^error \[gguf_invalid\]/);
  });
});
