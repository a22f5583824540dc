// What an operation works on, and the order in which gradients flow back.
//
// An operation computes its output and records how to add to the gradients of its inputs;
// running the record backwards is the chain rule. Gradients are only ever added to, so a value
// used twice gets both shares.

export interface Value {
  data: Float64Array;
  /** d loss / d data, complete once everything recorded after it has run. */
  gradient: Float64Array;
}

export function makeValue(data: Float64Array): Value {
  return { data, gradient: new Float64Array(data.length) };
}

export class Tape {
  readonly #steps: (() => void)[] = [];

  record(backward: () => void): void {
    this.#steps.push(backward);
  }

  backward(): void {
    for (const step of this.#steps.reverse()) step();
    this.#steps.length = 0;
  }
}
