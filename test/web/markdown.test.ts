// Markdown: the constructs models use, safety, and answers that are cut off anywhere.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Block, parseMarkdown } from "../../web/src/state/markdown.js";
import { type Inline, parseInline } from "../../web/src/state/markdown-inline.js";

/** A compact form: tags and text. */
function show(blocks: Block[]): string {
  return blocks.map(showBlock).join("");
}

function showBlock(block: Block): string {
  switch (block.type) {
    case "paragraph":
      return `<p>${inline(block.content)}</p>`;
    case "heading":
      return `<h${block.level}>${inline(block.content)}</h${block.level}>`;
    case "code":
      return `<pre ${block.language}>${block.text}</pre>`;
    case "quote":
      return `<quote>${show(block.blocks)}</quote>`;
    case "list":
      return `<list ${block.start ?? "-"}>${block.items.map((item) => `<li>${show(item)}</li>`).join("")}</list>`;
    case "table":
      return `<table>${[block.head, ...block.rows].map((row) => row.map(inline).join("|")).join("/")}</table>`;
    case "rule":
      return "<hr>";
  }
}

function inline(parts: Inline[]): string {
  return parts
    .map((part) => {
      if (part.type === "text") return part.text;
      if (part.type === "code") return `\`${part.text}\``;
      if (part.type === "break") return "¶";
      if (part.type === "link") return `[${inline(part.content)}](${part.url})`;
      return `<${part.type}>${inline(part.content)}</${part.type}>`;
    })
    .join("");
}

describe("blocks", () => {
  test.each([
    ["one\ntwo\n\nthree", "<p>one¶two</p><p>three</p>"],
    ["# A\n## B ##\ntext", "<h1>A</h1><h2>B</h2><p>text</p>"],
    ["#hash", "<p>#hash</p>"],
    ["text\n```js\na < b\n\n  c\n```\nafter", "<p>text</p><pre js>a < b\n\n  c</pre><p>after</p>"],
    ["```\nno end", "<pre >no end</pre>"],
    ["~~~\n```\n~~~", "<pre >```</pre>"],
    ["> a\n> - b", "<quote><p>a</p><list -><li><p>b</p></li></list></quote>"],
    ["- a\n- b\n\n- c", "<list -><li><p>a</p></li><li><p>b</p></li><li><p>c</p></li></list>"],
    ["3. a\n4. b", "<list 3><li><p>a</p></li><li><p>b</p></li></list>"],
    [
      "- a\n  - b\n    - c\n- d",
      "<list -><li><p>a</p><list -><li><p>b</p><list -><li><p>c</p></li></list></li></list></li><li><p>d</p></li></list>",
    ],
    ["1. a\n\n   more\n2. b", "<list 1><li><p>a</p><p>more</p></li><li><p>b</p></li></list>"],
    ["- a\n\ntext", "<list -><li><p>a</p></li></list><p>text</p>"],
    ["- a\n1. b", "<list -><li><p>a</p></li></list><list 1><li><p>b</p></li></list>"],
    ["---\n***", "<hr><hr>"],
    ["| a | b |\n|---|:-:|\n| 1 | `x\\|y` |", "<table>a|b/1|`x|y`</table>"],
    ["a | b", "<p>a | b</p>"],
    ["", ""],
    ["\r\na\r\nb", "<p>a¶b</p>"],
  ])("%j", (source, tree) => {
    expect(show(parseMarkdown(source))).toBe(tree);
  });
});

describe("inside a paragraph", () => {
  test.each([
    ["a **b *c* d** e", "a <strong>b <emphasis>c</emphasis> d</strong> e"],
    ["__b__ _i_ ~~s~~", "<strong>b</strong> <emphasis>i</emphasis> <struck>s</struck>"],
    ["snake_case_name 2 * 3 * 4", "snake_case_name 2 * 3 * 4"],
    ["**open and *open", "**open and *open"],
    ["`a * b` ``c ` d``", "`a * b` `c ` d`"],
    ["\\*no\\* \\`no\\`", "*no* `no`"],
    ["[a *b*](https://x.y/z)", "[a <emphasis>b</emphasis>](https://x.y/z)"],
    ["see https://x.y/a?b=c.", "see [https://x.y/a?b=c](https://x.y/a?b=c)."],
    ["[a](javascript:alert(1))", "[a](javascript:alert(1))"],
    ["<script>alert(1)</script>", "<script>alert(1)</script>"],
  ])("%j", (source, tree) => {
    expect(inline(parseInline(source))).toBe(tree);
  });
});

test("only web addresses become links", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("[", "]", "(", ")", "a", ":", "/", "javascript:", "data:", "https://") }),
      (text) => {
        const urls = JSON.stringify(parseMarkdown(text)).match(/"url":"[^"]*"/g) ?? [];
        for (const url of urls) expect(url).toMatch(/^"url":"https?:\/\//);
      },
    ),
  );
});

test("any text parses, and quickly, wherever an answer is cut", () => {
  const piece = fc.constantFrom(
    "a",
    " ",
    "\n",
    "*",
    "**",
    "_",
    "`",
    "```",
    "|",
    "-",
    "- ",
    "1. ",
    "> ",
    "#",
    "[",
    "](",
    "~~",
    "\\",
    "  ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 80 }), (pieces) => {
      expect(Array.isArray(parseMarkdown(pieces.join("")))).toBe(true);
    }),
    { numRuns: 500 },
  );
});
