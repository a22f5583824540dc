// How ternary weights behave while they are trained: the share of zeros, and the share that changed
// its code since the last look. A layer of zeros, or one that never settles, has collapsed.

import { ternarise } from "./parameters.js";
import type { Trainer } from "./types.js";

export interface LayerStatistics {
  /** Tensor name without ".weight". */
  name: string;
  zeros: number;
  /** Since the last look; null at the first. */
  flips: number | null;
}

export class TernaryWatch {
  readonly #before = new Map<string, Int8Array>();

  look(trainer: Trainer): LayerStatistics[] {
    return trainer.parameters
      .filter(({ ternary }) => ternary)
      .map(({ name }) => {
        const { codes } = ternarise(trainer.get(name));
        const before = this.#before.get(name);
        this.#before.set(name, codes);
        const share = (counts: (code: number, i: number) => boolean) =>
          codes.reduce((sum, code, i) => sum + (counts(code, i) ? 1 : 0), 0) / codes.length;
        return {
          name: name.replace(/\.weight$/, ""),
          zeros: share((code) => code === 0),
          flips: before === undefined ? null : share((code, i) => code !== before[i]),
        };
      });
  }
}
