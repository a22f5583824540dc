// The page's files over HTTP: types, caching, policy, and nothing outside their folder.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createApp } from "../../src/server/index.js";
import { fakeModel } from "./fake-model.js";

let folder: string;
let app: ReturnType<typeof createApp>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unmask-site-"));
  mkdirSync(join(folder, "site", "assets"), { recursive: true });
  writeFileSync(join(folder, "secret.js"), "secret");
  writeFileSync(join(folder, "site", "index.html"), "<!doctype html>page");
  writeFileSync(join(folder, "site", ".built-from"), "hash");
  writeFileSync(join(folder, "site", "assets", "index-1a.js"), "run()");
  app = createApp({ model: fakeModel(), site: join(folder, "site"), apiKey: "k" });
});

afterAll(() => rmSync(folder, { recursive: true }));

test("the page needs no key, is asked for anew each time and may load only from here", async () => {
  const response = await app.request("/");
  expect(await response.text()).toBe("<!doctype html>page");
  expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(response.headers.get("cache-control")).toBe("no-cache");
  expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'self';/);
  const etag = response.headers.get("etag") ?? "";
  const again = await app.request("/", { headers: { "if-none-match": etag } });
  expect(again.status).toBe(304);
  expect(await again.text()).toBe("");
});

test("assets may be kept", async () => {
  const response = await app.request("/assets/index-1a.js");
  expect(await response.text()).toBe("run()");
  expect(response.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(response.headers.get("cache-control")).toContain("immutable");
});

test.each(["/../secret.js", "/assets/../../secret.js", "/assets/%2e%2e/%2e%2e/secret.js", "/.built-from", "/assets/"])(
  "nothing else: %s",
  async (path) => {
    const response = await app.request(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: "not_found" } });
  },
);

test("only GET", async () => {
  expect((await app.request("/", { method: "POST" })).status).toBe(405);
});

test("a build without the page says what this address is", async () => {
  const bare = createApp({ model: fakeModel(), site: join(folder, "none") });
  expect(await (await bare.request("/")).text()).toContain("An OpenAI-compatible server");
});
