// `npm run test:browser`: the page's tests in a real Chromium.
//
// The browser is the one that CHROMIUM_PATH names, or one of the usual places. Where there is none,
// a CI machine's root installs Debian's; everybody else is told that the tests were skipped.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { trySetup } from "./setup.mjs";

const places = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

function findBrowser() {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined) return existsSync(named) ? named : null;
  return places.find((place) => existsSync(place)) ?? null;
}

function mayInstall() {
  return process.env.CI === "true" && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
}

function install() {
  console.log("test:browser: installing chromium ...");
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", "chromium"]]) {
    const { status } = spawnSync("apt-get", args, { env: environment, stdio: "ignore" });
    if (status !== 0) return null;
  }
  return findBrowser();
}

async function main() {
  const browser = findBrowser() ?? (mayInstall() ? install() : null);
  if (browser === null) {
    console.log("test:browser: SKIPPED, there is no Chromium. Install one, or name it in CHROMIUM_PATH.");
    return 0;
  }
  if (!(await trySetup())) return 1;
  const root = fileURLToPath(new URL("..", import.meta.url));
  const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
  const args = [vitest, "run", "--config", "test/browser/vitest.config.ts", ...process.argv.slice(2)];
  const environment = { ...process.env, CHROMIUM_PATH: browser };
  return spawnSync(process.execPath, args, { cwd: root, env: environment, stdio: "inherit" }).status ?? 1;
}

process.exitCode = await main();
