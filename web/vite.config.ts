// Builds the page into dist/web, where the server finds it. `npm run build:web`.
//
// While working on it: `npx vite web`, beside an `unmask serve` on its usual port.

import { defineConfig } from "vite";

const server = process.env.UNMASK_URL ?? "http://127.0.0.1:30000";

export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { outDir: "../dist/web", emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false } },
  server: { proxy: { "/v1": server, "/health": server } },
});
