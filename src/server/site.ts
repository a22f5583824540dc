// The page's files, as `vite build` left them: read once, answered from memory.
//
// There are a handful of small ones, so no path of a request ever reaches the disk. Names of
// assets carry a hash of their content and may be kept for ever; the page itself is asked for
// anew each time. A build without the page has no site, and "/" says so (page.ts).

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the build puts the page: beside this file's folder. */
export const builtSite = fileURLToPath(new URL("../web", import.meta.url));

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Everything from here, except that the page may ask any server that its user names. */
const policy =
  "default-src 'self'; connect-src 'self' http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

interface SiteFile {
  body: Uint8Array<ArrayBuffer>;
  headers: Record<string, string>;
}

export class Site {
  /** By path: "/", "/assets/index-1a2b.js". */
  readonly #files = new Map<string, SiteFile>();

  /** @param folder one with an index.html */
  constructor(folder: string) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const type = types[extname(entry.name)];
      if (!entry.isFile() || type === undefined) continue;
      const file = join(entry.parentPath, entry.name);
      const path = `/${relative(folder, file).split(sep).join("/")}`;
      this.#files.set(path === "/index.html" ? "/" : path, siteFile(readFileSync(file), type, path));
    }
  }

  /** The answer to a GET; null when there is no such file. */
  respond(path: string, request: Headers): Response | null {
    const file = this.#files.get(path);
    if (file === undefined) return null;
    const { body, headers } = file;
    if (request.get("if-none-match") === headers.etag) return new Response(null, { status: 304, headers });
    return new Response(body, { headers });
  }
}

/** The site in a folder; null when it was not built. */
export function readSite(folder: string): Site | null {
  return existsSync(join(folder, "index.html")) ? new Site(folder) : null;
}

function siteFile(content: Buffer, type: string, path: string): SiteFile {
  const hashed = path.startsWith("/assets/");
  return {
    body: new Uint8Array(content),
    headers: {
      "content-type": type,
      "cache-control": hashed ? "public, max-age=31536000, immutable" : "no-cache",
      etag: `"${createHash("sha256").update(content).digest("hex").slice(0, 16)}"`,
      "content-security-policy": policy,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    },
  };
}
