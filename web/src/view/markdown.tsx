// Markdown on the page: the tree of state/markdown.ts as elements.

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { type Block, parseMarkdown } from "../state/markdown.js";
import type { Inline } from "../state/markdown-inline.js";
import { CopyButton } from "./copy-button.js";

export function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  return <div class="markdown">{blocks.map(block)}</div>;
}

function block(node: Block, key: number): ComponentChildren {
  switch (node.type) {
    case "paragraph":
      return <p key={key}>{node.content.map(inline)}</p>;
    case "heading": {
      // The question above the answer is an h2.
      const Tag = `h${Math.min(6, node.level + 2)}` as "h3";
      return <Tag key={key}>{node.content.map(inline)}</Tag>;
    }
    case "code":
      return (
        <div key={key} class="code">
          <pre>
            <code>{node.text}</code>
          </pre>
          <CopyButton text={node.text} label="Copy the code" />
        </div>
      );
    case "quote":
      return <blockquote key={key}>{node.blocks.map(block)}</blockquote>;
    case "list": {
      const items = node.items.map((item, i) => <li key={i}>{listItem(item)}</li>);
      return node.start === null ? (
        <ul key={key}>{items}</ul>
      ) : (
        <ol key={key} start={node.start}>
          {items}
        </ol>
      );
    }
    case "table":
      return (
        <div key={key} class="table">
          <table>
            <thead>
              <tr>
                {node.head.map((cell, i) => (
                  <th key={i}>{cell.map(inline)}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {node.rows.map((row, i) => (
                <tr key={i}>
                  {row.map((cell, j) => (
                    <td key={j}>{cell.map(inline)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case "rule":
      return <hr key={key} />;
  }
}

/** A list item of one paragraph needs no paragraph around it. */
function listItem(blocks: Block[]): ComponentChildren {
  const [first, ...rest] = blocks;
  if (first?.type !== "paragraph") return blocks.map(block);
  return [...first.content.map(inline), ...rest.map(block)];
}

function inline(node: Inline, key: number): ComponentChildren {
  switch (node.type) {
    case "text":
      return node.text;
    case "code":
      return <code key={key}>{node.text}</code>;
    case "strong":
      return <strong key={key}>{node.content.map(inline)}</strong>;
    case "emphasis":
      return <em key={key}>{node.content.map(inline)}</em>;
    case "struck":
      return <s key={key}>{node.content.map(inline)}</s>;
    case "link":
      return (
        <a key={key} href={node.url} target="_blank" rel="noopener noreferrer">
          {node.content.map(inline)}
        </a>
      );
    case "break":
      return <br key={key} />;
  }
}
