import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Started by scripts/test-browser.mjs, which finds the browser: `npm run test:browser`.
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: { include: ["test/browser/*.browser.ts"], testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 1 },
});
