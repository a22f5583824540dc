// `npm start`: setup, then the server in this same process, so that signals reach it. For the same
// reason package.json says `exec`: the shell between npm and this would keep them to itself.

import { trySetup } from "./setup.mjs";

if (await trySetup()) {
  process.argv.splice(2, 0, "serve");
  await import("../dist/cli/main.js");
} else {
  process.exitCode = 1;
}
