// How long the client waits before it tries again.

import { expect, test } from "vitest";
import { retryAfterSeconds, retryDelay } from "../../src/client/retry.js";

test("Retry-After is a number of seconds or a date", () => {
  const now = Date.parse("2025-01-01T00:00:00Z");
  expect(retryAfterSeconds("3", now)).toBe(3);
  expect(retryAfterSeconds("0", now)).toBe(0);
  expect(retryAfterSeconds("-3", now)).toBe(0);
  expect(retryAfterSeconds("Wed, 01 Jan 2025 00:00:07 GMT", now)).toBe(7);
  expect(retryAfterSeconds("Tue, 31 Dec 2024 00:00:00 GMT", now)).toBe(0);
  for (const nothing of [null, "", " ", "soon"]) expect(retryAfterSeconds(nothing, now)).toBeNull();
});

test("waits grow, are bounded and carry jitter", () => {
  expect(retryDelay(0, null, 0)).toBe(250);
  expect(retryDelay(0, null, 1)).toBe(500);
  expect(retryDelay(3, null, 1)).toBe(4000);
  expect(retryDelay(50, null, 1)).toBe(30_000);
});

test("never sooner than the server asks, and not at all when it asks for long", () => {
  expect(retryDelay(0, 2, 0)).toBe(2000);
  expect(retryDelay(0, 2, 1)).toBe(2250);
  expect(retryDelay(5, 0, 0.5)).toBe(0);
  expect(retryDelay(0, 31, 0)).toBeNull();
});
