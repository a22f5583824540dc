// What is measured, on what, with which questions: the part of a report that is known beforehand.

import type { Model } from "../engine/types.js";
import { cpuName, type MeasuredFile, measuredFile } from "../util/identity.js";

export interface Subject {
  model: MeasuredFile & {
    bytes: number;
    parameters: number;
    weightType: string;
    architecture: string;
    attention: string;
  };
  machine: { cpu: string; backend: string; isa: string; threads: number };
  questions: MeasuredFile;
  maxTokens: number;
  dualCache: boolean;
  concurrency: number;
}

export async function subjectOf({ info }: Pick<Model, "info">, data: string, concurrency: number): Promise<Subject> {
  const { bytes, parameters, weightType, architecture, attention, backend } = info;
  return {
    model: { ...(await measuredFile(info.path)), bytes, parameters, weightType, architecture, attention },
    machine: { cpu: cpuName(), backend: backend.kind, isa: backend.isa, threads: backend.threads },
    questions: await measuredFile(data),
    maxTokens: info.defaults.maxTokens,
    dualCache: info.defaults.dualCache,
    concurrency,
  };
}
