// The race, other servers, errors, small screens and contrast.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Model } from "../../src/index.js";
import type { RunningServer } from "../../src/server/index.js";
import { poorContrast } from "./contrast.js";
import { ask, serve, startBrowser, startModel, visit } from "./stage.js";

let browser: Browser;
let model: Model;
let server: RunningServer;

beforeAll(async () => {
  [browser, model] = await Promise.all([startBrowser(), startModel()]);
  server = await serve(model);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await model?.dispose();
});

describe("the race", () => {
  test("runs the modes in turn and replays them together", async () => {
    await using guest = await visit(browser, `${server.url}/#race`);
    const { page } = guest;
    const order: string[] = [];
    page.on("request", (request) => {
      const body = request.method() === "POST" ? request.postDataJSON() : {};
      if (body.stream) order.push(body.decode_mode);
    });
    await page.getByRole("button", { name: "Race" }).click();
    const clock = page.getByRole("slider", { name: "Time" });
    await clock.waitFor();
    // Quick ones run several times.
    expect([...new Set(order)]).toEqual(["autoregressive", "verified", "iterative", "adaptive"]);
    expect(order).toEqual([...order].sort((a, b) => order.indexOf(a) - order.indexOf(b)));
    await clock.press("Home");
    await expect.poll(() => page.locator(".piece").count()).toBe(0);
    await clock.press("End");
    await page.locator(".results").waitFor();
    await expect.poll(() => page.locator(".lane.finished").count()).toBe(4);
    await expect.poll(() => page.locator(".results tbody tr").count()).toBe(4);
    // Verified is the autoregressive answer.
    const verified = page.locator(".differences dd").nth(1);
    expect(await verified.innerText()).toBe("the same");
    expect(guest.complaints).toEqual([]);
  });

  test("stands still at its end where motion is not wanted", async () => {
    await using guest = await visit(browser, `${server.url}/#race`, { reducedMotion: "reduce" });
    await guest.page.getByRole("button", { name: "Race" }).click();
    await guest.page.locator(".results").waitFor();
    await expect.poll(() => guest.page.getByRole("button", { name: "Play" }).count()).toBe(1);
    expect(guest.complaints).toEqual([]);
  });

  test("needs two to four", async () => {
    await using guest = await visit(browser, `${server.url}/#race`);
    const { page } = guest;
    for (const mode of ["verified", "iterative", "adaptive"])
      await page.getByRole("checkbox", { name: mode }).uncheck();
    expect(await page.getByRole("button", { name: "Race" }).isDisabled()).toBe(true);
    expect(await page.getByRole("alert").innerText()).toBe("Choose two to four.");
  });
});

describe("errors are sentences", () => {
  test("of the server", async () => {
    await using guest = await visit(browser, server.url);
    const { page } = guest;
    await ask(page, "word ".repeat(1000));
    const alert = await page.getByRole("alert").innerText();
    expect(alert).toContain("Shorten it.");
    expect(alert).toContain("context_length_exceeded");
    await expect.poll(() => page.getByRole("button", { name: "Try again" }).count()).toBe(1);
  });

  test("of nobody being there", async () => {
    const passing = await serve(model);
    await using guest = await visit(browser, passing.url);
    const { page } = guest;
    await page.getByText(model.info.id, { exact: true }).waitFor();
    await passing.close();
    await ask(page, "What is 2+2?");
    expect(await page.getByRole("alert").innerText()).toContain("The server cannot be reached.");
  });
});

describe("another server", () => {
  let other: Server;
  let url: string;
  const asked: { authorization?: string; body: Record<string, unknown> }[] = [];

  beforeAll(async () => {
    other = createServer(async (request, response) => {
      response.setHeader("access-control-allow-origin", "*");
      response.setHeader("access-control-allow-headers", "*");
      if (request.method === "OPTIONS") return void response.end();
      let source = "";
      for await (const part of request) source += part;
      if (request.url?.endsWith("/models")) {
        return void response.end(JSON.stringify({ object: "list", data: [{ id: "plain", object: "model" }] }));
      }
      asked.push({ authorization: request.headers.authorization, body: JSON.parse(source) });
      response.setHeader("content-type", "text/event-stream");
      const chunk = (delta: object, finish: string | null) =>
        `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
      const text = "# Title\n\n- **bold** and `code`\n\n```js\nlet x;\n```\n\n<img src=x onerror=alert(1)>";
      for (const piece of text.match(/[\s\S]{1,7}/g) ?? []) response.write(chunk({ content: piece }, null));
      response.end(`${chunk({}, "stop")}data: [DONE]\n\n`);
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  });

  afterAll(() => {
    other.closeAllConnections();
    other.close();
  });

  test("is an ordinary chat, with Markdown and without a canvas", async () => {
    await using guest = await visit(browser, server.url);
    const { page } = guest;
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByLabel("Add an OpenAI-compatible server").fill("nonsense");
    await page.getByRole("button", { name: "Add" }).click();
    expect(await page.getByRole("alert").innerText()).toContain("Give a whole address");
    await page.getByLabel("Add an OpenAI-compatible server").fill(url);
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByLabel("API key").fill("secret");
    await page.keyboard.press("Tab");
    await expect.poll(() => page.getByLabel("Threshold").count()).toBe(0);
    await page.keyboard.press("Escape");
    await page.getByText("plain", { exact: true }).waitFor();
    await ask(page, "Hello");
    expect(asked.at(-1)).toMatchObject({ authorization: "Bearer secret", body: { model: "plain" } });
    expect(asked.at(-1)?.body.stream_options).toEqual({ include_usage: true });
    const answer = page.locator(".answer-text");
    await expect.poll(() => answer.getByRole("heading", { name: "Title" }).count()).toBe(1);
    expect(await answer.locator("li strong").innerText()).toBe("bold");
    expect(await answer.locator("pre").innerText()).toBe("let x;");
    await expect.poll(() => answer.locator("img").count()).toBe(0);
    await expect.poll(() => page.locator(".canvas").count()).toBe(0);
    await page.getByRole("link", { name: "Race" }).click();
    expect(await page.locator(".race").innerText()).toContain("nobody to race");
    expect(guest.complaints).toEqual([]);
  });
});

describe("small screens", () => {
  test("360 pixels are wide enough for everything", async () => {
    await using guest = await visit(browser, server.url, { viewport: { width: 360, height: 640 }, hasTouch: true });
    const { page } = guest;
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    expect(await width()).toBe(360);
    await ask(page, "How does a diffusion language model work?");
    expect(await width()).toBe(360);
    await page.getByRole("button", { name: "Conversations" }).click();
    await page.getByRole("button", { name: "New chat" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "New chat" }).waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Settings" }).click();
    expect(await width()).toBe(360);
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("link", { name: "Race" }).click();
    await page.getByRole("button", { name: "Race" }).click();
    await page.getByRole("slider", { name: "Time" }).press("End");
    await page.locator(".results").waitFor();
    expect(await width()).toBe(360);
    expect(guest.complaints).toEqual([]);
  });
});

test.each(["light", "dark"] as const)("every text has the contrast of AA: %s", async (colorScheme) => {
  await using guest = await visit(browser, server.url, { colorScheme, reducedMotion: "reduce" });
  const { page } = guest;
  await page.getByText(model.info.id, { exact: true }).waitFor();
  expect(await page.evaluate(poorContrast)).toEqual([]);
  await ask(page, "Count by 10s starting at 29, 7 numbers.");
  await page.locator(".cells .token").first().hover();
  expect(await page.evaluate(poorContrast)).toEqual([]);
  await page.getByRole("button", { name: "Settings" }).click();
  expect(await page.evaluate(poorContrast)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Race" }).click();
  await page.getByRole("button", { name: "Race" }).click();
  await page.locator(".results").waitFor();
  expect(await page.evaluate(poorContrast)).toEqual([]);
});
