#!/usr/bin/env node
// Measures what docs/performance.md shows, and writes it there: every section between
//
//   <!-- measured: COMMAND -->  and  <!-- /measured -->
//
// becomes the command and what it prints. Commands run in build/bench, where the models they make
// stay. Needs a build (npm run setup), a machine that nobody else uses, and about 15 minutes.
//
//   npm run docs:performance [-- WORDS]    WORDS: only the section of that command, or all that contain them

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = join(root, "docs", "performance.md");
const folder = join(root, "build", "bench");
const wanted = process.argv.slice(2).join(" ");
mkdirSync(folder, { recursive: true });

/** Runs `unmask ...` and `npm run ...` as written; returns stdout. */
function run(command) {
  const words = command.split(" ");
  const [program, args] =
    words[0] === "unmask"
      ? [process.execPath, [join(root, "dist/cli/main.js"), ...words.slice(1)]]
      : [words[0], words.slice(1)];
  const silent = program === "npm" ? ["--silent", "--prefix", root, ...args] : args;
  const env = { ...process.env, INIT_CWD: folder };
  const { status, stdout, error } = spawnSync(program, silent, {
    cwd: folder,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? `exit code ${status}`}`);
  return stdout;
}

const section = /<!-- measured: (.+?) -->\n[\s\S]*?<!-- \/measured -->/g;
const text = () => readFileSync(page, "utf8");

// Models are made once.
for (const [command, file] of text().matchAll(/^unmask synth .*-o (\S+)/gm)) {
  if (existsSync(join(folder, file))) continue;
  console.error(command);
  run(command);
}

const commands = [...text().matchAll(section)].map((match) => match[1]);
const exact = commands.filter((command) => command === wanted);
const chosen = exact.length > 0 ? exact : commands.filter((command) => command.includes(wanted));

for (const command of chosen) {
  console.error(command);
  const output = run(command).trim();
  const picture = / --roofline (\S+)/.exec(command)?.[1];
  if (picture !== undefined) copyFileSync(join(folder, picture), join(root, "docs", "images", picture));
  const filled = text().replace(section, (whole, other) =>
    other === command
      ? `<!-- measured: ${command} -->\n\`\`\`sh\n${command}\n\`\`\`\n\n${output}\n<!-- /measured -->`
      : whole,
  );
  writeFileSync(page, filled);
}
