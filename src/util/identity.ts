// Which files were measured, and on which machine.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { cpus } from "node:os";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";

export interface MeasuredFile {
  name: string;
  sha256: string;
}

export async function measuredFile(path: string): Promise<MeasuredFile> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return { name: basename(path), sha256: hash.digest("hex") };
}

/** The processor as it names itself. */
export function cpuName(): string {
  return cpus()[0]?.model.replace(/\s+/g, " ").trim() || "unknown CPU";
}
