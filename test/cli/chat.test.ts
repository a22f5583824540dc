import { describe, expect, it } from "vitest";
import { Session } from "../../src/cli/session.js";
import type { GenerateEvent } from "../../src/engine/types.js";
import { UnmaskError } from "../../src/util/errors.js";
import { capture, finish, modelInfo, type Stage, stage, text, until } from "./fakes.js";
import { Terminal } from "./terminal.js";

const contents = (at: Stage) =>
  at.model.calls.map(({ input }) =>
    "messages" in input ? input.messages.map(({ role, content }) => [role, content]) : [],
  );

describe("a session", () => {
  const session = () => new Session(modelInfo, null, {});

  it("asks with everything said before", () => {
    const talk = session();
    const first = talk.take("  hi  ");
    if (first.type !== "ask") throw new Error("not asked");
    expect(first.messages).toEqual([{ role: "user", content: "hi" }]);
    talk.remember(first, "hello");
    expect(talk.take("again")).toEqual({
      type: "ask",
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", content: "hello" },
        { role: "user", content: "again" },
      ],
    });
  });

  it("does nothing with an empty line and says a line that begins with a space", () => {
    expect(session().take("  ")).toEqual({ type: "nothing" });
    expect(session().take(" /quit")).toMatchObject({ type: "ask", messages: [{ content: "/quit" }] });
  });

  it("begins anew with /reset and with another system message", () => {
    const talk = new Session(modelInfo, "Be brief.", {});
    const asked = talk.take("hi");
    if (asked.type === "ask") talk.remember(asked, "hello");
    talk.take("/reset");
    expect(talk.take("x")).toMatchObject({ messages: [{ role: "system", content: "Be brief." }, { content: "x" }] });
    talk.take("/system Rhyme.\nAlways.");
    expect(talk.take("x")).toMatchObject({ messages: [{ content: "Rhyme.\nAlways." }, { content: "x" }] });
    talk.take("/system");
    expect(talk.take("x")).toEqual({ type: "ask", messages: [{ role: "user", content: "x" }] });
  });

  it("changes options, and says what is possible instead of taking nonsense", () => {
    const talk = session();
    expect(talk.mode).toBe("adaptive");
    talk.take("/mode iterative");
    talk.take("/threshold 0.5");
    talk.take("/seed 7");
    expect(talk.options).toEqual({ decodeMode: "iterative", threshold: 0.5, seed: 7 });
    expect(talk.mode).toBe("iterative");
    for (const line of [
      "/mode fast",
      "/mode",
      "/threshold 0",
      "/threshold 1.1",
      "/threshold",
      "/seed",
      "/seed x",
      "/seed 1.5",
    ]) {
      expect(talk.take(line)).toMatchObject({ type: "say", text: expect.stringMatching(/Now: |Modes/) });
    }
    expect(talk.options).toEqual({ decodeMode: "iterative", threshold: 0.5, seed: 7 });
    talk.take("/seed random");
    expect(talk.options.seed).toBeUndefined();
    // A mode without a threshold takes none.
    talk.take("/mode verified");
    expect(talk.options.threshold).toBeUndefined();
    expect(talk.take("/threshold 0.7")).toMatchObject({ text: expect.stringContaining("/mode iterative") });
    expect(talk.options.threshold).toBeUndefined();
  });

  it("knows its commands and what was meant by others", () => {
    expect(session().take("/quit")).toEqual({ type: "quit" });
    expect(session().take("/help")).toMatchObject({ text: expect.stringContaining("/threshold") });
    expect(session().take("/rest")).toEqual({ type: "say", text: "There is no command /rest. Did you mean /reset?" });
    expect(session().take("/")).toMatchObject({ text: expect.stringContaining("/help") });
    expect(session().take("/constructor")).toMatchObject({ text: expect.stringContaining("There is no command") });
  });
});

describe("a chat through pipes", () => {
  it("answers line by line, with history, and ends with the input", async () => {
    const at = stage();
    at.stdin.end("hi\n\nWhat is 2+2?\n");
    expect(await at.run("chat", "--system", "Be brief.", "--temperature", "0.5")).toBe(0);
    expect(at.stdout.text).toBe("2 + 2 equals 4.\n2 + 2 equals 4.\n");
    expect(contents(at)[1]).toEqual([
      ["system", "Be brief."],
      ["user", "hi"],
      ["assistant", "2 + 2 equals 4."],
      ["user", "What is 2+2?"],
    ]);
    expect(at.model.calls[0].options).toMatchObject({ temperature: 0.5, denoising: false });
    expect(at.model.disposed).toBe(1);
  });

  it("obeys commands, and ends at /quit", async () => {
    const at = stage();
    at.stdin.end("/mode greedy\nhi\n/quit\nnever said\n");
    expect(await at.run("chat")).toBe(0);
    expect(at.model.calls).toHaveLength(1);
    expect(at.model.calls[0].options.decodeMode).toBe("greedy");
  });

  it("fails with the first answer that fails", async () => {
    const at = stage();
    at.model.answer = () => [new UnmaskError("context_length_exceeded", "Too long.")];
    at.stdin.end("hi\nagain\n");
    expect(await at.run("chat")).toBe(1);
    expect(at.stderr.text).toBe("error [context_length_exceeded]: Too long.\n");
    expect(at.model.calls).toHaveLength(1);
  });

  it("ends at Ctrl-C", async () => {
    const at = stage();
    at.model.answer = () => [text("2 + "), "hang"];
    at.stdin.write("hi\n");
    const ended = at.run("chat");
    await until(() => at.stdout.text === "2 + ");
    at.interrupt();
    expect(await ended).toBe(130);
  });
});

describe("a chat in a terminal", () => {
  const steps: GenerateEvent[] = [
    {
      type: "denoising",
      block: 0,
      forward: 1,
      rows: 32,
      step: 1,
      commits: [{ position: 9, token: 1, text: "No", probability: 0.9, top: [] }],
      masked: [10, 11],
    },
    text("No"),
    {
      type: "denoising",
      block: 0,
      forward: 2,
      rows: 32,
      step: 2,
      commits: [
        { position: 10, token: 1, text: " way", probability: 0.99, top: [] },
        { position: 11, token: 1, text: ".", probability: 0.99, top: [] },
      ],
      masked: [],
    },
    { type: "text", text: " way.", tokens: [1, 1], logprobs: null },
    finish(3, 2),
  ];

  function onTerminal(environment: Record<string, string> = {}) {
    const at = stage(environment);
    at.stdin.isTTY = true;
    at.stdout = capture(true);
    at.stdout.columns = 80;
    at.model.answer = () => steps;
    return at;
  }

  function screen(at: Stage): string[] {
    const terminal = new Terminal(at.stdout.columns as number);
    // What readline sends beside text: column, clear to the right and below.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences
    terminal.write(at.stdout.text.replaceAll(/\x1b\[1G\x1b\[0J/g, "\r\x1b[J").replaceAll(/\x1b\[\d+G/g, ""));
    return terminal.lines;
  }

  it("draws the answer, keeps its text and says what it took", async () => {
    const at = onTerminal();
    const ended = at.run("chat", "--pace", "0");
    await until(() => at.stdout.text.includes("> "));
    at.stdin.write("really?\r");
    await until(() => at.stdout.text.includes("tok/s"));
    at.stdin.write("\x04");
    expect(await ended).toBe(0);
    expect(at.model.calls[0].options.denoising).toBe(true);
    expect(at.stdout.text).toContain("No\x1b[0;2m░░"); // the settled prefix is plain before its block is done
    const lines = screen(at);
    const answer = lines.indexOf("No way.");
    expect(lines[answer - 1]).toBe("> really?");
    expect(lines[answer + 1]).toBe("3 tokens, 300.0 tok/s, 1.5 tokens per forward, adaptive");
  });

  it.each([
    ["--no-live", {}, ["--no-live"]],
    ["NO_COLOR", { NO_COLOR: "1" }, []],
  ])("streams plainly with %s", async (_, environment, argv) => {
    const at = onTerminal(environment as Record<string, string>);
    const ended = at.run("chat", ...argv);
    await until(() => at.stdout.text.includes("> "));
    at.stdin.write("really?\r");
    await until(() => at.stdout.text.includes("tok/s"));
    at.stdin.write("\x04");
    expect(await ended).toBe(0);
    expect(at.model.calls[0].options.denoising).toBe(false);
    expect(at.stdout.text).toContain("No way.\n");
    expect(at.stdout.text).not.toContain("░");
  });

  it("stops an answer at Ctrl-C, remembers what was said, and goes on", async () => {
    const at = onTerminal();
    let answers = 0;
    at.model.answer = () => (answers++ === 0 ? [...steps.slice(0, 2), "hang"] : steps);
    const ended = at.run("chat", "--pace", "0");
    await until(() => at.stdout.text.includes("> "));
    at.stdin.write("really?\r");
    await until(() => at.stdout.text.includes("░"));
    at.stdin.write("\x03");
    await until(() => at.stdout.text.includes("stopped"));
    at.stdin.write("go on\r");
    await until(() => at.stdout.text.includes("tok/s"));
    at.stdin.write("/quit\r");
    expect(await ended).toBe(0);
    expect(contents(at)[1].slice(1, 2)).toEqual([["assistant", "No"]]);
    expect(screen(at).join("\n")).not.toContain("░");
  });

  it("leaves at the second Ctrl-C, and only then", async () => {
    const at = onTerminal();
    const ended = at.run("chat", "--pace", "0");
    await until(() => at.stdout.text.includes("> "));
    at.stdin.write("half a li\x03");
    await until(() => at.stdout.text.includes("Ctrl-C again"));
    at.stdin.write("whole\r");
    await until(() => at.stdout.text.includes("tok/s"));
    at.stdin.write("\x03");
    await until(() => at.stdout.text.split("Ctrl-C again").length === 3);
    at.stdin.write("\x03");
    expect(await ended).toBe(0);
    expect(contents(at)).toEqual([[["user", "whole"]]]);
  });

  it("keeps what is typed during an answer for the next question", async () => {
    const at = onTerminal();
    const ended = at.run("chat", "--pace", "50");
    await until(() => at.stdout.text.includes("> "));
    at.stdin.write("one\r");
    await until(() => at.stdout.text.includes("░"));
    at.stdin.write("two\r");
    await until(() => at.stdout.text.split("tok/s").length === 3);
    at.stdin.write("\x04");
    expect(await ended).toBe(0);
    expect(contents(at)[1].map(([, content]) => content)).toEqual(["one", "No way.", "two"]);
    expect(screen(at)).toContain("> two");
  });

  it("says what was wrong with an answer and goes on", async () => {
    const at = onTerminal();
    at.model.answer = () => [new UnmaskError("context_length_exceeded", "Too long.")];
    const ended = at.run("chat");
    await until(() => at.stdout.text.includes("> "));
    at.stdin.write("one\r");
    await until(() => at.stderr.text !== "");
    at.stdin.write("/quit\r");
    expect(await ended).toBe(0);
    expect(at.stderr.text).toBe("error [context_length_exceeded]: Too long. /reset begins anew.\n\n");
  });
});
