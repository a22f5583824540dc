import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { textLine } from "../../src/cli/log.js";
import { UnmaskError } from "../../src/util/errors.js";
import { stage, text, until } from "./fakes.js";

const address = /http:\/\/127\.0\.0\.1:\d+/;

describe("serve", () => {
  it("prints where it is and how to ask, answers, and stops at Ctrl-C", async () => {
    const at = stage();
    const ended = at.run("serve", "--port", "0");
    await until(() => at.stdout.text.includes("Ctrl-C stops"));
    const [url] = address.exec(at.stdout.text) as RegExpExecArray;
    const words = at.stdout.text.replaceAll(/ +/g, " ");
    expect(words).toContain(" model tiny: bitnet, context-causal, 5.0 M parameters, I2_S, 2.0 MiB\n");
    expect(words).toContain(" backend native, avx2, 2 threads\n");
    expect(words).toContain(" K/V 80 pages of 32 tokens, 3.0 MiB (--kv-memory)\n");
    expect(words).toContain(" decoding adaptive, threshold 0.9, sub-blocks of 8 in blocks of 32\n");
    expect(words).toContain(` curl ${url}/v1/chat/completions`);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    at.interrupt();
    expect(await ended).toBe(0);
    expect(at.model.disposed).toBe(1);
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  it("names a head that is not the stored one", async () => {
    const at = stage();
    at.model.info = { ...at.model.info, head: { type: "Q8_0", stored: "F16" } };
    const ended = at.run("serve", "--port", "0", "--head", "q8_0");
    await until(() => at.stdout.text.includes("Ctrl-C stops"));
    expect(at.model.loads[0].options.head).toBe("q8_0");
    expect(at.stdout.text.replaceAll(/ +/g, " ")).toContain(
      " backend native, avx2, 2 threads, Q8_0 head (stored as F16)\n",
    );
    at.interrupt();
    await ended;
  });

  it("asks for the key that it was given, and warns when the network needs none", async () => {
    const locked = stage();
    const lockedEnded = locked.run("serve", "--port", "0", "--api-key", "secret");
    await until(() => locked.stdout.text.includes("Ctrl-C stops"));
    const [url] = address.exec(locked.stdout.text) as RegExpExecArray;
    expect((await fetch(`${url}/v1/models`)).status).toBe(401);
    expect((await fetch(`${url}/v1/models`, { headers: { authorization: "Bearer secret" } })).status).toBe(200);
    locked.interrupt();
    await lockedEnded;
    expect(locked.stderr.text).not.toContain("--api-key");

    const open = stage();
    const openEnded = open.run("serve", "--port", "0", "--host", "0.0.0.0");
    await until(() => open.stderr.text.includes("--api-key"));
    open.interrupt();
    await openEnded;
  });

  it("logs JSON lines and no banner when asked to", async () => {
    const at = stage();
    const ended = at.run("serve", "--port", "0", "--log-format", "json");
    await until(() => at.stderr.text.includes('"serving"'));
    at.interrupt();
    expect(await ended).toBe(0);
    expect(at.stdout.text).toBe("");
    const lines = at.stderr.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ msg: "serving", url: expect.stringMatching(address), id: "tiny" });
  });

  it("fails before loading matters when the port is taken, and lets go of the model", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await until(() => other.listening);
    const { port } = other.address() as AddressInfo;
    const at = stage();
    expect(await at.run("serve", "--port", String(port))).toBe(1);
    expect(at.stderr.text).toMatch(new RegExp(`^error \\[port_in_use\\]: Port ${port} .*--port`));
    expect(at.model.disposed).toBe(1);
    other.close();
  });

  it("ends with the reason when the model cannot be loaded", async () => {
    const at = stage();
    at.loadModel = async () => {
      throw new UnmaskError("file_not_found", "There is no file x.gguf.");
    };
    expect(await at.run("serve", "--port", "0")).toBe(1);
    expect(at.stderr.text).toBe("error [file_not_found]: There is no file x.gguf.\n");
  });

  it("can be stopped while the model loads", async () => {
    const at = stage();
    let loaded = () => {};
    at.loadModel = (path, options) =>
      new Promise((resolve) => {
        loaded = () => resolve(at.model.asModel(path, options));
      });
    const ended = at.run("serve", "--port", "0");
    await until(() => {
      try {
        at.interrupt();
        return true;
      } catch {
        return false;
      }
    });
    loaded();
    expect(await ended).toBe(0);
    expect(at.stdout.text).toBe("");
    expect(at.model.disposed).toBe(1);
  });

  it("says what has no effect and why", async () => {
    const at = stage();
    const seed = fileURLToPath(new URL("../fixtures/config/seed.yaml", import.meta.url));
    const ended = at.run("serve", "--config", seed, "--host", "127.0.0.1", "--port", "0");
    await until(() => at.stdout.text.includes("Ctrl-C stops"));
    at.interrupt();
    expect(await ended).toBe(0);
    expect(at.stderr.text).toMatch(/warn +.*max_iterations_per_block has no effect: /);
    expect(at.stderr.text).toMatch(/warn +.*radix_cache_max_tokens has no effect: /);
    expect(at.model.loads[0].path).toBe("/path/to/dlm-model.gguf");
  });
});

describe("serve --benchmark", () => {
  it("runs the prompt as often as asked and reports, without serving", async () => {
    const at = stage();
    const argv = ["--benchmark-iterations", "3", "--benchmark-max-tokens", "9", "--benchmark-prompt", "Why?"];
    expect(await at.run("serve", "--benchmark", ...argv)).toBe(0);
    expect(at.model.calls).toHaveLength(4); // one to warm up
    expect(at.model.calls[1]).toMatchObject({
      input: { messages: [{ role: "user", content: "Why?" }] },
      options: { maxTokens: 9, temperature: 0 },
    });
    expect(at.stdout.text).toContain("tiny: native, avx2, 2 threads; adaptive, threshold 0.9");
    expect(at.stdout.text).toMatch(/iterations +3\n/);
    expect(at.stdout.text).toContain("Speed without quality says nothing: see `unmask eval`.");
    expect(at.model.disposed).toBe(1);
  });

  it("stops at Ctrl-C without a report", async () => {
    const at = stage();
    at.model.answer = () => [text("a"), "hang"];
    const ended = at.run("serve", "--benchmark");
    await until(() => at.model.calls.length > 0);
    at.interrupt();
    expect(await ended).toBe(130);
    expect(at.stdout.text).not.toContain("iterations");
  });
});

describe("log lines as text", () => {
  it("keep message, level, fields and stack, and drop what says nothing", () => {
    const line = textLine(
      JSON.stringify({
        level: 40,
        time: 0,
        pid: 1,
        hostname: "h",
        msg: "slow",
        ms: 12,
        path: "/v1",
        err: { stack: "Error: x\n  at y" },
      }),
    );
    expect(line).toMatch(/^\d\d:\d\d:\d\d warn {2}slow ms=12 path=\/v1\nError: x\n {2}at y\n$/);
  });

  it("are one line each and command no terminal, whatever a client wrote", () => {
    const forged = "a\n12:00:00 info  forged\u001b[2J\u009b31m";
    const line = textLine(JSON.stringify({ level: 30, time: 0, msg: `GET /${forged}`, param: forged, id: "a b" }));
    expect(line.trimEnd()).not.toMatch(/[\p{Cc}]/u);
    expect(line).toContain('id="a b"');
  });
});
