// Sizes as people write them: 512MiB, 2GB, 1.5 GiB, 1073741824.
// KiB, MiB, GiB and the bare letters K, M, G are powers of 1024; KB, MB and GB are powers of 1000.

const units: Record<string, number> = {
  "": 1,
  b: 1,
  k: 1024,
  kib: 1024,
  kb: 1000,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  mb: 1000 ** 2,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  gb: 1000 ** 3,
  t: 1024 ** 4,
  tib: 1024 ** 4,
  tb: 1000 ** 4,
};

/** Bytes of a written size, or null when it is not one. */
export function parseBytes(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = match === null ? undefined : units[match[2].toLowerCase()];
  if (match === null || unit === undefined) return null;
  const bytes = Math.floor(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** The exact size in its largest binary unit: 536870912 is 512MiB, 1000 is 1000. */
export function writeBytes(bytes: number): string {
  for (const unit of ["GiB", "MiB", "KiB"]) {
    const size = units[unit.toLowerCase()];
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

/** A size to read: 1.2 GiB, 48.4 MiB, 17 B. */
export function showBytes(bytes: number): string {
  for (const unit of ["GiB", "MiB", "KiB"]) {
    const size = units[unit.toLowerCase()];
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  }
  return `${bytes} B`;
}
