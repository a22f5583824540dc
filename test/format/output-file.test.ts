// Files that appear whole or not at all, and what a path may be beside a file.

import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writeFileAtomically, writeTextAtomically } from "../../src/format/output-file.js";
import { temporaryFolder, unmaskError } from "./files.js";

const folder = temporaryFolder();

it("writes through a link, which stays one", async () => {
  const [file, link] = [join(folder, "file"), join(folder, "link")];
  writeFileSync(file, "before");
  symlinkSync(file, link);
  await writeTextAtomically(link, "after");
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(file, "utf8")).toBe("after");
});

it("leaves a device where it is", async () => {
  await writeTextAtomically("/dev/null", "nothing");
  expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
});

it("keeps what was there when writing fails, and leaves nothing beside it", async () => {
  const file = join(folder, "kept");
  writeFileSync(file, "before");
  const failing = writeFileAtomically(file, async (write) => {
    await write(Buffer.from("half"));
    throw new Error("no more");
  });
  await expect(failing).rejects.toThrow("no more");
  expect(readFileSync(file, "utf8")).toBe("before");
  expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
});

it("refuses a folder", async () => {
  mkdirSync(join(folder, "inner"));
  await expect(writeTextAtomically(join(folder, "inner"), "")).rejects.toEqual(
    unmaskError("file_write_failed", "it is a folder"),
  );
});
