// Reading fields of answers that may lack them, or hold something else.

export type Json = Record<string, unknown>;

export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function record(value: unknown): Json {
  return isRecord(value) ? value : {};
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

/** What the text says as JSON, or the text itself when it is none. */
export function parse(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return source;
  }
}
