#!/usr/bin/env node
// The command `unmask`: runs the command line and turns what went wrong into a message and an exit code.

import { describeFailure } from "./failure.js";
import { buildProgram } from "./program.js";
import { processSurroundings } from "./surroundings.js";

// A reader that has seen enough (`unmask generate ... | head -1`) is not an error; one that no longer
// listens to what is said beside the result (`unmask train ... 2>&1 | tee log`, and Ctrl-C) ends nothing.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (stream === process.stdout) process.exit(0);
  });
}

try {
  await buildProgram(processSurroundings()).parseAsync();
} catch (error) {
  const { text, exitCode } = describeFailure(error);
  process.stderr.write(text);
  process.exitCode = exitCode;
}
