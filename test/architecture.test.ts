// The layers, as a test: reads every import in src/ and fails on an edge that is not in the table.
// Type imports count too. A folder that is not in the table fails, so a new layer is a decision.

import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readDocument } from "./documents.js";

/** Top to bottom. A folder imports from lower lines only; folders on one line ignore each other. */
const layers = [
  ["cli"],
  ["server"],
  ["train"],
  ["convert", "eval", "bench"],
  ["engine"],
  ["decode"],
  ["model"],
  ["backend"],
  ["text"],
  ["format"],
  ["config"],
  ["util"],
];

/** Folders that stand alone: the client also runs in browsers. */
const islands = ["client"];

/** What files directly in src/ (the package's entry) may hand on, beside the types.ts of any layer. */
const entry = ["engine", "util"];

/** These layers work on numbers, tokens and text; files are opened above or below them. */
const withoutFiles = ["decode", "model", "engine", "text"];

const longest = 400;

interface Import {
  file: string; // relative to src/
  target: string; // as written
}

/** Module specifiers of static, dynamic and type imports, re-exports and require calls. */
function importsOf(file: string, source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const forms = [
    /^\s*(?:import|export)\s[^;"']*?\bfrom\s*["']([^"']+)["']/gm,
    /^\s*import\s*["']([^"']+)["']/gm,
    /\b(?:import|require)\s*\(\s*["']([^"']+)["']/g,
  ];
  return forms.flatMap((form) => [...code.matchAll(form)].map((match) => ({ file, target: match[1] })));
}

const folderOf = (path: string) => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "");
const depthOf = (folder: string) => layers.findIndex((line) => line.includes(folder));

/** What is wrong with an import; null when nothing is. */
function violation({ file, target }: Import): string | null {
  const from = folderOf(file);
  if (from !== "" && depthOf(from) < 0 && !islands.includes(from)) return `${from}/ is not in the table of layers`;
  if (target.startsWith(".")) {
    const path = posix.join(posix.dirname(file), target);
    if (path.startsWith("..")) return "leaves src/";
    if (!target.endsWith(".js")) return "lacks the extension .js";
    return edgeViolation(from, path);
  }
  if (islands.includes(from)) return `${from}/ imports nothing from outside`;
  if (isBuiltin(target)) {
    if (!target.startsWith("node:")) return "a builtin without node:";
    const files = /^node:fs(\/|$)/.test(target);
    return files && withoutFiles.includes(from) ? `${from}/ does not touch files` : null;
  }
  if (from === "util") return "util/ imports no packages";
  if (/^(@hono\/|hono(\/|$))/.test(target) && from !== "server") return "only server/ uses hono";
  return null;
}

function edgeViolation(from: string, path: string): string | null {
  const to = folderOf(path);
  if (from === to) return null;
  if (from === "") {
    const fine = entry.includes(to) || (depthOf(to) >= 0 && path === `${to}/types.js`);
    return fine ? null : `the entry hands on only ${entry.join(", ")} and types.ts`;
  }
  if (islands.includes(from)) return `${from}/ stands alone`;
  return depthOf(to) > depthOf(from) ? null : `${from}/ may not import ${to || "the entry"}/`;
}

const root = fileURLToPath(new URL("../src/", import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({ path, source: readFileSync(root + path, "utf8") }));

describe("the sources", () => {
  test("import downwards only", () => {
    const wrong = files
      .flatMap(({ path, source }) => importsOf(path, source))
      .map((edge) => ({ ...edge, reason: violation(edge) }))
      .filter(({ reason }) => reason !== null)
      .map(({ file, target, reason }) => `${file} imports "${target}": ${reason}`);
    expect(wrong).toEqual([]);
  });

  test("open with a comment that says what they are", () => {
    const silent = files.filter(({ source }) => !/^(#!.*\n)?\/[/*]/.test(source)).map(({ path }) => path);
    expect(silent).toEqual([]);
  });

  test(`have at most ${longest} lines`, () => {
    const long = files
      .map(({ path, source }) => ({ path, lines: source.trimEnd().split("\n").length }))
      .filter(({ lines }) => lines > longest);
    expect(long).toEqual([]);
  });
});

test("docs/architecture.md has these layers in this order", () => {
  const rows = readDocument("docs/architecture.md").matchAll(/^\| ((?:`\w+\/`(?:, )?)+) \|/gm);
  const named = [...rows].map(([, cell]) => [...cell.matchAll(/\w+/g)].map(([folder]) => folder));
  expect(named).toEqual(layers);
});

describe("the check itself", () => {
  test("finds imports in every form", () => {
    const source = [
      "// import nothing from './comment.js'",
      "/* import a from './comment.js'; */",
      'import a from "./a.js";',
      'import type {\n  B,\n  C,\n} from "../b/c.js";',
      'import "./d.js";',
      'export * from "./e.js";',
      'export { type F, g } from "./f.js";',
      'const h = (await import("./h.js")).h;',
      'type I = import("./i.js").I;',
      'const j = require("./j.node");',
      'const text = "copied from a book";',
      'export const k = from("./k.js");',
    ].join("\n");
    const found = importsOf("x/y.ts", source).map(({ target }) => target);
    const names = ["./a.js", "../b/c.js", "./d.js", "./e.js", "./f.js", "./h.js", "./i.js", "./j.node"];
    expect(found.sort()).toEqual(names.sort());
  });

  test.each([
    ["decode/index.ts", "../engine/types.js"],
    ["util/errors.ts", "../config/load.js"],
    ["util/log.ts", "pino"],
    ["convert/index.ts", "../eval/index.js"],
    ["eval/index.ts", "../server/index.js"],
    ["engine/index.ts", "../index.js"],
    ["engine/index.ts", "node:fs"],
    ["text/tokenizer.ts", "node:fs/promises"],
    ["text/tokenizer.ts", "fs"],
    ["cli/serve.ts", "hono"],
    ["engine/index.ts", "@hono/node-server"],
    ["client/index.ts", "../util/errors.js"],
    ["client/index.ts", "node:http"],
    ["cli/serve.ts", "../client/index.js"],
    ["index.ts", "./server/index.js"],
    ["index.ts", "./format/gguf.js"],
    ["server/index.ts", "../../test/help.js"],
    ["server/index.ts", "./routes"],
    ["misc/index.ts", "./other.js"],
  ])("%s may not import %s", (file, target) => {
    expect(violation({ file, target })).not.toBeNull();
  });

  test.each([
    ["cli/serve.ts", "../util/errors.js"],
    ["server/index.ts", "hono/cors"],
    ["engine/index.ts", "../decode/types.js"],
    ["engine/index.ts", "node:path"],
    ["format/gguf.ts", "node:fs"],
    ["index.ts", "./engine/index.js"],
    ["index.ts", "./model/types.js"],
    ["client/index.ts", "./errors.js"],
    ["decode/index.ts", "./types.js"],
    ["util/paths.ts", "node:os"],
  ])("%s may import %s", (file, target) => {
    expect(violation({ file, target })).toBeNull();
  });
});
