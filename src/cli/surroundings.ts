// What a command touches outside itself: its streams, its environment, and the engine.
// Tests hand in their own; nothing else in cli/ refers to `process` streams.

import type { LoadOptions, Model } from "../engine/types.js";
import { interruptedCode } from "./failure.js";

/** Milliseconds within which two signals are one Ctrl-C: under npm it comes from the terminal and from npm. */
const sameKeyPress = 250;

export interface Output extends NodeJS.WritableStream {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

export interface Input extends NodeJS.ReadableStream {
  isTTY?: boolean;
}

export interface Surroundings {
  stdin: Input;
  stdout: Output;
  stderr: Output;
  environment: Readonly<Record<string, string | undefined>>;
  loadModel(path: string, options: LoadOptions): Promise<Model>;
  /** Calls back on the first Ctrl-C or request to terminate; a second one ends the process. Returns how to stop listening. */
  onInterrupt(heard: () => void): () => void;
}

/** The real ones. The engine is imported when it is first needed, so that --help does not wait for it. */
export function processSurroundings(): Surroundings {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    loadModel: async (path, options) => (await import("../engine/index.js")).loadModel(path, options),
    onInterrupt: (heard) => {
      let first: number | null = null;
      const count = () => {
        if (first === null) {
          first = performance.now();
          heard();
        } else if (performance.now() - first > sameKeyPress) process.exit(interruptedCode);
      };
      process.on("SIGINT", count);
      process.on("SIGTERM", count);
      return () => {
        process.off("SIGINT", count);
        process.off("SIGTERM", count);
      };
    },
  };
}
