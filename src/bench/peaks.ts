// What this machine can do at most: the lines that measurements are compared with.

import * as native from "../backend/native.js";

/** Measured by native loops that do nothing else, on some threads. */
export interface Peaks {
  /** 8-bit multiply-adds of the best instruction there is, two operations each; 1e9 a second. */
  int8Gops: number;
  /** f32 fused multiply-adds, two operations each; 1e9 a second. */
  floatGops: number;
  /** Reading memory far beyond the caches; 1e9 bytes a second. */
  readGBs: number;
}

type MeasurePeaks = (options: { threads: number; isa: string }) => Promise<Peaks>;

/** Null where the native backend cannot measure them. */
export async function measurePeaks(backend: { kind: string; threads: number; isa: string }): Promise<Peaks | null> {
  const { measurePeaks: measure } = native as { measurePeaks?: MeasurePeaks };
  if (backend.kind !== "native" || measure === undefined) return null;
  return await measure({ threads: backend.threads, isa: backend.isa });
}
