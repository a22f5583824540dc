// Examples as the engine would see them: prompts by the chat template, answers with their stop token.

import { describe, expect, test } from "vitest";
import { ChatTemplate, chatTemplateFor } from "../../src/text/template.js";
import type { Example, Message } from "../../src/train/data/types.js";
import { chatSequence, ExampleStream, textSequence } from "../../src/train/examples.js";
import type { Sequence } from "../../src/train/noise.js";
import { unmaskError } from "../format/files.js";
import { tinyTokenizer } from "./tiny.js";

const tokenizer = tinyTokenizer();
const tools = { tokenizer, template: chatTemplateFor(tokenizer) };
const messagesOf = (...contents: string[]): Message[] =>
  contents.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content }));
const chat = (...contents: string[]) => chatSequence(messagesOf(...contents), tools);

/** The text that is to be learnt; a dot stands for what is given. */
function shown({ tokens, learn }: Sequence): string {
  let text = "";
  for (const [p, token] of tokens.entries()) {
    if (learn[p] === 1) text += tokenizer.decode([token]);
    else if (!text.endsWith("·")) text += "·";
  }
  return text;
}

describe("a conversation", () => {
  test("teaches each answer and the token that stops it, and ends there", () => {
    expect(shown(chat("2+2?", "4."))).toBe("·4.<|im_end|>");
    expect(shown(chat("a", "b", "c", "d"))).toBe("·b<|im_end|>·d<|im_end|>");
  });

  test("has the prompts that the engine is given, of every turn", () => {
    const { tokens } = chat("a", "b", "c", "d");
    for (const turns of [1, 3]) {
      const text = tools.template.render(messagesOf("a", "b", "c", "d").slice(0, turns));
      const prompt = tokenizer.encode(text, { special: true });
      expect([...tokens.subarray(0, prompt.length)]).toEqual(prompt);
    }
  });

  test.each([
    ["without an answer", () => chat("a"), "no assistant message"],
    ["with an empty answer", () => chat("a", " "), "an answer is empty"],
  ])("%s is refused", (_, make, words) => {
    expect(make).toThrow(unmaskError("invalid_request", words));
  });

  test("is refused when the template says nothing of where answers end, or rewrites them", () => {
    const withTemplate = (source: string) => () =>
      chatSequence(messagesOf("a", "b", "c", "d"), {
        tokenizer,
        template: new ChatTemplate(source, { bos: "", eos: "" }),
      });
    const plain = "{% for m in messages %}{{ m['content'] }}{% endfor %}";
    const counting = "{{ messages | length }}{% for m in messages %}{{ m['content'] }}<|im_end|>{% endfor %}";
    expect(withTemplate(plain)).toThrow(unmaskError("invalid_request", "no stop token"));
    expect(withTemplate(counting)).toThrow(unmaskError("invalid_request", "changes what it wrote"));
  });
});

describe("a text", () => {
  test("ends with the end of text and is learnt from its second token on", () => {
    expect(shown(textSequence("abc", tools))).toBe("·bc<|endoftext|>");
  });

  test("keeps names of special tokens as text", () => {
    const { tokens } = textSequence("a<|im_end|>", tools);
    expect(tokens.includes(tokenizer.tokenNamed("<|im_end|>")!)).toBe(false);
  });

  test("of no tokens is refused", () => {
    expect(() => textSequence("", tools)).toThrow(unmaskError("invalid_request", "no tokens"));
  });
});

describe("a stream", () => {
  const texts = (i: number): Example => ({ task: "text", text: String.fromCharCode(97 + (i % 26)).repeat(2) });
  const letters = (sequences: Sequence[]) => sequences.map(({ tokens }) => tokenizer.decode([tokens[0]])).join("");

  test("fills a budget of tokens, in order, and goes on from a cursor", () => {
    const stream = new ExampleStream(texts, tools); // 3 tokens each
    expect([1, 2, 3].map(() => letters(stream.take(8, 9, false)))).toEqual(["ab", "cd", "ef"]);
    expect(letters(new ExampleStream(texts, tools, 4).take(8, 9, false))).toBe("ef");
  });

  test("gives an example that is larger than the budget alone", () => {
    expect(new ExampleStream(texts, tools).take(1, 9, false)).toHaveLength(1);
  });

  test("cuts conversations, and takes pieces from all over a text", () => {
    const long = (i: number): Example =>
      i === 0
        ? { task: "t", kind: "k", messages: messagesOf("2+2?", "4.") }
        : { task: "text", text: "abcdefgh".split("").join("") };
    const stream = new ExampleStream(long, tools);
    expect(stream.take(1, 5, false)[0].tokens.length).toBe(5);
    const pieces = Array.from({ length: 40 }, () => stream.take(1, 3, false)[0]);
    expect([...new Set(pieces.map(({ tokens }) => tokenizer.decode([tokens[0]])))].sort()).toEqual(["a", "d", "g"]);
    expect(pieces.every(({ learn }) => learn[0] === 0 && learn.subarray(1).every((each) => each === 1))).toBe(true);
  });

  test("can have prompts learnt too", () => {
    const example = (): Example => ({ task: "t", kind: "k", messages: messagesOf("2+2?", "4.") });
    const [{ learn }] = new ExampleStream(example, tools).take(1, 99, true);
    expect(learn[0]).toBe(0);
    expect(learn.subarray(1).every((each) => each === 1)).toBe(true);
  });
});
