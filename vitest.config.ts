import { defineConfig } from "vitest/config";

// Two cores: more workers than that only make every test slower.
export default defineConfig({
  test: { include: ["test/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 2 },
});
