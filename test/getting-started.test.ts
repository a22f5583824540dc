// docs/getting-started.md happens as it is written: its commands, its request, its program.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { banner } from "../src/cli/banner.js";
import { UnmaskClient } from "../src/client/index.js";
import { loadModel, type Model } from "../src/index.js";
import { type RunningServer, startServer } from "../src/server/index.js";
import { codeBlocks, markedBlock, readDocument } from "./documents.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const address = "http://127.0.0.1:30000";
const document = readDocument("docs/getting-started.md");
const blocks = codeBlocks(document);

let model: Model;
let server: RunningServer;

beforeAll(async () => {
  model = await loadModel("models/unmask-5m.gguf");
  server = await startServer({ model, host: "127.0.0.1", port: 0 });
});

afterAll(async () => {
  await server.close();
  await model.dispose();
});

const sessions = blocks
  .filter(({ language, mark }) => language === "console" && mark === "run")
  .flatMap(({ code }) => code.split(/^\$ /m).slice(1))
  .map((session) => session.split(/\n(.*)/s).slice(0, 2) as [string, string]);

test("there are sessions", () => expect(sessions.length).toBeGreaterThan(1));

test.each(sessions)("$ %s", (command, expected) => {
  const { stdout } = spawnSync("sh", ["-c", command], { cwd: root, encoding: "utf8" });
  expect(stdout).toBe(expected);
});

test("the request", async () => {
  const [, url, body] = /^curl (\S+) -H '[^']+' \\\n\s+-d '([^']+)'$/m.exec(document) ?? [];
  const response = await fetch(url.replace(address, server.url), { method: "POST", body });
  expect(await response.json()).toMatchObject({ choices: [{ message: { content: "2 + 2 equals 4." } }] });
});

test("the program", async () => {
  const { code } = blocks.find(({ language, mark }) => language === "js" && mark === "run")!;
  const printed: string[] = [];
  const console = { log: (...values: unknown[]) => printed.push(values.join(" ")) };
  const body = code.replace(/^import .*;$/gm, "").replaceAll(address, server.url);
  const AsyncFunction = (async () => {}).constructor as new (
    ...names: string[]
  ) => (...values: unknown[]) => Promise<void>;
  await new AsyncFunction("UnmaskClient", "console", body)(UnmaskClient, console);
  expect(printed[0]).toBe("1 The| capital| of| K|en|y|a| is| N"); // nine tokens come with the prompt
  expect(printed).toHaveLength(3); // two blocks are filled by the second pass
});

test("the banner has these lines", () => {
  const shown = markedBlock(document, "banner").trimEnd().split("\n");
  const real = banner("", model.info, server.url, 0).split("\n");
  const name = (line: string) => line.trim().split(" ")[0];
  for (const line of shown) expect(real.map(name)).toContain(name(line));
  expect(real).toContain(shown[0]); // the model is the same everywhere
});
