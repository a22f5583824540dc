// What the browser tests play on: the default model behind a real server, and a real Chromium.

import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { loadModel, type Model } from "../../src/index.js";
import { type RunningServer, startServer } from "../../src/server/index.js";

export const site = "dist/web";

export async function startModel(): Promise<Model> {
  return loadModel("models/unmask-5m.gguf");
}

export function serve(model: Model): Promise<RunningServer> {
  return startServer({ model, host: "127.0.0.1", port: 0, site });
}

/** The same model with a pause before every event, for tests that look at an answer on its way. */
export function slowed(model: Model, milliseconds: number): Model {
  return {
    ...model,
    info: model.info,
    async *generate(input, options) {
      for await (const event of model.generate(input, options)) {
        yield event;
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
      }
    },
    stats: () => model.stats(),
  };
}

export function startBrowser(): Promise<Browser> {
  // A container's root has no sandbox to give.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium", args });
}

/** A page whose complaints are collected. Close its context at the end. */
export interface Visit {
  page: Page;
  complaints: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

/** Asks in the chat and waits for the answer's end. */
export async function ask(page: Page, text: string): Promise<void> {
  const answers = await page.locator(".answer-foot").count();
  await page.getByLabel("Message").fill(text);
  await page.keyboard.press("Enter");
  await page.locator(".answer-foot").nth(answers).waitFor();
}
