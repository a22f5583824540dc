// How far a measurement is and how long it will take: a bar in a terminal, a line now and then elsewhere.

import { SingleBar } from "cli-progress";
import type { Output } from "./surroundings.js";

export interface Progress {
  advance(done: number): void;
  end(): void;
}

/** Lines of a whole measurement where nobody watches. */
const lines = 10;

export function progressOf(total: number, stderr: Output): Progress {
  return stderr.isTTY ? bar(total, stderr) : log(total, stderr);
}

function bar(total: number, stream: Output): Progress {
  const format = "{bar} {value}/{total}  {left}";
  const bar = new SingleBar({ format, stream, clearOnComplete: true, hideCursor: true });
  const begun = performance.now();
  bar.start(total, 0, { left: "" });
  return {
    advance: (done) => bar.update(done, { left: `${minutesLeft(begun, done, total)} left` }),
    end: () => bar.stop(),
  };
}

function log(total: number, stderr: Output): Progress {
  const begun = performance.now();
  let said = 0;
  return {
    advance: (done) => {
      const part = Math.floor((lines * done) / total);
      if (part === said) return;
      said = part;
      const left = done === total ? "done" : `${minutesLeft(begun, done, total)} left`;
      stderr.write(`${done}/${total} answers, ${left}\n`);
    },
    end: () => {},
  };
}

/** "12 min", or "40 s" */
function minutesLeft(begun: number, done: number, total: number): string {
  const seconds = ((performance.now() - begun) / 1000 / done) * (total - done);
  return seconds < 60 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
