// scripts/setup.mjs on a small project of its own, in a folder with a space in its name.

import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
let clone: string;

function write(path: string, text: string): void {
  mkdirSync(join(clone, path, ".."), { recursive: true });
  writeFileSync(join(clone, path), text);
}

beforeAll(() => {
  clone = join(mkdtempSync(join(tmpdir(), "unmask-setup-")), "a clone");
  for (const file of [
    "scripts/setup.mjs",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.build.json",
  ]) {
    cpSync(join(root, file), join(clone, file));
  }
  symlinkSync(join(root, "node_modules"), join(clone, "node_modules"), "dir");
  write("src/cli/main.ts", "#!/usr/bin/env node\nconsole.log(1);\n");
  write("src/client/index.ts", "export const one = 1;\n");
  write("web/index.html", "<p>page</p>\n");
  write("web/vite.config.js", 'export default { build: { outDir: "../dist/web", emptyOutDir: true } };\n');
  write("scripts/build-native.mjs", "export async function build() {}\n");
  write("npm.js", 'console.log(process.argv.slice(2).join(" ")); process.exitCode = 1;\n');
});
afterAll(() => rmSync(join(clone, ".."), { recursive: true }));

function setup() {
  // Never the real npm: it would follow the link to our own node_modules.
  const env = { ...process.env, CI: "true", npm_execpath: join(clone, "npm.js") };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(clone, "scripts/setup.mjs")], {
    cwd: tmpdir(),
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

it("builds what is missing, and nothing twice", () => {
  const first = setup();
  expect(first.stderr).toMatch(/^setup: compiled TypeScript in \d+\.\d s\nsetup: built the page in \d+\.\d s\n$/);
  expect(first.status).toBe(0);
  expect(first.stdout).toBe("");
  accessSync(join(clone, "dist/cli/main.js"), constants.X_OK);
  expect(setup()).toEqual({ status: 0, stdout: "", stderr: "" });
});

it("compiles again when a source changed, and removes what came from one that is gone", () => {
  write("src/extra.ts", "export const two = 2;\n");
  expect(setup().stderr).toContain("compiled TypeScript");
  expect(existsSync(join(clone, "dist/extra.js"))).toBe(true);
  rmSync(join(clone, "src/extra.ts"));
  expect(setup().stderr).toContain("compiled TypeScript");
  expect(existsSync(join(clone, "dist/extra.js"))).toBe(false);
  expect(existsSync(join(clone, "dist/extra.d.ts"))).toBe(false);
  expect(existsSync(join(clone, "dist/web/index.html"))).toBe(true);
});

it("fails with the compiler's words, every time until it is repaired", () => {
  write("src/wrong.ts", "export const three: string = 3;\n");
  for (let time = 0; time < 2; time++) {
    const { status, stderr } = setup();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^setup failed: TypeScript does not compile:\n.*wrong\.ts.*string/);
  }
  rmSync(join(clone, "src/wrong.ts"));
  expect(setup().status).toBe(0);
});

it("goes on without a C++ compiler, and fails when the addon does not compile", () => {
  const native = (body: string) =>
    write("scripts/build-native.mjs", `export async function build({ log }) {${body}}\n`);
  native('throw Object.assign(new Error("Install g++."), { code: "compiler_missing" });');
  expect(setup()).toEqual({ status: 0, stdout: "", stderr: "setup: Install g++.\n" });
  native('log("a file"); throw new Error("line 1: no such thing");');
  const { status, stderr } = setup();
  expect(stderr).toBe(
    "setup: compiling the native addon ...\nsetup failed: The native addon could not be built:\nline 1: no such thing\n",
  );
  expect(status).toBe(1);
  native('log("a file"); log("another");');
  expect(setup().stderr).toMatch(
    /^setup: compiling the native addon \.\.\.\nsetup: compiled the native addon in \d+\.\d s\n$/,
  );
  native("");
});

it("installs with npm when node_modules is not what the lock file says, and shows why that failed", () => {
  rmSync(join(clone, "node_modules"));
  const { status, stderr } = setup();
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^setup: installing dependencies \.\.\.\nsetup failed: `npm ci` failed\..*\nci --include=dev /,
  );
  symlinkSync(join(root, "node_modules"), join(clone, "node_modules"), "dir");
});

it("says which Node.js it needs", () => {
  write("package.json", '{ "type": "module", "engines": { "node": ">=99.1" } }');
  const { status, stderr } = setup();
  expect(status).toBe(1);
  expect(stderr).toBe(
    `setup failed: unmask needs Node.js 99.1 or newer; this is ${process.versions.node}. Get one from https://nodejs.org.\n`,
  );
});
