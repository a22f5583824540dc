import { describe, expect, it } from "vitest";
import { UnmaskError } from "../../src/util/errors.js";
import { capture, finish, stage, text, until } from "./fakes.js";

describe("the prompt", () => {
  it("is the arguments, as one message", async () => {
    const at = stage();
    expect(await at.run("generate", "What", "is", "2+2?")).toBe(0);
    expect(at.model.calls[0].input).toEqual({ messages: [{ role: "user", content: "What is 2+2?" }] });
    expect(at.stdout.text).toBe("2 + 2 equals 4.\n");
    expect(at.stderr.text).toBe("");
    expect(at.model.disposed).toBe(1);
  });

  it("is stdin for - and when nothing else is there", async () => {
    for (const argv of [["generate", "-"], ["generate"]]) {
      const at = stage();
      at.stdin.end("two\nlines\n");
      expect(await at.run(...argv)).toBe(0);
      expect(at.model.calls[0].input).toEqual({ messages: [{ role: "user", content: "two\nlines" }] });
    }
  });

  it("must be there", async () => {
    const at = stage();
    at.stdin.isTTY = true;
    expect(await at.run("generate")).toBe(1);
    expect(at.stderr.text).toMatch(/^error \[option_missing\]: There is no prompt\./);
    const empty = stage();
    empty.stdin.end("");
    expect(await empty.run("generate", "-")).toBe(1);
    expect(empty.model.loads).toEqual([]);
  });

  it("comes after --system, or alone with --raw", async () => {
    const at = stage();
    await at.run("generate", "--system", "Be brief.", "hi");
    expect(at.model.calls[0].input).toEqual({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "hi" },
      ],
    });
    await at.run("generate", "--raw", "Once");
    expect(at.model.calls[1].input).toEqual({ prompt: "Once" });
    expect(await at.run("generate", "--raw", "--system", "x", "Once")).toBe(1);
    expect(at.stderr.text).toContain("--raw has no place for a system message");
  });
});

describe("options", () => {
  it("reach the engine as numbers and lists, and only those that were given", async () => {
    const at = stage();
    const sampling = [
      "--temperature",
      "0.7",
      "--top-p",
      "0.9",
      "--top-k",
      "40",
      "--seed",
      "7",
      "--stop",
      "a",
      "--stop",
      "b",
    ];
    await at.run("generate", ...sampling, "hi");
    expect(at.model.calls[0].options).toMatchObject({
      temperature: 0.7,
      topP: 0.9,
      topK: 40,
      seed: 7,
      stop: ["a", "b"],
    });
    await at.run("generate", "hi");
    const { signal, ...rest } = at.model.calls[1].options;
    expect(Object.values(rest).every((value) => value === undefined)).toBe(true);
  });
});

describe("output", () => {
  it("is one object with --json", async () => {
    const at = stage();
    await at.run("generate", "--json", "hi");
    expect(JSON.parse(at.stdout.text)).toMatchObject({
      text: "2 + 2 equals 4.",
      reason: "stop",
      seed: 42,
      usage: { completionTokens: 8 },
      timings: { forwards: 4 },
    });
  });

  it("has timings on stderr when asked", async () => {
    const at = stage();
    await at.run("generate", "--timings", "hi");
    expect(at.stdout.text).toBe("2 + 2 equals 4.\n");
    expect(at.stderr.text).toContain("prompt: 5 tokens and 2 cached, 1 forward, 2.0 ms, 2500.0 tok/s");
    expect(at.stderr.text).toContain("8 tokens, 800.0 tok/s, 2.0 tokens per forward, adaptive");
  });

  it("is made safe for a terminal, and left alone in a pipe", async () => {
    const evil = () => [text("a\x1b[31mb\r\n\tc\x9b"), finish(1)];
    const pipe = stage();
    pipe.model.answer = evil;
    await pipe.run("generate", "hi");
    expect(pipe.stdout.text).toBe("a\x1b[31mb\r\n\tc\x9b\n");
    const terminal = stage();
    terminal.stdout = capture(true);
    terminal.model.answer = evil;
    await terminal.run("generate", "hi");
    expect(terminal.stdout.text).toBe("a␛[31mb␍\n\tc\ufffd\n");
  });
});

describe("an answer that ends early", () => {
  it("by Ctrl-C keeps what was said and exits as shells expect", async () => {
    const at = stage();
    at.model.answer = () => [text("2 + "), "hang"];
    const ended = at.run("generate", "hi");
    await until(() => at.stdout.text === "2 + ");
    at.interrupt();
    expect(await ended).toBe(130);
    expect(at.stdout.text).toBe("2 + \n");
    expect(at.stderr.text).toBe("");
    expect(at.model.disposed).toBe(1);
  });

  it("by an error says so once", async () => {
    const at = stage();
    at.model.answer = () => [new UnmaskError("context_length_exceeded", "Too long. Shorten it.")];
    expect(await at.run("generate", "hi")).toBe(1);
    expect(at.stderr.text).toBe("error [context_length_exceeded]: Too long. Shorten it.\n");
    expect(at.model.disposed).toBe(1);
  });
});
