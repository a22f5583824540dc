// What is measured, on what, with which questions: the part of a report that is known beforehand.

import type { DualCache } from "../decode/types.js";
import type { Model } from "../engine/types.js";
import { cpuName, type MeasuredFile, measuredFile } from "../util/identity.js";

export interface Subject {
  model: MeasuredFile & {
    bytes: number;
    parameters: number;
    weightType: string;
    /** Type of the head's matrix, in use and as stored. */
    head: { type: string; stored: string };
    architecture: string;
    attention: string;
  };
  machine: { cpu: string; backend: string; isa: string; threads: number };
  questions: MeasuredFile;
  maxTokens: number;
  dualCache: DualCache;
  concurrency: number;
}

export async function subjectOf({ info }: Pick<Model, "info">, data: string, concurrency: number): Promise<Subject> {
  const { bytes, parameters, weightType, head, architecture, attention, backend } = info;
  return {
    model: { ...(await measuredFile(info.path)), bytes, parameters, weightType, head, architecture, attention },
    machine: { cpu: cpuName(), backend: backend.kind, isa: backend.isa, threads: backend.threads },
    questions: await measuredFile(data),
    maxTokens: info.defaults.maxTokens,
    dualCache: info.defaults.dualCache,
    concurrency,
  };
}

/** "TQ2_0", or "TQ2_0 with a Q8_0 head" where that was requantised. */
export function weightsOf({ weightType, head }: Subject["model"]): string {
  return head.type === head.stored ? weightType : `${weightType} with a ${head.type} head`;
}

/** What to add to the options of a report's decoding: DualCache where it is not the default. */
export function dualCacheNote(dualCache: DualCache): string {
  return dualCache === "shifted" ? "" : dualCache ? ", DualCache as published" : ", without DualCache";
}
