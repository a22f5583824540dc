// The log of a run: one JSON object a line, appended as training goes on.
//
// A resumed run forgets the lines after the step it resumes from. What it had summed up since the last
// line is gone too: the next one speaks of the steps since then only.

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { writeTextAtomically } from "../format/output-file.js";
import type { LayerStatistics } from "./statistics.js";

/** Losses are means over their targets since the last line; null when there were none. They are not comparable with one another. */
export interface LogRecord {
  /** Steps done in all, and in the phase. */
  step: number;
  phase: string;
  phaseStep: number;
  /** What is minimised. */
  loss: number;
  /** Cross-entropy of next tokens (causal and clean rows), and of masked tokens (noisy rows), nats. */
  nextLoss: number | null;
  maskedLoss: number | null;
  gradientNorm: number;
  matrixRate: number;
  otherRate: number;
  quantisation: number;
  /** Taken in all. */
  examples: number;
  rowsPerSecond: number;
  /** Of the matrix products alone, and of the same work over the whole step. */
  gemmGflops: number;
  stepGflops: number;
  seconds: number;
  layers?: LayerStatistics[];
}

export class TrainingLog {
  readonly #path: string;
  readonly #warn: (message: string) => void;
  #failed = false;

  constructor(path: string, warn: (message: string) => void) {
    this.#path = path;
    this.#warn = warn;
  }

  /** Keeps the lines up to a step. @throws UnmaskError file_write_failed; the log is then as before */
  async rewind(step: number): Promise<void> {
    const kept = this.read().filter((record) => record.step <= step);
    const text = kept.map((record) => `${JSON.stringify(record)}\n`).join("");
    if (!existsSync(this.#path) || readFileSync(this.#path, "utf8") === text) return;
    await writeTextAtomically(this.#path, text);
  }

  /** A full disk costs lines of the log, not the run. */
  append(record: LogRecord): void {
    try {
      appendFileSync(this.#path, `${JSON.stringify(record)}\n`);
    } catch (error) {
      if (!this.#failed) this.#warn(`The log ${this.#path} cannot be written: ${(error as Error).message}.`);
      this.#failed = true;
    }
  }

  /** All whole lines. */
  read(): LogRecord[] {
    if (!existsSync(this.#path)) return [];
    return readFileSync(this.#path, "utf8")
      .split("\n")
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as LogRecord];
        } catch {
          return []; // the last line of a run that was killed
        }
      });
  }
}
