// The built command as a process of its own: exit codes, signals, closed pipes.
// `npm test` builds it first; after a change of src/, so does `npm run setup`.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unmask process ")); // also the working directory: nothing may depend on it
});
afterAll(() => rmSync(folder, { recursive: true }));

function start(...argv: string[]): ChildProcess {
  return spawn(process.execPath, [main, ...argv], { cwd: folder });
}

async function ended(child: ChildProcess) {
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    once(child, "close"),
  ]);
  return { stdout, stderr, code };
}

const run = (...argv: string[]) => ended(start(...argv));

/** Resolves when the text has been written. */
async function said(child: ChildProcess, words: string): Promise<string> {
  let all = "";
  for await (const chunk of child.stdout as NodeJS.ReadableStream) {
    all += chunk;
    if (all.includes(words)) return all;
  }
  throw new Error(`it ended after saying ${all}`);
}

it("teaches when asked for help", async () => {
  const { stdout, code } = await run("--help");
  expect(stdout).toContain("$ unmask serve");
  expect(code).toBe(0);
});

describe("a mistake is one message and exit code 1", () => {
  it.each([
    ["an unknown command", ["srve"], /^error \[usage\]: unknown command 'srve'\n\(Did you mean serve\?\)/],
    [
      "an unknown flag",
      ["serve", "--prot", "1"],
      /^error \[usage\]: unknown option '--prot'\n\(Did you mean --port\?\)/,
    ],
    [
      "a model that is not there",
      ["generate", "--model", "absent.gguf", "x"],
      /^error \[file_not_found\]: .*absent\.gguf/,
    ],
    ["a model that is none", ["serve", "--port", "0", "--model", "bad.yaml"], /^error \[gguf_invalid\]: /],
    ["a file with a mistake", ["serve", "--config", "bad.yaml"], /^error \[config_invalid\]: bad\.yaml:2:3: /],
    ["an impossible setting", ["chat", "--block-size", "16"], /^error \[block_size_mismatch\]: /],
  ])("%s", async (_, argv, expected) => {
    writeFileSync(join(folder, "bad.yaml"), "dlm:\n  treshold: 1\n");
    const { stdout, stderr, code } = await run(...argv);
    expect(stderr).toMatch(expected);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });

  it("a port that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { stderr, code } = await run("serve", "--port", String((other.address() as AddressInfo).port));
    other.close();
    expect(stderr).toMatch(/^error \[port_in_use\]: .*--port/m);
    expect(code).toBe(1);
  });
});

describe("serve", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "answers from the model that comes with the package until %s",
    async (signal) => {
      const child = start("serve", "--port", "0");
      const closed = once(child, "close");
      const [url] = /http:\S+(?=\/v1,)/.exec(await said(child, "Ctrl-C stops")) as RegExpExecArray;
      const answer = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        body: JSON.stringify({ messages: [{ role: "user", content: "What is 2+2?" }], max_tokens: 50 }),
      });
      const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] };
      expect(choices[0].message.content).toBe("2 + 2 equals 4.");
      child.kill(signal);
      expect(await closed).toEqual([0, null]);
    },
  );
});

describe("train", () => {
  it("saves at Ctrl-C though nobody reads what it says", async () => {
    const phase = { name: "one", objective: "next_token", steps: 100_000, batch: 64, length: 64 };
    const config = {
      trainer: "reference",
      model: { name: "mini", layers: 1, hidden: 16, ffn: 16, heads: 2, kv_heads: 1, head_dim: 8, context_length: 128 },
      tokenizer: { vocabulary: 300, examples: 300 },
      data: "data.yaml",
      phases: [{ ...phase, matrix_rate: 0.01, other_rate: 0.01 }],
      output: { type: "f32", log_every: 1, statistics_every: 1 },
    };
    writeFileSync(join(folder, "data.yaml"), "tasks: { arithmetic: 1 }\n");
    writeFileSync(join(folder, "train.yaml"), JSON.stringify(config));
    const child = start("train", "--config", "train.yaml", "-o", "run");
    const closed = once(child, "close");
    await new Promise<void>((resolve) => {
      child.stderr?.on("data", (bytes) => String(bytes).includes("3/100000") && resolve());
    });
    child.stderr?.destroy();
    child.kill("SIGINT");
    expect(await closed).toEqual([130, null]);
    const [newest] = readdirSync(join(folder, "run", "checkpoints"))
      .sort()
      .reverse();
    expect(Number(/\d+/.exec(newest)?.[0])).toBeGreaterThanOrEqual(3);
  });
});

describe("generate", () => {
  it("reads stdin and writes stdout", async () => {
    const child = start("generate", "-");
    child.stdin?.end("What is 2+2?\n");
    const { stdout, code } = await ended(child);
    expect(stdout).toBe("2 + 2 equals 4.\n");
    expect(code).toBe(0);
  });

  it("ends quietly when nobody reads on", async () => {
    const child = start("generate", "--decode-mode", "autoregressive", "Tell me a story.");
    const closed = once(child, "close");
    const errors = text(child.stderr as NodeJS.ReadableStream);
    child.stdout?.once("data", () => child.stdout?.destroy());
    expect(await closed).toEqual([0, null]);
    expect(await errors).not.toContain("EPIPE");
  });
});
