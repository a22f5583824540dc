// Training files as the engine would see them: prompts by the chat template, answers with their stop
// token, and complaints with file and line.

import { describe, expect, test } from "vitest";
import { chatTemplateFor } from "../../src/text/template.js";
import { Examples, readExamples } from "../../src/train/examples.js";
import { ExampleOrder } from "../../src/train/order.js";
import { temporaryFolder, unmaskError, writeTo } from "../format/files.js";
import { tinyTokenizer } from "./tiny.js";

const folder = temporaryFolder();
const tokenizer = tinyTokenizer();
const tools = { tokenizer, template: chatTemplateFor(tokenizer) };
let files = 0;
const written = (name: string, text: string) => writeTo(folder, `${files++}-${name}`, text);
const read = (text: string, name = "data.jsonl", length = 64) => readExamples([written(name, text)], tools, length);
const chat = (...contents: string[]) =>
  JSON.stringify({ messages: contents.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content })) });

/** The text that is to be learnt, prompts as a dot. */
function shown(examples: Examples, i: number, all = false): string {
  const { tokens, learn } = examples.get(i, 1000, all);
  let text = "";
  for (const [p, token] of tokens.entries()) {
    if (learn[p] === 1) text += tokenizer.decode([token]);
    else if (!text.endsWith("·")) text += "·";
  }
  return text;
}

describe("conversations", () => {
  test("learn each answer and the token that stops it, and end there", async () => {
    const examples = await read(`${chat("2+2?", "4.")}\n\n${chat("a", "b", "c", "d")}\n`);
    expect(examples.count).toBe(2);
    expect(shown(examples, 0)).toBe("·4.<|im_end|>");
    expect(shown(examples, 1)).toBe("·b<|im_end|>·d<|im_end|>");
  });

  test("have the prompt that the engine is given", async () => {
    const examples = await read(chat("2+2?", "4."));
    const { tokens } = examples.get(0, 1000, false);
    const prompt = tokenizer.encode(tools.template.render([{ role: "user", content: "2+2?" }]), { special: true });
    expect([...tokens.subarray(0, prompt.length)]).toEqual(prompt);
  });

  test("can be learnt whole, but for the first token", async () => {
    const examples = await read(chat("2+2?", "4."));
    const { learn } = examples.get(0, 1000, true);
    expect(learn[0]).toBe(0);
    expect(learn.subarray(1).every((each) => each === 1)).toBe(true);
  });

  test("are cut to the length asked for", async () => {
    const examples = await read(chat("2+2?", "4."));
    expect(examples.get(0, 3, false).tokens.length).toBe(3);
  });
});

describe("texts", () => {
  test("end with the end of text and are learnt from the second token on", async () => {
    const examples = await read(JSON.stringify({ text: "abc" }));
    expect(shown(examples, 0)).toBe("·bc<|endoftext|>");
  });

  test("are cut into pieces when they are long, special tokens staying text", async () => {
    const examples = await read("0123456789\n<|im_end|>", "book.txt", 8);
    const pieces = Array.from({ length: examples.count }, (_, i) => [...examples.get(i, 99, true).tokens]);
    expect(pieces.every((piece) => piece.length <= 8)).toBe(true);
    const end = tokenizer.tokenNamed("<|endoftext|>")!;
    expect(pieces.flat().includes(tokenizer.tokenNamed("<|im_end|>")!)).toBe(false);
    expect(tokenizer.decode(pieces.flat().filter((token) => token !== end))).toBe("0123456789\n<|im_end|>");
  });
});

describe("refused with file and line", () => {
  test.each([
    ["not JSON", '{"text": "a"}\n{"text"', "invalid_json", ":2: not JSON"],
    ["another shape", '{"question": "a"}', "invalid_request", ":1: neither"],
    ["an empty text", '{"text": "a"}\n\n{"text": ""}', "invalid_request", ":3:"],
    ["no answer", chat("a"), "invalid_request", ":1: no assistant"],
    ["an empty answer", chat("a", " "), "invalid_request", ":1: an empty answer"],
    ["nothing at all", "\n\n", "invalid_request", "no examples"],
  ])("%s", async (_, text, code, words) => {
    await expect(read(text)).rejects.toEqual(unmaskError(code, words));
  });

  test("a file that is not there", async () => {
    await expect(readExamples(["/nowhere.jsonl"], tools, 8)).rejects.toEqual(
      unmaskError("file_not_found", "/nowhere.jsonl"),
    );
  });
});

describe("the order", () => {
  const examples = new Examples();
  for (let i = 0; i < 10; i++) examples.add([i, 1, 2], [false, true, true]);
  const firsts = (order: ExampleOrder, budget: number) => order.take(budget, 3, false).map(({ tokens }) => tokens[0]);

  test("has every example once an epoch, each epoch otherwise", () => {
    const order = new ExampleOrder(examples, 1);
    const epochs = [0, 1].map(() => Array.from({ length: 10 }, () => firsts(order, 1)[0]));
    for (const epoch of epochs) expect(epoch.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(epochs[0]).not.toEqual(epochs[1]);
  });

  test("fills a budget of tokens and goes on from a cursor", () => {
    const order = new ExampleOrder(examples, 1);
    const all = Array.from({ length: 5 }, () => firsts(order, 8));
    expect(all.every((step) => step.length === 2)).toBe(true);
    const first = new ExampleOrder(examples, 1);
    firsts(first, 8);
    firsts(first, 8);
    const resumed = new ExampleOrder(examples, 1, first.cursor);
    expect([2, 3, 4].map(() => firsts(resumed, 8))).toEqual(all.slice(2));
  });
});
