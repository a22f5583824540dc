// `npm start`: setup, then the server in this same process, so that signals reach it.

import { trySetup } from "./setup.mjs";

if (trySetup()) {
  process.argv.splice(2, 0, "serve");
  await import("../dist/cli/main.js");
} else {
  process.exitCode = 1;
}
