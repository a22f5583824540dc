// Who may ask: an optional API key, and the browser origins that may read answers.

import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { UnmaskError } from "../util/errors.js";

/** Requires `Authorization: Bearer <key>`. @throws unauthorized */
export function requireKey(key: string): MiddlewareHandler {
  const expected = digest(key);
  return async (c, next) => {
    const given = /^Bearer +(.+)$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
    // Digests have one length and are compared in constant time, so an answer's time tells nothing of the key.
    if (!timingSafeEqual(digest(given), expected)) {
      const what = given === "" ? "An API key is required." : "The API key is wrong.";
      throw new UnmaskError("unauthorized", `${what} Send it as 'Authorization: Bearer <key>'.`);
    }
    await next();
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** @param origins allowed beside pages of this computer, such as "https://example.com"; "*" allows all. */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler {
  const allowed = (origin: string) => origins.includes("*") || origins.includes(origin) || isLocal(origin);
  return cors({
    origin: (origin) => (origin !== "" && allowed(origin) ? origin : null),
    allowMethods: ["GET", "POST"],
    exposeHeaders: ["x-request-id", "retry-after"],
    maxAge: 600,
  });
}

/** http://localhost:5173, http://127.0.0.1, http://[::1]:8080 */
function isLocal(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  const web = protocol === "http:" || protocol === "https:";
  return web && (hostname === "localhost" || hostname === "127.0.0.1" || hostname === "[::1]");
}
