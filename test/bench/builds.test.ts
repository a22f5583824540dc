// scripts/bench-builds.mjs, on this checkout against itself.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const script = "scripts/bench-builds.mjs";

test("a build against itself costs the same tokens, forwards and rows, and answers the same", async () => {
  const { stdout } = await run(process.execPath, [
    script,
    ".",
    "--per-task",
    "1",
    "--methods",
    "verified,iterative:0.9:4",
  ]);
  const rows = stdout
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  expect(rows.slice(2).map(([, method]) => method)).toEqual(["verified", "iterative 0.9 4"]);
  for (const [, , median, inAll, forwards, work, same] of rows.slice(2)) {
    for (const time of [median, inAll]) expect(Number(time)).toBeGreaterThan(0);
    for (const pair of [forwards, work]) expect(new Set(pair.split(", ")).size).toBe(1);
    expect(same).toBe("100.0");
  }
});

test.each([
  [[], "name the folder"],
  [["nowhere"], "dist/index.js is missing"],
  [[".", "--per-task", "x"], "--per-task x"],
])("%j is a usage error", async (values, said) => {
  const failed = run(process.execPath, [script, ...values]);
  await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
});
