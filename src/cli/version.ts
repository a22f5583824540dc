// The version of this package, read where it is asked for, so that it is stated once.

import { readFileSync } from "node:fs";

/** The package's version, from the one place that states it. */
export function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
