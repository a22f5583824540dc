// What outlives the page: conversations, settings and servers, in this browser's localStorage.
//
// Denoising traces are not kept: they are hundreds of times larger than the text.

/** What was kept under a name; the fallback when nothing was, or nothing readable. */
export function load<T>(name: string, fallback: T): T {
  try {
    const kept = localStorage.getItem(`unmask.${name}`);
    return kept === null ? fallback : (JSON.parse(kept) as T);
  } catch {
    return fallback; // storage switched off, or written by something else
  }
}

/** Keeps a value. A browser that refuses (storage off or full) loses it with the page, and nothing else. */
export function keep(name: string, value: unknown): void {
  try {
    localStorage.setItem(`unmask.${name}`, JSON.stringify(value));
  } catch {
    // as said above
  }
}

export function newId(): string {
  return Math.random().toString(36).slice(2, 10) + Date.now().toString(36);
}
