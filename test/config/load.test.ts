import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig, modelPath } from "../../src/config/load.js";
import { type Config, configSchema, decodeModeNames } from "../../src/config/schema.js";
import { allSettings, longFlag, valueAt } from "../../src/config/settings.js";
import { decodeModes } from "../../src/decode/types.js";
import { UnmaskError } from "../../src/util/errors.js";

const seed = fileURLToPath(new URL("../fixtures/config/seed.yaml", import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unmask-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, "unmask.yaml");
  writeFileSync(path, text);
  return path;
}

function failure(act: () => unknown): UnmaskError {
  try {
    act();
  } catch (error) {
    if (error instanceof UnmaskError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const flags = (typed: Record<string, string | boolean>) => ({ flags: new Map(Object.entries(typed)) });

describe("the seed's file", () => {
  it("loads as it is", () => {
    const { config } = loadConfig({ file: seed });
    expect(config.model_path).toBe("/path/to/dlm-model.gguf");
    expect(config.host).toBe("0.0.0.0");
    expect(config.port).toBe(30000);
    expect(config.dlm).toMatchObject({
      block_size: 32,
      threshold: 0.95,
      small_block_size: 8,
      mask_token_id: null,
      decode_mode: "greedy",
    });
    expect(config.scheduler).toMatchObject({ max_sequences: 16, enable_radix_cache: true });
    expect(config.benchmark).toEqual({
      enabled: false,
      iterations: 50,
      max_tokens: 64,
      prompt: "What is the meaning of life?",
    });
  });

  it("says which of its settings do nothing, where they stand and why", () => {
    const { notes } = loadConfig({ file: seed });
    expect(notes).toHaveLength(2);
    expect(notes[0]).toMatch(/seed\.yaml:14:29: dlm\.max_iterations_per_block has no effect: .*at least one position/);
    expect(notes[1]).toMatch(/seed\.yaml:20:27: scheduler\.radix_cache_max_tokens has no effect: .*kv_memory/);
  });
});

describe("precedence", () => {
  it("is flag, file, environment, default", () => {
    const path = file("port: 2\nmodel_path: from-file.gguf\n");
    const environment = { UNMASK_PORT: "3", MODEL_PATH: "from-environment.gguf", UNMASK_HOST: "env.example" };
    const all = loadConfig({ ...flags({ port: "1" }), file: path, environment });
    expect(all.config.port).toBe(1);
    expect(all.config.model_path).toBe("from-file.gguf");
    expect(all.config.host).toBe("env.example");
    expect(all.origins.get("port")).toBe("--port");
    expect(all.origins.get("model_path")).toBe(`${path}:2:13`);
    expect(all.origins.get("host")).toBe("UNMASK_HOST");

    expect(loadConfig({ file: path, environment }).config.port).toBe(2);
    expect(loadConfig({ environment }).config.port).toBe(3);
    expect(loadConfig({ environment }).config.model_path).toBe("from-environment.gguf");
    expect(loadConfig({}).config.port).toBe(30000);
    expect(loadConfig({}).origins.size).toBe(0);
  });

  it("holds for every setting that has a flag and a variable", () => {
    const other: Record<string, string> = {
      model_path: "x.gguf",
      host: "x",
      port: "1234",
      api_key: "12345",
      cors_origins: "https://a.example, https://b.example",
      context_length: "64",
      log_level: "debug",
      log_format: "json",
      "dlm.decode_mode": "greedy",
      "dlm.threshold": "0.5",
      "dlm.block_size": "16",
      "dlm.small_block_size": "4",
      "dlm.dual_cache": "false",
      "dlm.mask_token_id": "7",
      "dlm.max_tokens": "9",
      "scheduler.max_sequences": "3",
      "scheduler.max_rows": "64",
      "scheduler.kv_memory": "1GiB",
      "scheduler.enable_radix_cache": "off",
      "backend.kind": "native",
      "backend.threads": "3",
      "backend.isa": "scalar",
      "backend.head": "q6_k",
      "benchmark.enabled": "true",
      "benchmark.iterations": "2",
      "benchmark.max_tokens": "3",
      "benchmark.prompt": "42",
    };
    const settings = allSettings().filter((setting) => setting.flag !== undefined);
    expect(settings.map((setting) => setting.name).sort()).toEqual(Object.keys(other).sort());
    for (const setting of settings) {
      const environment = { [setting.variable as string]: other[setting.name] };
      const fromEnvironment = valueAt(loadConfig({ environment }).config, setting.path);
      expect(fromEnvironment, setting.name).not.toEqual(setting.fallback);
      expect(valueAt(loadConfig(flags({ [setting.name]: other[setting.name] })).config, setting.path)).toEqual(
        fromEnvironment,
      );
    }
    expect(new Set(settings.map((setting) => setting.variable)).size).toBe(settings.length);
  });

  it("takes null and auto as `no value of my own` where there can be none", () => {
    const path = file("dlm:\n  mask_token_id: 5\nscheduler:\n  kv_memory: 1GiB\n");
    const typed = flags({ "dlm.mask_token_id": "null", "scheduler.kv_memory": "auto" });
    const { config } = loadConfig({ ...typed, file: path });
    expect(config.dlm.mask_token_id).toBeNull();
    expect(config.scheduler.kv_memory).toBeNull();
  });

  it("takes them as they are where any text will do: a key is never none by accident", () => {
    expect(loadConfig(flags({ api_key: "auto" })).config.api_key).toBe("auto");
    expect(loadConfig({ environment: { UNMASK_API_KEY: "null" } }).config.api_key).toBe("null");
  });

  it("notes variables that are no settings", () => {
    const { notes } = loadConfig({ environment: { UNMASK_TRESHOLD: "0.5", UNMASK_COLOUR: "red", OTHER: "x" } });
    expect(notes).toEqual([
      "UNMASK_TRESHOLD has no effect: there is no such setting. Did you mean UNMASK_THRESHOLD?",
      "UNMASK_COLOUR has no effect: there is no such setting.",
    ]);
  });

  it("treats an empty variable as unset", () => {
    expect(loadConfig({ environment: { MODEL_PATH: "", UNMASK_PORT: "" } }).config).toEqual(configSchema.parse({}));
  });
});

describe("values", () => {
  it.each([
    ["1024", 1024],
    ["512MiB", 512 * 2 ** 20],
    ["2GB", 2e9],
    ["1.5 GiB", 1.5 * 2 ** 30],
    ["64k", 65536],
    ["3gib", 3 * 2 ** 30],
  ])("reads the size %s", (text, expected) => {
    expect(loadConfig(flags({ "scheduler.kv_memory": text })).config.scheduler.kv_memory).toBe(expected);
    const path = file(`scheduler:\n  kv_memory: ${text}\n`);
    expect(loadConfig({ file: path }).config.scheduler.kv_memory).toBe(expected);
  });

  it.each([
    ["dlm.threshold", "high", "--threshold", "a number above 0 and at most 1"],
    ["dlm.threshold", "1.01", "--threshold", "a number above 0 and at most 1"],
    ["dlm.threshold", "0", "--threshold", "a number above 0 and at most 1"],
    ["dlm.threshold", "NaN", "--threshold", "a number above 0 and at most 1"],
    ["port", "65536", "--port", "a whole number from 0 to 65535"],
    ["port", "80.5", "--port", "a whole number"],
    ["port", "", "--port", "a whole number"],
    ["dlm.decode_mode", "fast", "--decode-mode", "verified, iterative, adaptive, greedy, autoregressive or null"],
    ["dlm.mask_token_id", "-1", "--mask-token-id", "a token id"],
    ["scheduler.kv_memory", "lots", "--kv-memory", "512MiB"],
    ["scheduler.kv_memory", "0", "--kv-memory", "512MiB"],
    ["scheduler.max_rows", "31", "--max-rows", "from 32"],
    ["backend.isa", "sse9", "--isa", "avx512vnni"],
    ["backend.head", "q5_k", "--head", "q8_0, q6_k, q4_0 or null"],
    ["model_path", "", "--model-path", "a path"],
  ])("refuses %s %s", (name, text, flag, expects) => {
    const error = failure(() => loadConfig(flags({ [name]: text })));
    expect(error.code).toBe("config_invalid");
    expect(error.param).toBe(name);
    expect(error.message.startsWith(`${flag}: ${name} `)).toBe(true);
    expect(error.message).toContain(expects);
    if (text !== "") expect(error.message).toContain(JSON.stringify(text));
  });

  it("reads lists from YAML and from text with commas", () => {
    const expected = ["https://a.example", "*"];
    expect(loadConfig({ file: file("cors_origins: [https://a.example, '*']\n") }).config.cors_origins).toEqual(
      expected,
    );
    expect(loadConfig(flags({ cors_origins: "https://a.example,*" })).config.cors_origins).toEqual(expected);
  });

  it("names the variable of a wrong value", () => {
    const error = failure(() => loadConfig({ environment: { UNMASK_MAX_SEQUENCES: "many" } }));
    expect(error.message).toMatch(/^UNMASK_MAX_SEQUENCES: scheduler\.max_sequences must be .* not "many"\.$/);
  });

  it("resolves the model against the working directory, and to the package's own when none is named", () => {
    expect(modelPath(configSchema.parse({ model_path: "a/b.gguf" }))).toBe(join(process.cwd(), "a/b.gguf"));
    const root = fileURLToPath(new URL("../../", import.meta.url));
    expect(modelPath(configSchema.parse({}))).toBe(join(root, "models/unmask-5m.gguf"));
  });

  it("knows the decode modes that the engine knows", () => {
    expect([...decodeModeNames]).toEqual([...decodeModes]);
  });
});

describe("a missing file", () => {
  it("is not found, and the message says how to write one", () => {
    const error = failure(() => loadConfig({ file: join(folder, "absent.yaml") }));
    expect(error.code).toBe("file_not_found");
    expect(error.message).toContain("absent.yaml");
    expect(error.message).toContain("--generate-config");
  });

  it("is told apart from one that cannot be read", () => {
    expect(failure(() => loadConfig({ file: folder })).code).toBe("config_invalid");
  });
});

it("gives every flag a long spelling of its own", () => {
  const spellings = allSettings().flatMap((setting) => (setting.flag === undefined ? [] : [longFlag(setting.flag)]));
  expect(new Set(spellings).size).toBe(spellings.length);
  for (const spelling of spellings) expect(spelling).toMatch(/^--[a-z][a-z-]+$/);
});

it("keeps the configuration free of values that no source gave", () => {
  const { config } = loadConfig(flags({ "dlm.threshold": "0.7" }));
  const expected: Config = structuredClone(configSchema.parse({}));
  expected.dlm.threshold = 0.7;
  expect(config).toEqual(expected);
});
