#!/usr/bin/env node
// The C++ tests of native/test in every guise: as they are, under AddressSanitizer and
// UndefinedBehaviorSanitizer, under ThreadSanitizer, and cross-compiled for arm64 under
// qemu-user. What this machine cannot do is skipped, with the reason.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { build, runPrograms } from "./build-native.mjs";

const onPath = (program) =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));

const guises = [
  { name: "plain" },
  { name: "address and undefined behaviour sanitizers", sanitize: "address,undefined" },
  { name: "thread sanitizer", sanitize: "thread" },
  { name: "arm64 under qemu", target: "aarch64", needs: ["aarch64-linux-gnu-g++", "qemu-aarch64"] },
];

let ok = true;
for (const { name, needs = [], ...options } of guises) {
  const missing = needs.filter((program) => !onPath(program));
  if (missing.length > 0) {
    console.log(`\n${name}: skipped, ${missing.join(" and ")} not found`);
    continue;
  }
  console.log(`\n${name}`);
  try {
    const programs = await build({
      programs: "test",
      ...options,
      log: (line) => line.startsWith("Compiling") && console.log(line),
    });
    ok = (await runPrograms(programs, { ...options, log: console.log })) && ok;
  } catch (error) {
    console.error(error.message);
    ok = false;
  }
}
console.log(ok ? "\nAll native tests passed." : "\nNative tests failed.");
process.exitCode = ok ? 0 : 1;
