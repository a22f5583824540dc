// Runs that begin from one another: in which order, in which folders, from which models.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { seriesOf } from "../../src/train/series.js";
import { temporaryFolder, unmaskError } from "../format/files.js";
import { phase } from "./runs.js";

const folder = temporaryFolder();
mkdirSync(join(folder, "deep"));

function written(path: string, name: string, init: string | null): string {
  const whole = join(folder, path);
  const model = { name, layers: 1, hidden: 128, ffn: 128, heads: 2, kv_heads: 1, head_dim: 64, context_length: 128 };
  writeFileSync(
    whole,
    JSON.stringify({ model, data: "data.yaml", init, phases: [{ ...phase, steps: 1, batch: 64, length: 64 }] }),
  );
  return whole;
}

const short = (file: string, options = {}) =>
  seriesOf(file, options).map(({ file, config, directory, init }) => [file, config.model.name, directory, init]);

test("a run alone begins from nothing, from what it names, or from what is asked for", () => {
  const alone = written("alone.yaml", "small", null);
  expect(short(alone)).toEqual([[alone, "small", join("runs", "small"), undefined]]);
  const named = written("named.yaml", "small", "deep/model.gguf");
  expect(short(named, { out: "x" })).toEqual([[named, "small", "x", join(folder, "deep/model.gguf")]]);
  expect(short(named, { init: "other" })[0][3]).toBe("other");
});

test("configurations are followed to the first, each run in the folder of the next", () => {
  const first = written("deep/first.yaml", "tiny", null);
  const second = written("deep/second.yaml", "small", "first.yaml");
  const third = written("third.yml", "large", "deep/second.yaml");
  expect(short(third, { out: "out" })).toEqual([
    [first, "tiny", join("out", "init", "init"), undefined],
    [second, "small", join("out", "init"), join("out", "init", "init", "tiny.gguf")],
    [third, "large", "out", join("out", "init", "small.gguf")],
  ]);
  // A model that is named on the command line takes the place of all of them.
  expect(short(third, { init: "model.gguf" })).toEqual([[third, "large", join("runs", "large"), "model.gguf"]]);
});

test("a circle is refused", () => {
  written("deep/a.yaml", "a", "b.yaml");
  const b = written("deep/b.yaml", "b", "a.yaml");
  expect(() => seriesOf(b, {})).toThrow(unmaskError("config_invalid", "begins from this file itself"));
  const own = written("own.yaml", "own", "own.yaml");
  expect(() => seriesOf(own, {})).toThrow(unmaskError("config_invalid", "begins from this file itself"));
});

test("a configuration that is not there is named", () => {
  expect(() => seriesOf(written("lost.yaml", "lost", "none.yaml"), {})).toThrow(
    unmaskError("file_not_found", "none.yaml"),
  );
});
