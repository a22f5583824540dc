// scripts/bench-builds.mjs and bench-bursts.mjs, on this checkout against itself.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { nativeAvailable } from "../../src/backend/native.js";

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

describe("bursts of forwards", () => {
  const bursts = "scripts/bench-bursts.mjs";

  // Hundreds of forwards, too many for the reference.
  test.runIf(nativeAvailable().ok)("both builds take their time, for each number of rows", async () => {
    const { stdout } = await run(process.execPath, [bursts, ".", "--rows", "1,9", "--rounds", "1", "--isa", "scalar"]);
    const rows = stdout.split("\n").flatMap((line) => line.match(/^\| (\d+) \| (\d+) \| (\d+) \|/) ?? []);
    expect([rows[1], rows[5]]).toEqual(["1", "9"]);
    for (const time of [rows[2], rows[3], rows[6], rows[7]]) expect(Number(time)).toBeGreaterThan(0);
    expect(stdout).toContain("this build (scalar)");
  });

  test("without another build it is a usage error", async () => {
    const failed = run(process.execPath, [bursts]);
    await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("name the folder") });
  });
});
