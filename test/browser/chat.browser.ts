// The chat and the canvas in a real browser, on the default model. The page is drawn again after a click, not within
// it: what a click brings is waited for.

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UnmaskClient } from "../../src/client/index.js";
import type { Model } from "../../src/index.js";
import type { RunningServer } from "../../src/server/index.js";
import { ask, serve, slowed, startBrowser, startModel, visit } from "./stage.js";

const question = "How does a diffusion language model work?";
const patience = { timeout: 20_000 };

let browser: Browser;
let model: Model;
let server: RunningServer;
let slow: RunningServer;

beforeAll(async () => {
  [browser, model] = await Promise.all([startBrowser(), startModel()]);
  [server, slow] = await Promise.all([serve(model), serve(slowed(model, 500))]);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await slow?.close();
  await model?.dispose();
});

test("a round trip: the answer, how it was made, and the facts of the server", async () => {
  await using guest = await visit(browser, server.url);
  const { page } = guest;
  const answer = await new UnmaskClient({ baseURL: server.url }).chat(question);
  await page.getByText(model.info.id, { exact: true }).waitFor();
  await ask(page, question);
  expect(await page.locator(".answer-text").innerText()).toBe(answer.text);
  const facts = await page.locator(".answer-foot").innerText();
  expect(facts).toContain(`${answer.usage?.completionTokens} tokens · ${answer.timings?.forwards} forwards`);
  // The canvas plays what was too quick to see.
  const tokens = page.locator(".cells .token:not(.beyond)");
  await expect.poll(() => tokens.count(), patience).toBe(answer.usage?.completionTokens);
  expect(await page.locator(".server").innerText()).toContain(`blocks of ${model.info.blockLength}`);
  // The second question is sent with the first and its answer.
  await ask(page, "What is 2+2?");
  await expect.poll(() => page.locator(".answer").count()).toBe(2);
  expect(guest.complaints).toEqual([]);
});

test("masks are seen while the answer is on its way, and Stop ends the server's work", async () => {
  await using guest = await visit(browser, slow.url);
  const { page } = guest;
  await page.getByLabel("Message").fill(question);
  await page.keyboard.press("Enter");
  await page.locator(".cells .fresh").first().waitFor();
  expect(await page.locator(".cells .masked").count()).toBeGreaterThan(0);
  expect(await page.locator(".answer-text").getAttribute("aria-busy")).toBe("true");
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("Stopped.").waitFor();
  await expect.poll(() => model.stats().running, patience).toBe(0);
  await expect.poll(() => page.getByRole("button", { name: "Send" }).count()).toBe(1);
  // Escape does the same.
  await page.getByRole("button", { name: "Answer again" }).click();
  await page.locator(".cells .fresh").first().waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Stopped.").waitFor();
  await expect.poll(() => model.stats().running, patience).toBe(0);
  expect(guest.complaints).toEqual([]);
});

test("the scrubber goes through every step, forth and back", async () => {
  await using guest = await visit(browser, server.url);
  const { page } = guest;
  await ask(page, question);
  const filled = () => page.locator(".cells .token").count();
  await page.getByRole("slider", { name: "Denoise step" }).press("End");
  const slider = page.getByRole("slider", { name: "Denoise step" });
  const total = Number(await slider.getAttribute("max"));
  const seen = [await filled()];
  for (let step = total; step > 0; step--) {
    await slider.press("ArrowLeft");
    seen.unshift(await filled());
  }
  expect(seen[0]).toBe(0);
  for (let step = 1; step <= total; step++) expect(seen[step]).toBeGreaterThan(seen[step - 1]);
  expect(await page.locator(".canvas summary").innerText()).toContain("all masked");
  await page.getByRole("button", { name: "Step forth" }).click();
  expect(await filled()).toBe(seen[1]);
  await page.getByRole("button", { name: "Play" }).click();
  await expect.poll(filled, patience).toBe(seen[total]);
  expect(guest.complaints).toEqual([]);
});

test("a cell tells its candidates, to the mouse and to the keyboard", async () => {
  await using guest = await visit(browser, server.url);
  const { page } = guest;
  await ask(page, question);
  const details = page.locator(".cell-details");
  await page.getByRole("slider", { name: "Denoise step" }).press("End");
  await expect.poll(() => details.innerText()).toContain("masked"); // the legend
  const cell = page.locator(".cells .token").nth(3);
  await cell.hover();
  await expect.poll(() => details.locator(".candidates li").count()).toBe(5);
  const [, position] = /position (\d+)/.exec(await details.innerText()) ?? [];
  await cell.focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => details.innerText()).toContain(`position ${Number(position) + 1}`);
  await page.locator(".cells .prompt").first().hover();
  await expect.poll(() => details.innerText()).toContain("end of the prompt");
  expect(guest.complaints).toEqual([]);
});

test("conversations outlive the page and can be deleted", async () => {
  await using guest = await visit(browser, server.url);
  const { page } = guest;
  await ask(page, "What is 2+2?");
  const text = await page.locator(".answer-text").innerText();
  await page.reload();
  expect(await page.locator(".answer-text").innerText()).toBe(text);
  await page.getByRole("button", { name: "New chat" }).first().click();
  const answers = () => page.locator(".answer").count();
  await expect.poll(answers).toBe(0);
  await page.getByRole("button", { name: "What is 2+2?", exact: true }).click();
  await expect.poll(answers).toBe(1);
  await page.getByRole("button", { name: "Delete “What is 2+2?”" }).click();
  await expect.poll(answers).toBe(0);
  expect(guest.complaints).toEqual([]);
});

test("settings reach the server, within its limits", async () => {
  await using guest = await visit(browser, server.url);
  const { page } = guest;
  await page.getByRole("button", { name: "Settings" }).click();
  const { defaults } = model.info;
  expect(await page.getByLabel("Threshold").getAttribute("placeholder")).toBe(String(defaults.threshold));
  await page.getByLabel("Mode").selectOption("autoregressive");
  await page.getByLabel("Most tokens").fill("100000");
  expect(await page.getByLabel("Most tokens").getAttribute("aria-invalid")).toBe("true");
  await page.getByLabel("Most tokens").fill("3");
  await page.keyboard.press("Escape");
  const sent = page.waitForRequest("**/chat/completions");
  await ask(page, question);
  expect((await sent).postDataJSON()).toMatchObject({ decode_mode: "autoregressive", max_tokens: 3 });
  const facts = await page.locator(".answer-foot").innerText();
  expect(facts).toContain("3 tokens");
  expect(facts).toContain("cut off at its token limit");
  expect(guest.complaints).toEqual([]);
});
