// The page's folders: state knows nothing of actions and views, actions nothing of views; of src/ only the client.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../web/src", import.meta.url));

const below: Record<string, readonly string[]> = {
  state: ["../../../src/client/"],
  actions: ["../state/", "../../../src/client/"],
  view: ["../state/", "../actions/", "../../../src/client/"],
};

test.each(Object.entries(below))("%s imports from what is below it", (folder, allowed) => {
  const files = readdirSync(`${root}/${folder}`);
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) {
    const source = readFileSync(`${root}/${folder}/${file}`, "utf8");
    const targets = [...source.matchAll(/from "(\.[^"]+)"/g)].map((match) => match[1]);
    const wrong = targets.filter(
      (target) => !target.startsWith("./") && !allowed.some((path) => target.startsWith(path)),
    );
    expect(wrong, file).toEqual([]);
    expect(source.split("\n").length, file).toBeLessThanOrEqual(200);
    if (folder === "state") expect(source, file).not.toMatch(/\b(document|window|localStorage|fetch)\b\(?\./);
  }
});
