import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyView, forget, layout, see, shade, type View } from "../../src/cli/live.js";
import { Painter } from "../../src/cli/painter.js";
import { safeText } from "../../src/cli/safe-text.js";
import { LiveScreen, PlainScreen } from "../../src/cli/screen.js";
import { graphemes, graphemeWidth } from "../../src/cli/width.js";
import type { DenoisingEvent, GenerateEvent } from "../../src/engine/types.js";
import { capture, finish } from "./fakes.js";
import { Terminal } from "./terminal.js";

function denoising(commits: [number, string, number?][], masked: number[]): DenoisingEvent {
  return {
    type: "denoising",
    block: 0,
    forward: 1,
    rows: 32,
    step: 1,
    commits: commits.map(([position, text, probability = 0.99]) => ({
      position,
      token: 1,
      text,
      probability,
      top: [],
    })),
    masked,
  };
}

const settle = (text: string, tokens: number): GenerateEvent => ({
  type: "text",
  text,
  tokens: Array(tokens).fill(1),
  logprobs: null,
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences
const plain = (text: string) => text.replaceAll(/\x1b\[[0-9;]*m/g, "");
const drawn = (view: View, columns = 80) => layout(view, columns).map((row) => plain(row.text));

describe("the view", () => {
  it("fills masks as positions commit, and turns settled ones into text", () => {
    let view = see(emptyView, denoising([[10, "The"]], [11, 12, 13, 14]));
    expect(drawn(view)).toEqual(["The░░░░"]);
    view = see(view, settle("The", 1));
    expect(drawn(view)).toEqual(["The░░░░"]);
    view = see(view, denoising([[12, " sat"]], [11, 13, 14]));
    expect(drawn(view)).toEqual(["The░ sat░░"]);
    view = see(view, denoising([[11, " cat"]], [13, 14]));
    view = see(view, settle(" cat sat", 2));
    expect(view.settled).toBe("The cat sat");
    expect(drawn(view)).toEqual(["The cat sat░░"]);
    expect(drawn(see(view, finish(3)))).toEqual(["The cat sat"]);
  });

  it("knows where an answer begins when its first step fills a later position", () => {
    const view = see(emptyView, denoising([[22, " you"]], [20, 21, 23]));
    expect(drawn(view)).toEqual(["░░ you░"]);
    expect(drawn(see(see(view, denoising([[20, "How"]], [21, 23])), settle("How", 1)))).toEqual(["How░ you░"]);
  });

  it("shows text that is held back as cells until it settles", () => {
    let view = see(
      emptyView,
      denoising(
        [
          [0, "a"],
          [1, "STO"],
        ],
        [2],
      ),
    );
    view = see(view, settle("a", 1)); // STO may begin a stop string
    expect(view.settled).toBe("a");
    expect(drawn(view)).toEqual(["aSTO░"]);
  });

  it("never changes the view it is given", () => {
    const before = see(emptyView, denoising([[0, "a"]], [1]));
    const copy = structuredClone(before);
    see(before, denoising([[1, "b"]], []));
    see(before, settle("a", 1));
    expect(before).toEqual(copy);
  });
});

describe("the layout", () => {
  const view = (settled: string, cells: View["cells"] = new Map()): View => ({ settled, next: 0, cells });

  it("shades cells by confidence, dims masks, and leaves settled text plain", () => {
    const [row] = layout(
      view(
        "ab",
        new Map([
          [2, null],
          [0, { text: "c", probability: 0.99 }],
          [1, { text: "d", probability: 0.3 }],
        ]),
      ),
      80,
    );
    expect(row.text).toBe(`ab\x1b[0;${shade(0.99)}mc\x1b[0;${shade(0.3)}md\x1b[0;2m░\x1b[0m`);
    expect(shade(0.99)).not.toBe(shade(0.3));
    expect(new Set([0, 0.6, 0.8, 0.95, 1].map(shade)).size).toBe(5);
    expect(shade(Number.NaN)).toBe(shade(0));
  });

  it("wraps at the width, wide characters whole", () => {
    expect(drawn(view("abcdef"), 4)).toEqual(["abcd", "ef"]);
    expect(drawn(view("abcd"), 4)).toEqual(["abcd"]);
    expect(drawn(view("abc日本"), 4)).toEqual(["abc", "日本"]);
    expect(drawn(view("ab\ncd\n"), 4)).toEqual(["ab", "cd", ""]);
    expect(drawn(view("a\tb"), 80)).toEqual(["a    b"]);
  });

  it("marks rows as done once settled text follows them", () => {
    const done = (settled: string, cells?: View["cells"]) => layout(view(settled, cells), 4).map((row) => row.done);
    expect(done("abcd")).toEqual([false]);
    expect(done("abcde")).toEqual([true, false]);
    expect(done("abcd", new Map([[0, null]]))).toEqual([false, false]);
    expect(done("ab\n")).toEqual([true, false]);
  });

  it("does not break lines or let escapes through in what is not settled", () => {
    const cells = new Map([
      [0, { text: "\n\n", probability: 1 }],
      [1, { text: "\x1b[2J", probability: 1 }],
    ]);
    expect(drawn(view("a", cells))).toEqual(["a⏎⏎␛[2J"]);
  });

  it("forgets exactly the text of done rows", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "b ", "\n", "\t", "日", "👍🏽", "e\u0301", "\r\n") }),
        fc.integer({ min: 8, max: 12 }),
        (text, columns) => {
          const rows = layout(view(text), columns);
          const rest = forget(view(text), rows);
          expect(text.endsWith(rest.settled)).toBe(true);
          const remaining = rows.filter((row) => !row.done).map((row) => row.text);
          expect(layout(rest, columns).map((row) => row.text)).toEqual(remaining);
        },
      ),
      { seed: 5 },
    );
  });
});

describe("widths", () => {
  it.each([
    ["a", 1],
    ["é", 1],
    ["e\u0301", 1],
    ["日", 2],
    ["ｆ", 2],
    ["한", 2],
    ["👍", 2],
    ["👍🏽", 2],
    ["❤️", 2],
    ["❤", 1],
    ["░", 1],
    ["\u200b", 0],
    ["\u0301", 0],
  ])("of %j is %i", (text, width) => {
    expect(graphemes(text)).toHaveLength(1);
    expect(graphemeWidth(text)).toBe(width);
  });
});

describe("text for a terminal", () => {
  it("keeps newlines and tabs and shows every other control character", () => {
    expect(safeText("a\tb\nc")).toBe("a\tb\nc");
    expect(safeText("\0\x07\r\x1b[31m\x7f\x85")).toBe("␀␇␍␛[31m␡\ufffd");
  });
});

describe("drawing in place", () => {
  /** An answer of tokens in blocks of 4 that unmask in a given order, as the engine's events. */
  function events(tokens: readonly string[], order: (positions: number[]) => number[]): GenerateEvent[] {
    const events: GenerateEvent[] = [];
    for (let start = 0; start < tokens.length; start += 4) {
      let masked = [start, start + 1, start + 2, start + 3];
      let settled = start;
      for (const position of order([...masked])) {
        masked = masked.filter((other) => other !== position);
        events.push(
          denoising(
            [[7 + position, tokens[position] ?? "?"]],
            masked.map((other) => 7 + other),
          ),
        );
        let text = "";
        const from = settled;
        while (settled < start + 4 && settled < tokens.length && !masked.includes(settled)) text += tokens[settled++];
        if (settled > from) events.push(settle(text, settled - from));
      }
    }
    return [...events, finish(tokens.length)];
  }

  const token = fc.constantFrom(
    "the",
    " cat",
    " sat",
    "\n",
    "\n\n",
    "日本",
    " 👍🏽",
    "a",
    "\t",
    "é",
    "supercalifragilistic",
    "",
  );

  it("leaves what plain text would have left, whatever the order, the width and the words", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(token, { maxLength: 30 }),
        fc.integer({ min: 6, max: 40 }),
        fc.infiniteStream(fc.nat()),
        async (tokens, columns, dice) => {
          const shuffled = (positions: number[]) =>
            positions
              .map((position) => [dice.next().value as number, position])
              .sort((a, b) => a[0] - b[0])
              .map(([, position]) => position);
          const live = new Terminal(columns);
          live.write("> question\n");
          const screen = new LiveScreen(live.asOutput(), 0, new AbortController().signal);
          for (const event of events(tokens, shuffled)) await screen.show(event);
          screen.end();
          live.write("after");
          const expected = new Terminal(columns);
          expected.write(`> question\n${tokens.join("").replaceAll("\t", "    ")}\nafter`);
          expect(live.lines).toEqual(expected.lines);
          expect(live.cursor).toBe(true);
        },
      ),
      { numRuns: 150, seed: 11 },
    );
  });

  it("shows every step in the same place", async () => {
    const terminal = new Terminal(12);
    const screen = new LiveScreen(terminal.asOutput(), 0, new AbortController().signal);
    const seen: string[][] = [];
    for (const event of events(["one", " two", " three", " four"], () => [0, 2, 1, 3])) {
      await screen.show(event);
      if (event.type === "denoising") seen.push(terminal.lines);
    }
    expect(seen).toEqual([["one░░░"], ["one░ three░"], ["one two thre", "e░"], ["one two thre", "e four"]]);
    expect(terminal.cursor).toBe(false);
    screen.end();
    expect(terminal.lines).toEqual(["one two thre", "e four", ""]);
  });

  it("never draws more rows over than the screen has", () => {
    const terminal = new Terminal(4, 3);
    const painter = new Painter(terminal.asOutput());
    const tall = layout({ settled: "", next: 0, cells: new Map([[0, { text: "x".repeat(40), probability: 1 }]]) }, 4);
    painter.paint(tall);
    painter.paint(tall);
    painter.paint(layout({ settled: "ok", next: 0, cells: new Map() }, 4));
    expect(terminal.lines).toEqual(["ok"]);
  });

  it("stops waiting when the answer is stopped", async () => {
    const stop = new AbortController();
    const screen = new LiveScreen(new Terminal(20).asOutput(), 1e9, stop.signal);
    const shown = screen.show(denoising([[0, "a"]], []));
    stop.abort();
    await shown;
  });
});

describe("plain streaming", () => {
  it("writes text as it comes and ends the line once", async () => {
    const output = capture();
    const screen = new PlainScreen(output);
    screen.end();
    expect(output.text).toBe("");
    await screen.show(settle("a", 1));
    await screen.show(settle("b", 1));
    screen.end();
    expect(output.text).toBe("ab\n");
  });
});
