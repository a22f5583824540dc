import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeFailure } from "../../src/cli/failure.js";
import { buildProgram } from "../../src/cli/program.js";
import { loadConfig } from "../../src/config/load.js";
import { allSettings, longFlag } from "../../src/config/settings.js";
import { UnmaskError } from "../../src/util/errors.js";
import { stage } from "./fakes.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unmask-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("help", () => {
  it("names every command and shows examples", async () => {
    const at = stage();
    expect(await at.run("--help")).toBe(0);
    for (const command of buildProgram(at).commands)
      expect(at.stdout.text).toMatch(new RegExp(`^  ${command.name()} `, "m"));
    expect(at.stdout.text).toContain("$ unmask serve");
    expect(at.stderr.text).toBe("");
  });

  const commands = buildProgram(stage()).commands.map((command) => command.name());
  it.each(commands)("of %s has a description and examples, and no line of it is too wide", async (command) => {
    const at = stage();
    at.stdout.columns = 100;
    expect(await at.run(command, "--help")).toBe(0);
    expect(at.stdout.text).toMatch(new RegExp(`^Usage: unmask ${command} `));
    expect(at.stdout.text).toContain(`$ unmask ${command}`);
    for (const line of at.stdout.text.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });

  it("of serve explains every setting that has a flag", async () => {
    const at = stage();
    await at.run("serve", "--help");
    const words = at.stdout.text.replaceAll(/\s+/g, " ");
    for (const setting of allSettings()) {
      if (setting.flag === undefined) continue;
      const about = setting.about.split(/ null: |\.$/)[0].slice(1); // its case changes behind "Do not"
      expect(words).toContain(about);
      const name = longFlag(setting.flag).slice(2);
      const shown = setting.fallback === true ? `--no-${name}` : `--${name}`;
      expect(at.stdout.text).toMatch(new RegExp(`^  (--model, )?${shown}[ \n]`, "m"));
    }
  });

  it("of chat and generate leaves out what only a server needs", async () => {
    for (const command of ["chat", "generate"]) {
      const at = stage();
      await at.run(command, "--help");
      expect(at.stdout.text).toContain("--threshold");
      expect(at.stdout.text).not.toContain("--port");
      expect(at.stdout.text).not.toContain("--benchmark");
    }
  });

  it("is shown when there is no command", async () => {
    const at = stage();
    expect(await at.run()).toBe(1);
    expect(at.stderr.text).toContain("Usage: unmask");
  });

  it("--version prints the package's version", async () => {
    const at = stage();
    expect(await at.run("--version")).toBe(0);
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(at.stdout.text).toBe(`${version}\n`);
  });
});

describe("a wrong command line", () => {
  it.each([
    [["srve"], /^error \[usage\]: unknown command 'srve'\n\(Did you mean serve\?\)/],
    [["serve", "--treshold", "0.5"], /^error \[usage\]: unknown option '--treshold'\n\(Did you mean --threshold\?\)/],
    [
      ["generate", "--temperature", "warm", "x"],
      /^error \[usage\]: option '--temperature <number>' argument 'warm' is invalid/,
    ],
    [["serve", "--port"], /^error \[usage\]: option '--port <number>' argument missing/],
    [["serve", "model.gguf"], /^error \[usage\]: too many arguments/],
  ])("%j says what was meant and where help is", async (argv, expected) => {
    const at = stage();
    expect(await at.run(...argv)).toBe(1);
    expect(at.stderr.text).toMatch(expected);
    expect(at.stderr.text).toMatch(/`unmask( \w+)? --help` lists/);
    expect(at.model.loads).toEqual([]);
  });

  it.each([
    [["serve", "--threshold", "2"], "config_invalid", "--threshold: dlm.threshold must be a number above 0"],
    [["chat", "--kv-memory", "much"], "config_invalid", "--kv-memory: scheduler.kv_memory must be a size"],
    [["serve", "--config", "/absent.yaml"], "file_not_found", "/absent.yaml"],
  ])("%j is a wrong setting", async (argv, code, words) => {
    const at = stage();
    expect(await at.run(...argv)).toBe(1);
    expect(at.stderr.text).toMatch(new RegExp(`^error \\[${code}\\]: `));
    expect(at.stderr.text).toContain(words);
    expect(at.stderr.text).not.toContain("    at ");
  });

  it("gives the position of a mistake in the file", async () => {
    const path = join(folder, "bad.yaml");
    writeFileSync(path, "port: 1\ndlm:\n  treshold: 0.5\n");
    const at = stage();
    expect(await at.run("serve", "--config", path)).toBe(1);
    expect(at.stderr.text).toBe(
      `error [config_invalid]: ${path}:3:3: unknown setting "treshold" in dlm. Did you mean threshold?\n`,
    );
  });
});

describe("settings reach the engine", () => {
  it("from flags, file and environment, in this order", async () => {
    const path = join(folder, "some.yaml");
    writeFileSync(path, "dlm:\n  threshold: 0.7\n  small_block_size: 4\nbackend:\n  threads: 3\n");
    const at = stage({
      UNMASK_THREADS: "5",
      UNMASK_ISA: "scalar",
      UNMASK_HEAD: "q8_0",
      MODEL_PATH: "from-environment.gguf",
    });
    expect(
      await at.run(
        ...["generate", "--config", path, "--threshold", "0.5", "--kv-memory", "1MiB", "--dual-cache", "false"],
        ...["--model", "x.gguf", "--decode-mode", "iterative", "--max-tokens", "9", "hello"],
      ),
    ).toBe(0);
    expect(at.model.loads[0].path).toBe(join(process.cwd(), "x.gguf"));
    expect(at.model.loads[0].options).toMatchObject({
      backend: "auto",
      threads: 3,
      isa: "scalar",
      head: "q8_0",
      kvMemory: 2 ** 20,
      contextLength: undefined,
      maxSequences: 16,
      prefixCache: true,
      defaults: { decodeMode: "iterative", threshold: 0.5, smallBlockSize: 4, dualCache: false, maxTokens: 9 },
    });
  });

  it("leaves what nobody set to the engine", async () => {
    const at = stage();
    await at.run("generate", "hello");
    expect(at.model.loads[0].path).toMatch(/models[/\\]unmask-5m\.gguf$/);
    const { defaults, ...options } = at.model.loads[0].options;
    expect(defaults?.decodeMode).toBeUndefined();
    for (const name of ["threads", "isa", "head", "kvMemory", "contextLength", "maskToken", "blockSize"] as const) {
      expect(options[name]).toBeUndefined();
    }
  });

  it("takes --model-path like --model, and a flag that switches a switched-off setting on again", async () => {
    const path = join(folder, "off.yaml");
    writeFileSync(path, "dlm: {dual_cache: false}\nscheduler: {enable_radix_cache: false}\n");
    const at = stage();
    expect(await at.run("generate", "--config", path, "--model-path", "/m.gguf", "--dual-cache", "true", "hello")).toBe(
      0,
    );
    expect(at.model.loads[0].path).toBe("/m.gguf");
    expect(at.model.loads[0].options).toMatchObject({ prefixCache: false, defaults: { dualCache: true } });
  });

  it("refuses a default that the model cannot decode with, before any request", async () => {
    const at = stage();
    at.model.info = { ...at.model.info, attention: "causal", blockLength: null, decodeModes: ["autoregressive"] };
    expect(await at.run("generate", "hello")).toBe(1); // its info says adaptive
    expect(at.stderr.text).toMatch(/^error \[\w+\]: decode_mode is "adaptive"/);
    expect(at.model.calls).toEqual([]);
    expect(at.model.disposed).toBe(1);
  });
});

describe("--generate-config", () => {
  it("prints the settings that hold, which load back", async () => {
    const at = stage({ UNMASK_HOST: "10.0.0.1" });
    expect(await at.run("serve", "--port", "8080", "--threshold", "0.75", "--generate-config")).toBe(0);
    const path = join(folder, "generated.yaml");
    writeFileSync(path, at.stdout.text);
    const expected = loadConfig({
      flags: new Map([
        ["port", "8080"],
        ["dlm.threshold", "0.75"],
      ]),
      environment: { UNMASK_HOST: "10.0.0.1" },
    });
    expect(loadConfig({ file: path }).config).toEqual(expected.config);
    expect(at.model.loads).toEqual([]);
  });

  it("writes a file, but not over another", async () => {
    const path = join(folder, "new.yaml");
    expect(await stage().run("serve", "--generate-config", path)).toBe(0);
    expect(loadConfig({ file: path }).config).toEqual(loadConfig().config);
    const again = stage();
    expect(await again.run("serve", "--port", "1", "--generate-config", path)).toBe(1);
    expect(again.stderr.text).toContain("[file_write_failed]");
    expect(loadConfig({ file: path }).config.port).toBe(30000);
    const nowhere = stage();
    expect(await nowhere.run("serve", "--generate-config", join(folder, "no/such/folder.yaml"))).toBe(1);
    expect(nowhere.stderr.text).toContain("[file_write_failed]");
  });
});

describe("failures", () => {
  it("are one line when a user can cause them, and a report when they are ours", () => {
    const known = describeFailure(new UnmaskError("port_in_use", "Port 1 is in use."));
    expect(known).toEqual({ text: "error [port_in_use]: Port 1 is in use.\n", exitCode: 1 });
    const bug = describeFailure(new TypeError("x is not a function", { cause: new Error("the cause") }));
    expect(bug.text).toMatch(/^error \[internal\]: This is a bug in unmask.*\nTypeError: x is not a function\n {4}at /);
    expect(bug.text).toContain("the cause");
    expect(bug.exitCode).toBe(1);
    expect(describeFailure("thrown text").text).toContain("thrown text");
    expect(describeFailure(new UnmaskError("aborted", "")).exitCode).toBe(130);
  });
});
