// When to try again: only after 429 and 503, only a few times, and never sooner than the
// server asks.

export const retryable: ReadonlySet<number> = new Set([429, 503]);

/** Longest wait before a further try, in milliseconds: a server that asks for more gets no further try. */
const longest = 30_000;

/** Seconds of a Retry-After header, which is a number or a date; null when it is neither. */
export function retryAfterSeconds(header: string | null, now: number): number | null {
  if (header === null || header.trim() === "") return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, (date - now) / 1000);
}

/**
 * Milliseconds to wait before try number `attempt` + 1 (attempts count from 0), or null to give up.
 * Without Retry-After: half a second, doubled each time. Jitter keeps clients from returning all at once.
 * @param random in [0, 1)
 */
export function retryDelay(attempt: number, retryAfter: number | null, random: number): number | null {
  if (retryAfter !== null) {
    const asked = retryAfter * 1000;
    return asked > longest ? null : asked + random * Math.min(250, asked);
  }
  return Math.min(longest, 500 * 2 ** attempt) * (0.5 + random / 2);
}
