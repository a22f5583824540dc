// Reading the documents: which there are, and their code blocks.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Paths of the documents, relative to the repository. */
export function documents(): string[] {
  const docs = readdirSync(`${root}docs`, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));
  return ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "models/README.md", ...docs.map((file) => `docs/${file}`)];
}

export function readDocument(path: string): string {
  return readFileSync(root + path, "utf8");
}

export interface CodeBlock {
  language: string;
  code: string;
  /** Of an HTML comment right before it: <!-- picture --> gives "picture". */
  mark: string | null;
}

export function codeBlocks(text: string): CodeBlock[] {
  const blocks = text.matchAll(/(?:<!-- ([^>]+) -->\n+)?^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...blocks].map((match) => ({ mark: match[1] ?? null, language: match[2], code: match[3] }));
}

/** The block with this mark. @throws when the document has none */
export function markedBlock(text: string, mark: string): string {
  const block = codeBlocks(text).find((candidate) => candidate.mark === mark);
  if (block === undefined) throw new Error(`No code block is marked <!-- ${mark} -->.`);
  return block.code;
}
