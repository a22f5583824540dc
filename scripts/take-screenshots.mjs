// Takes the two pictures of the page that the documents show: docs/images/page-*.png.
//
// CHROMIUM_PATH names the browser; /usr/bin/chromium otherwise.

import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { loadModel } from "../dist/index.js";
import { startServer } from "../dist/server/index.js";

const folder = "docs/images";
const question = "How does a diffusion language model work?";

async function page(browser, url, colorScheme, height) {
  const context = await browser.newContext({
    viewport: { width: 1200, height },
    colorScheme,
    reducedMotion: "reduce", // everything stands where it ends
    deviceScaleFactor: 1,
  });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator(".server strong").waitFor();
  return page;
}

async function takeChat(browser, url) {
  const chat = await page(browser, url, "light", 760);
  await chat.getByRole("button", { name: "Settings" }).click();
  await chat.getByLabel("Mode").selectOption("iterative");
  await chat.keyboard.press("Escape");
  await chat.getByLabel("Message").fill(question);
  await chat.keyboard.press("Enter");
  await chat.locator(".answer-foot").waitFor();
  const slider = chat.getByRole("slider", { name: "Denoise step" });
  await slider.press("Home");
  for (let step = 0; step < 3; step++) await slider.press("ArrowRight");
  await chat.locator(".cells .token").nth(3).hover();
  await chat.screenshot({ path: `${folder}/page-chat.png` });
}

async function takeRace(browser, url) {
  const race = await page(browser, `${url}/#race`, "dark", 900);
  await race.getByRole("textbox", { name: "Prompt" }).fill("Count by 10s starting at 29, 7 numbers.");
  await race.getByRole("button", { name: "Race" }).click();
  await race.locator(".results").waitFor();
  await race.mouse.move(0, 0);
  await race.screenshot({ path: `${folder}/page-race.png` });
}

mkdirSync(folder, { recursive: true });
const model = await loadModel("models/unmask-5m.gguf");
const server = await startServer({ model, host: "127.0.0.1", port: 0 });
const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium", args });
try {
  await takeChat(browser, server.url);
  await takeRace(browser, server.url);
} finally {
  await browser.close();
  await server.close();
  await model.dispose();
}
