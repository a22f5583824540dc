// The tokenizer in the file: token list, stops, pre-tokenizer, template.

import { describe, expect, it } from "vitest";
import { Tokenizer } from "../../src/text/tokenizer.js";
import { unmaskError } from "../format/files.js";
import { converter } from "./converted.js";
import { type Checkpoint, type Family, llama, type TokenizerJson, tokenizer } from "./tiny-checkpoint.js";

const converted = converter();

function withTokenizer(change: (json: TokenizerJson) => void): Checkpoint {
  const checkpoint = llama();
  change(checkpoint.tokenizer!);
  return checkpoint;
}

it("has one token for every embedding row", async () => {
  const { key } = await converted(llama());
  const tokens = key("tokenizer.ggml.tokens") as string[];
  const types = key("tokenizer.ggml.token_type") as number[];
  expect([tokens.length, types.length]).toEqual([320, 320]);
  expect([65 - 33, 257, 299, 300, 302, 319].map((id) => [tokens[id], types[id]])).toEqual([
    [String.fromCharCode(32 + 256), 1],
    ["the", 1],
    ["[PAD299]", 5],
    ["<|im_end|>", 3],
    ["<tool>", 4],
    ["[PAD319]", 5],
  ]);
  expect(key("tokenizer.ggml.merges")).toEqual(["t h", "th e"]);
  expect(key("tokenizer.ggml.model")).toBe("gpt2");
});

it("is read back by the text layer as it was", async () => {
  const { file } = await converted(llama());
  const fromFile = Tokenizer.fromMetadata(file.metadata);
  const fromJson = Tokenizer.fromJson(tokenizer("qwen2"));
  const text = "the thé 42<|im_end|>\n<tool>";
  expect(fromFile.encode(text, { special: true })).toEqual(fromJson.encode(text, { special: true }));
  expect(fromFile.decode(fromFile.encode(text, { special: true }))).toBe(text);
});

describe("pre-tokenizers", () => {
  it.each(["qwen2", "llama-bpe", "smollm", "gpt-2"] as Family[])("%s is recognised", async (family) => {
    const checkpoint = llama();
    checkpoint.tokenizer = tokenizer(family);
    const { key } = await converted(checkpoint);
    expect(key("tokenizer.ggml.pre")).toBe(family);
  });

  it("that are unknown are refused, unless named", async () => {
    const unknown = withTokenizer((json) => {
      json.pre_tokenizer = { type: "Sequence", pretokenizers: [{ type: "Whitespace" }, { type: "ByteLevel" }] };
    });
    await expect(converted(unknown)).rejects.toEqual(unmaskError("tokenizer_unsupported", "--pre", "smollm"));
    const { key } = await converted(unknown, { pre: "smollm" });
    expect(key("tokenizer.ggml.pre")).toBe("smollm");
    await expect(converted(unknown, { pre: "nope" })).rejects.toEqual(unmaskError("tokenizer_unsupported", "nope"));
  });
});

describe("stops", () => {
  const stops = async (checkpoint: Checkpoint) => {
    const { key, file } = await converted(checkpoint);
    const ids = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "unmask.stop_token_ids"].map(key);
    return { ids, found: [...Tokenizer.fromMetadata(file.metadata).stopIds] };
  };

  it("begin with the model's own and hold the generation config's", async () => {
    const checkpoint = llama();
    checkpoint.files["generation_config.json"] = JSON.stringify({ eos_token_id: [301, 300, 303] });
    expect(await stops(checkpoint)).toEqual({ ids: [300, 301, [300, 301, 303]], found: [300, 301, 303] });
  });

  it("need no list when there are two", async () => {
    const checkpoint = llama();
    checkpoint.config.eos_token_id = [301, 300];
    expect(await stops(checkpoint)).toEqual({ ids: [301, 300, undefined], found: [300, 301] });
  });

  it("beyond the embedding are refused", async () => {
    const checkpoint = llama();
    checkpoint.config.eos_token_id = 320;
    await expect(converted(checkpoint)).rejects.toEqual(unmaskError("vocabulary_mismatch", "320"));
  });
});

describe("bos", () => {
  const template = { type: "TemplateProcessing", single: [{ SpecialToken: { id: "<s>" } }, { Sequence: { id: "A" } }] };

  const sources: [string, (checkpoint: Checkpoint) => unknown, number | undefined, boolean][] = [
    ["nothing", () => {}, undefined, false],
    ["an id alone", ({ config }) => Object.assign(config, { bos_token_id: 303 }), 303, false],
    [
      "tokenizer_config.json",
      ({ tokenizerConfig }) => Object.assign(tokenizerConfig, { bos_token: { content: "<s>" }, add_bos_token: true }),
      303,
      true,
    ],
    [
      "the post-processor",
      ({ tokenizer, tokenizerConfig }) => {
        tokenizerConfig.bos_token = "<s>";
        tokenizer!.post_processor = { type: "Sequence", processors: [{ type: "ByteLevel" }, template] };
      },
      303,
      true,
    ],
  ];

  it.each(sources)("is taken from %s", async (_, change, id, add) => {
    const checkpoint = llama();
    change(checkpoint);
    const { key } = await converted(checkpoint);
    expect([key("tokenizer.ggml.bos_token_id"), key("tokenizer.ggml.add_bos_token")]).toEqual([id, add]);
  });
});

describe("the chat template", () => {
  it("comes from tokenizer_config.json, a list in it, or its own file", async () => {
    const template = async (change: (checkpoint: Checkpoint) => unknown): Promise<unknown> => {
      const checkpoint = llama();
      change(checkpoint);
      return (await converted(checkpoint)).key("tokenizer.chat_template");
    };
    expect(await template(() => {})).toBeUndefined();
    expect(await template((c) => (c.tokenizerConfig.chat_template = "{{ 1 }}"))).toBe("{{ 1 }}");
    const several = [
      { name: "tool_use", template: "t" },
      { name: "default", template: "d" },
    ];
    expect(await template((c) => (c.tokenizerConfig.chat_template = several))).toBe("d");
    expect(
      await template((c) => {
        c.tokenizerConfig.chat_template = "old";
        c.files["chat_template.jinja"] = "new";
      }),
    ).toBe("new");
  });
});

describe("what does not fit is refused", () => {
  it("a token beyond the embedding", async () => {
    const checkpoint = withTokenizer((json) => json.added_tokens.push({ id: 320, content: "<mask>", special: true }));
    await expect(converted(checkpoint)).rejects.toEqual(unmaskError("vocabulary_mismatch", "<mask>", "320"));
  });

  it("another kind of tokenizer", async () => {
    const unigram = withTokenizer((json) => {
      json.model = { type: "Unigram", vocab: [["a", 0]] };
    });
    await expect(converted(unigram)).rejects.toEqual(unmaskError("tokenizer_unsupported"));
    const sentencePiece = withTokenizer((json) => {
      json.model.byte_fallback = true;
    });
    await expect(converted(sentencePiece)).rejects.toEqual(unmaskError("tokenizer_unsupported"));
  });

  it("merges of tokens that are not there: no file is written", async () => {
    const pruned = withTokenizer((json) => (json.model.merges as string[]).push("q zz"));
    await expect(converted(pruned)).rejects.toEqual(unmaskError("tokenizer_invalid"));
  });

  it("no tokenizer.json", async () => {
    const checkpoint = llama();
    checkpoint.tokenizer = null;
    await expect(converted(checkpoint)).rejects.toEqual(unmaskError("tokenizer_missing", "save_pretrained"));
  });
});
