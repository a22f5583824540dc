// On what was measured: the machine, and how much of it others used meanwhile.

import { availableParallelism, cpus, totalmem } from "node:os";
import { cpuName } from "../util/identity.js";

export interface Machine {
  cpu: string;
  /** Hardware threads this process may use. */
  cores: number;
  memoryBytes: number;
  platform: string;
  node: string;
}

export function thisMachine(): Machine {
  return {
    cpu: cpuName(),
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
}

/** Above this, numbers are too low and only ratios of what ran in turns mean something. */
const quiet = 0.05;

/** Watches, from its making on, what share of the machine's time other processes use. */
export class OtherWork {
  readonly #before = snapshot();

  /**
   * 0 to 1; 0 where the system does not say.
   * @param childrenMs processor time of our own children, which are not others
   */
  share(childrenMs = 0): number {
    const { own, busy, total } = snapshot();
    const elapsed = total - this.#before.total;
    if (elapsed <= 0) return 0;
    const others = busy - this.#before.busy - (own - this.#before.own) - childrenMs;
    return Math.min(1, Math.max(0, others / elapsed));
  }
}

/** What to say about it, or null when it does not matter. */
export function otherWorkWarning(share: number): string | null {
  if (share < quiet) return null;
  return (
    `Other processes used ${(100 * share).toFixed(0)} % of the machine meanwhile: the numbers are too low. ` +
    "Compare only what ran in turns, or measure again when it is quiet."
  );
}

/** Milliseconds of processor time: of this process, of all, and the most there could have been. */
function snapshot(): { own: number; busy: number; total: number } {
  const { user, system } = process.cpuUsage();
  let busy = 0;
  let idle = 0;
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return { own: (user + system) / 1000, busy, total: busy + idle };
}
