// Brings a clone to the state in which unmask runs: dependencies, TypeScript, the page, native addon.
//
// Each step looks whether it is due and says one line if it was; when nothing changed this takes a
// fraction of a second. Only Node.js itself is used here, because nothing else is there yet.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const path = (...parts) => join(root, ...parts);
const readJson = (...parts) => JSON.parse(readFileSync(path(...parts), "utf8"));

/** A step that failed: its message is for a person, and the process ends with code 1. */
class SetupError extends Error {}

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

/** Runs a program to its end. @returns its exit code and everything it wrote */
function run(program, args) {
  const shell = process.platform === "win32" && program === "npm"; // npm is a batch file there
  const result = spawnSync(program, args, { cwd: root, encoding: "utf8", shell, maxBuffer: 2 ** 28 });
  if (result.error) throw new SetupError(`${program} cannot be started: ${result.error.message}`);
  if (result.signal) throw new SetupError(`${program} was ended by ${result.signal}.`);
  return { code: result.status, output: `${result.stdout}${result.stderr}`.trim() };
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

function checkNode() {
  const wanted = readJson("package.json").engines.node.replace(">=", "");
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [leastMajor, leastMinor] = wanted.split(".").map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new SetupError(
    `unmask needs Node.js ${wanted} or newer; this is ${process.versions.node}. Get one from https://nodejs.org.`,
  );
}

/** Whether node_modules holds what package-lock.json says, by npm's own record of what it installed. */
function dependenciesAreInstalled() {
  if (!existsSync(path("node_modules", ".package-lock.json"))) return false;
  const wanted = readJson("package-lock.json").packages;
  const installed = readJson("node_modules", ".package-lock.json").packages;
  return Object.entries(wanted).every(([name, { version, optional, devOptional }]) => {
    if (name === "") return true;
    const found = installed[name];
    return found === undefined ? Boolean(optional || devOptional) : found.version === version;
  });
}

function installDependencies() {
  if (dependenciesAreInstalled()) return;
  say("installing dependencies ...");
  const begun = performance.now();
  // npm's own path when npm started us; development packages even where they are left out by default.
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env.npm_execpath;
  const { code, output } = npm?.endsWith(".js") ? run(process.execPath, [npm, ...args]) : run("npm", args);
  if (code !== 0) throw new SetupError(`\`npm ci\` failed. Is there a network? This is what it said:\n${output}`);
  const count = Object.keys(readJson("node_modules", ".package-lock.json").packages).length;
  say(`installed ${count} packages in ${seconds(begun)}`);
}

function filesBelow(folder) {
  return readdirSync(path(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** A hash of everything that something built depends on: files, and versions of packages. */
function hashOf(packages, files) {
  const hash = createHash("sha256");
  for (const name of packages) hash.update(readJson("node_modules", name, "package.json").version).update("\0");
  for (const file of files) hash.update(file.slice(root.length)).update("\0").update(readFileSync(file)).update("\0");
  return hash.digest("hex");
}

/** Removes what was compiled from sources that are gone. */
function removeStale() {
  const page = path("dist", "web");
  for (const file of filesBelow("dist").filter((file) => file.endsWith(".js") && !file.startsWith(page))) {
    const source = path("src", `${file.slice(path("dist").length + 1, -".js".length)}.ts`);
    if (existsSync(source)) continue;
    for (const ending of [".js", ".js.map", ".d.ts"]) rmSync(file.replace(/\.js$/, ending), { force: true });
  }
}

function compileTypeScript() {
  const stamp = path("dist", ".built-from");
  const main = path("dist", "cli", "main.js");
  const hash = hashOf(["typescript"], [...filesBelow("src"), path("tsconfig.json"), path("tsconfig.build.json")]);
  if (existsSync(main) && existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
  const begun = performance.now();
  rmSync(stamp, { force: true });
  const { code, output } = run(process.execPath, [
    path("node_modules", "typescript", "bin", "tsc"),
    "-p",
    "tsconfig.build.json",
  ]);
  if (code !== 0) throw new SetupError(`TypeScript does not compile:\n${output}`);
  removeStale();
  chmodSync(main, 0o755);
  writeFileSync(stamp, hash);
  say(`compiled TypeScript in ${seconds(begun)}`);
}

function buildPage() {
  const stamp = path("dist", "web", ".built-from");
  const hash = hashOf(["vite", "preact"], [...filesBelow("web"), ...filesBelow("src/client")]);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
  const begun = performance.now();
  const { code, output } = run(process.execPath, [path("node_modules", "vite", "bin", "vite.js"), "build", "web"]);
  if (code !== 0) throw new SetupError(`The page could not be built:\n${output}`);
  writeFileSync(stamp, hash);
  say(`built the page in ${seconds(begun)}`);
}

/** scripts/build-native.mjs knows itself what is due, and logs only then. */
async function buildNative() {
  const { build } = await import("./build-native.mjs");
  const begun = performance.now();
  let due = false;
  const log = () => {
    if (!due) say("compiling the native addon ...");
    due = true;
  };
  try {
    await build({ log });
  } catch (error) {
    if (error.code !== "compiler_missing")
      throw new SetupError(`The native addon could not be built:\n${error.message}`);
    say(error.message); // the reference backend answers without it
    return;
  }
  if (due) say(`compiled the native addon in ${seconds(begun)}`);
}

/** @throws SetupError */
export async function setup() {
  checkNode();
  installDependencies();
  compileTypeScript();
  buildPage();
  await buildNative();
}

/** Sets up, or says what is wrong and resolves to false. */
export async function trySetup() {
  try {
    await setup();
    return true;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`setup failed: ${error.message}\n`);
    return false;
  }
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url) && !(await trySetup())) process.exitCode = 1;
