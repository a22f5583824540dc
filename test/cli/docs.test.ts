// docs/cli.md: the sessions marked <!-- run --> happen as they are written down, commands and answers.

import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { help } from "../../src/cli/session.js";
import { codeBlocks, readDocument } from "../documents.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const page = readDocument("docs/cli.md");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unmask-docs-"));
  writeFileSync(join(folder, "unmask"), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  chmodSync(join(folder, "unmask"), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

function type(command: string): string {
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  const { stdout } = spawnSync("sh", ["-c", `{ ${command}\n} 2>&1`], { cwd: folder, env, encoding: "utf8" });
  return stdout.replace(/^warning: answering with the slow reference backend.*\n/m, ""); // where nothing is compiled
}

const sessions = codeBlocks(page)
  .filter((block) => block.mark === "run")
  .flatMap(({ code }) => code.split(/^\$ /m).slice(1))
  .map((session) => session.split(/\n(.*)/s).slice(0, 2) as [string, string]);

it("docs/cli.md has sessions to run", () => {
  expect(sessions.length).toBeGreaterThanOrEqual(6);
});

it.each(sessions)("$ %s", (command, expected) => {
  expect(type(command)).toBe(expected);
});

it("docs/cli.md has the help of a chat", () => {
  expect(codeBlocks(page).map(({ code }) => code)).toContain(`${help}\n`);
});
