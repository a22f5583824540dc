// The documents, checked against the code: links and files exist, JSON parses, npm scripts, commands and
// flags are there, tables of the API name what the code knows. What can be run is run by docs-run.test.ts.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { buildProgram } from "../src/cli/program.js";
import { processSurroundings } from "../src/cli/surroundings.js";
import { chatSchema } from "../src/server/chat.js";
import { completionSchema } from "../src/server/completion.js";
import { errorTable } from "../src/util/errors.js";
import { codeBlocks, documents, readDocument } from "./documents.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const all = documents().map((path) => ({ path, text: readDocument(path) }));

/** The anchors GitHub makes of headings. */
function anchors(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => match[1]);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe.each(all)("$path", ({ path, text }) => {
  const blocks = codeBlocks(text);

  test("links lead somewhere", () => {
    const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1])
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [file, anchor] = link.split("#");
        const target = file === "" ? path : join(dirname(path), file);
        if (!existsSync(join(root, target))) return true;
        return anchor !== undefined && !anchors(readDocument(target)).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  test("files that are named exist", () => {
    const named = [...text.matchAll(/`((?:src|test|scripts|docs|models|native|examples)\/[\w./-]*)`/g)];
    const missing = named.map((match) => match[1]).filter((file) => !existsSync(join(root, file)));
    expect(missing).toEqual([]);
  });

  test("JSON parses", () => {
    for (const { code } of blocks.filter(({ language }) => language === "json")) {
      expect(() => JSON.parse(code), code).not.toThrow();
    }
  });

  test("npm scripts are in package.json", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const named = [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map((match) => match[1] ?? match[2]);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test("commands and flags are those of the command line", () => {
    const program = buildProgram(processSurroundings());
    const wrong = commandLines(text).flatMap((line) => problems(program, line));
    expect(wrong).toEqual([]);
  });
});

/** What is typed after `unmask`, in code blocks and between backticks. */
function commandLines(text: string): string[] {
  const lines = codeBlocks(text)
    .filter(({ language }) => language === "sh" || language === "bash")
    .flatMap(({ code }) => code.replaceAll("\\\n", " ").split("\n"));
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]);
  return [...lines, ...inline].flatMap((line) => {
    const match = /^(?:[A-Z_]+=\S+ )*unmask (.+)$/.exec(line.replace(/\s+#.*$/, "").trim());
    return match === null ? [] : [match[1]];
  });
}

function problems(program: Command, line: string): string[] {
  const [name, nested] = line.split(" ");
  if (name.startsWith("-") || name === "help") return [];
  const named = program.commands.find((candidate) => candidate.name() === name);
  if (named === undefined) return [`unmask ${name}: no such command`];
  const command = named.commands.find((candidate) => candidate.name() === nested) ?? named;
  const known = command.options.flatMap((option) => [option.long, option.short]);
  const flags = [...line.matchAll(/(?<=\s)--?[a-z][\w-]*/g)].map((match) => match[0]);
  return flags
    .filter((flag) => flag !== "--help" && !known.includes(flag))
    .map((flag) => `unmask ${name} ${flag}: no such flag`);
}

test("flags named in prose exist", () => {
  const program = buildProgram(processSurroundings());
  const known = new Set(program.commands.flatMap((command) => command.options.map((option) => option.long)));
  const text = ["README.md", "docs/api.md", "docs/troubleshooting.md"].map(readDocument).join("\n");
  const named = [...text.matchAll(/`(--[a-z][\w-]*)/g)].map((match) => match[1]);
  expect(named.filter((flag) => !known.has(flag))).toEqual([]);
});

describe("docs/api.md", () => {
  const text = readDocument("docs/api.md");

  test("names every field of the requests", () => {
    const fields = new Set([...Object.keys(chatSchema.shape), ...Object.keys(completionSchema.shape)]);
    const named = new Set([...text.matchAll(/`([a-z_]+)(?:\.[a-z_]+)?`/g)].map((match) => match[1]));
    expect([...fields].filter((field) => !named.has(field))).toEqual([]);
  });

  test("has the status of every code it lists", () => {
    const rows = [...text.matchAll(/^\|\s*(\d{3})\s*\|\s*`([a-z_]+)`\s*\|/gm)].map((match) => [
      match[2],
      Number(match[1]),
    ]);
    expect(rows.length).toBeGreaterThan(10);
    for (const [code, status] of rows) {
      expect([code, errorTable[code as keyof typeof errorTable]?.status]).toEqual([code, status]);
    }
  });
});

test("every code of the error table that a request can meet is documented", () => {
  const text = readDocument("docs/api.md") + readDocument("docs/troubleshooting.md");
  const undocumented = Object.keys(errorTable).filter((code) => !text.includes(`\`${code}\``));
  expect(undocumented).toEqual([]);
});
