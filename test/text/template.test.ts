// Chat templates rendered as Jinja2 renders them, and which template a model gets.

import { describe, expect, it } from "vitest";
import { ChatTemplate, chatTemplateFor, type TemplateMessage } from "../../src/text/template.js";
import { Tokenizer } from "../../src/text/tokenizer.js";
import { UnmaskError } from "../../src/util/errors.js";
import { byteVocabulary, fixture } from "./fixtures.js";

interface TemplateFixture {
  bos: string;
  eos: string;
  templates: {
    name: string;
    source: string;
    cases: { messages: TemplateMessage[]; addGenerationPrompt: boolean; text: string }[];
  }[];
}

const { bos, eos, templates } = fixture<TemplateFixture>("templates");
const conversation: TemplateMessage[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: " Hi " },
  { role: "assistant", content: "Hello." },
  { role: "user", content: "2+2?" },
];

function failure(action: () => unknown): UnmaskError {
  try {
    action();
  } catch (error) {
    if (error instanceof UnmaskError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

describe("ChatTemplate", () => {
  it.each(templates)("renders $name as Jinja2 does", ({ source, cases }) => {
    const template = new ChatTemplate(source, { bos, eos });
    for (const { messages, addGenerationPrompt, text } of cases) {
      expect(template.render(messages, { addGenerationPrompt })).toBe(text);
    }
  });

  it("ends with the assistant's turn unless told otherwise", () => {
    const template = new ChatTemplate("{{ add_generation_prompt }}", { bos, eos });
    expect(template.render([])).toBe("true");
    expect(template.render([], { addGenerationPrompt: false })).toBe("false");
  });

  it("gives the day to templates that ask for it", () => {
    const template = new ChatTemplate("{{ strftime_now('%d %b %Y|%Y-%m-%d|%%|%q') }}", { bos: "", eos: "" });
    const [day, iso, percent, unknown] = template.render([]).split("|");
    expect(day).toMatch(/^\d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}$/);
    expect(new Date(`${day} UTC`).toISOString().slice(0, 10)).toBe(iso);
    expect([percent, unknown]).toEqual(["%", "%q"]);
  });

  it("gives the reason of a template that cannot be parsed, fails or refuses", () => {
    const make = (source: string) => new ChatTemplate(source, { bos, eos });
    const cases: [() => unknown, RegExp][] = [
      [() => make("{% for message in messages %}"), /parsed: ./],
      [() => make("{{ raise_exception('roles must alternate') }}").render([]), /roles must alternate/],
      [() => make("{{ messages[0].content.nothing() }}").render(conversation), /applied/],
      [() => make("{% for i in range(1000000000) %}x{% endfor %}").render([]), /range/],
      [() => make("{% for i in range(0, 9, 0) %}x{% endfor %}").render([]), /range/],
    ];
    for (const [action, reason] of cases) {
      const error = failure(action);
      expect(error.code).toBe("template_invalid");
      expect(error.message).toMatch(reason);
    }
  });

  it("is independent of what it rendered before", () => {
    const template = new ChatTemplate("{% set x = (x or 0) + 1 %}{{ x }}", { bos, eos });
    expect([template.render([]), template.render([])]).toEqual(["1", "1"]);
  });
});

describe("chatTemplateFor", () => {
  const logged: string[] = [];
  const log = (_: string, message: string) => logged.push(message);
  const tokenizerWith = (template: string | null, ...tokens: [string, number][]) => {
    const metadata = byteVocabulary(...tokens);
    if (template !== null) metadata.set("tokenizer.chat_template", template);
    return metadata;
  };

  it("is the file's own", () => {
    const metadata = tokenizerWith(
      "{{ bos_token }}|{{ eos_token }}|{{ messages[0].content }}",
      ["<s>", 3],
      ["é</s>", 3],
    );
    metadata.set("tokenizer.ggml.bos_token_id", 256).set("tokenizer.ggml.eos_token_id", 257);
    const template = chatTemplateFor(Tokenizer.fromMetadata(metadata), log);
    expect(template.render([{ role: "user", content: "Hi" }])).toBe("<s>|é</s>|Hi");
  });

  it("is ChatML for a vocabulary that has its tokens", () => {
    const tokenizer = Tokenizer.fromMetadata(tokenizerWith(null, ["<|im_start|>", 3], ["<|im_end|>", 3]));
    const { cases } = templates.find(({ name }) => name === "chatml")!;
    for (const { messages, addGenerationPrompt, text } of cases) {
      expect(chatTemplateFor(tokenizer, log).render(messages, { addGenerationPrompt })).toBe(text);
    }
    expect(logged.join()).toContain("ChatML");
  });

  it("is an error that points to completions when there is none", () => {
    const error = failure(() => chatTemplateFor(Tokenizer.fromMetadata(tokenizerWith(null)), log));
    expect(error.code).toBe("template_invalid");
    expect(error.message).toContain("/v1/completions");
  });

  it("replaces the wrong one of BitNet-b1.58-2B-4T files, whose turns end in <|eot_id|>", () => {
    const wrong =
      "{% for message in messages %}{% if message['role'] == 'user' %}{{ 'Human: ' + message['content'] + '\\n\\nBITNETAssistant: ' }}{% endif %}{% endfor %}";
    const metadata = tokenizerWith(wrong, ["<|begin_of_text|>", 3], ["<|end_of_text|>", 3], ["<|eot_id|>", 3]);
    metadata.set("tokenizer.ggml.bos_token_id", 256).set("tokenizer.ggml.eos_token_id", 257);
    const tokenizer = Tokenizer.fromMetadata(metadata);
    expect(tokenizer.stopIds).toContain(258);
    expect(chatTemplateFor(tokenizer, log).render(conversation)).toBe(
      "<|begin_of_text|>System: Be brief.<|eot_id|>User: Hi<|eot_id|>Assistant: Hello.<|eot_id|>User: 2+2?<|eot_id|>Assistant: ",
    );
    expect(logged.join()).toContain("BitNet");
  });
});
