// The inside of a Markdown paragraph: code, emphasis, links, line breaks.

export type Inline =
  | { type: "text"; text: string }
  | { type: "code"; text: string }
  | { type: "strong" | "emphasis" | "struck"; content: Inline[] }
  | { type: "link"; url: string; content: Inline[] }
  | { type: "break" };

interface Rule {
  pattern: RegExp;
  make(match: RegExpExecArray): Inline;
}

/** At one place the first that matches holds; of several places the leftmost. */
const rules: readonly Rule[] = [
  { pattern: /\\([\\`*_{}[\]()#+\-.!~|<>])/, make: ([, text]) => ({ type: "text", text }) },
  { pattern: /(`+)(?!`)([\s\S]*?[^`])\1(?!`)/, make: ([, , text]) => ({ type: "code", text: text.trim() || text }) },
  {
    pattern: /\[([^[\]]+)\]\(\s*<?(https?:\/\/[^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/,
    make: ([, text, url]) => ({ type: "link", url, content: parseInline(text) }),
  },
  {
    pattern: /<?\b(https?:\/\/[^\s<>()]*[^\s<>().,;:!?'"*_])>?/,
    make: ([, url]) => ({ type: "link", url, content: [{ type: "text", text: url }] }),
  },
  emphasis("strong", /\*\*(?=\S)([\s\S]*?\S)\*\*(?!\*)/),
  emphasis("strong", /(?<!\w)__(?=\S)([\s\S]*?\S)__(?!\w)/),
  emphasis("emphasis", /\*(?=[^\s*])((?:[^*]|\*\*[^*]+\*\*)*?[^\s*])\*(?!\*)/),
  emphasis("emphasis", /(?<!\w)_(?=[^\s_])([^_]*?[^\s_])_(?!\w)/),
  emphasis("struck", /~~(?=\S)([\s\S]*?\S)~~/),
  { pattern: / {2,}\n|\\\n|\n/, make: () => ({ type: "break" }) },
];

function emphasis(type: "strong" | "emphasis" | "struck", pattern: RegExp): Rule {
  return { pattern, make: ([, text]) => ({ type, content: parseInline(text) }) };
}

export function parseInline(source: string): Inline[] {
  const parts: Inline[] = [];
  const addText = (text: string) => {
    const last = parts.at(-1);
    if (last?.type === "text") last.text += text;
    else if (text !== "") parts.push({ type: "text", text });
  };
  let rest = source;
  while (rest !== "") {
    let found: { match: RegExpExecArray; rule: Rule } | null = null;
    for (const rule of rules) {
      const match = rule.pattern.exec(rest);
      if (match !== null && (found === null || match.index < found.match.index)) found = { match, rule };
    }
    if (found === null) {
      addText(rest);
      break;
    }
    const { match, rule } = found;
    addText(rest.slice(0, match.index));
    const part = rule.make(match);
    if (part.type === "text") addText(part.text);
    else parts.push(part);
    rest = rest.slice(match.index + match[0].length);
  }
  return parts;
}
