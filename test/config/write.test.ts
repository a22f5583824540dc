import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseBytes, showBytes, writeBytes } from "../../src/config/bytes.js";
import { configurationPage } from "../../src/config/docs.js";
import { loadConfig } from "../../src/config/load.js";
import { configSchema } from "../../src/config/schema.js";
import { allSettings } from "../../src/config/settings.js";
import { writeYaml } from "../../src/config/write.js";
import { editDistance, nearest } from "../../src/util/nearest.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unmask-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function loadText(text: string) {
  const path = join(folder, "written.yaml");
  writeFileSync(path, text);
  return loadConfig({ file: path });
}

describe("the written file", () => {
  it("loads back as the defaults it was made from, with every setting set", () => {
    const text = writeYaml(configSchema.parse({}));
    const { config, origins, notes } = loadText(text);
    expect(config).toEqual(configSchema.parse({}));
    expect(origins.size).toBe(allSettings().length);
    expect(notes).toEqual([]);
  });

  it("explains every setting", () => {
    const words = writeYaml(configSchema.parse({}))
      .replaceAll(/\s*#\s*/g, " ")
      .replaceAll(/\s+/g, " ");
    for (const setting of allSettings()) expect(words).toContain(setting.about);
  });

  it("loads back whatever the values are", () => {
    const text = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom(
        "null",
        "true",
        "7",
        "# no comment",
        "a: b",
        "two\nlines",
        "'",
        '"',
        "- x",
        " lead",
        "\u0085",
        "*a",
        "|",
      ),
    );
    const values = fc.record({
      model_path: fc.option(text),
      host: text,
      cors_origins: fc.array(text, { maxLength: 3 }),
      api_key: fc.option(text),
      port: fc.integer({ min: 0, max: 65535 }),
      dlm: fc.record({
        threshold: fc.double({ min: 0, minExcluded: true, max: 1, noNaN: true }),
        dual_cache: fc.constantFrom(true, false, "shifted"),
      }),
      scheduler: fc.record({ kv_memory: fc.option(fc.integer({ min: 1, max: 2 ** 40 })) }),
      benchmark: fc.record({ prompt: text }),
    });
    fc.assert(
      fc.property(values, (raw) => {
        const config = configSchema.parse(raw);
        expect(loadText(writeYaml(config)).config).toEqual(config);
      }),
      { numRuns: 200, seed: 3 },
    );
  });
});

describe("sizes", () => {
  it("are written exactly", () => {
    expect(writeBytes(512 * 2 ** 20)).toBe("512MiB");
    expect(writeBytes(2e9)).toBe("1953125KiB");
    expect(writeBytes(1001)).toBe("1001");
    fc.assert(fc.property(fc.nat(), (bytes) => parseBytes(writeBytes(bytes)) === bytes));
  });

  it.each(["", "x", "-1", "1e9", "1 PiB", "1..5G", "GiB", "99999999999999999999"])("refuses %j", (text) => {
    expect(parseBytes(text)).toBeNull();
  });

  it("are shown rounded", () => {
    expect([showBytes(17), showBytes(1536), showBytes(2 ** 30)]).toEqual(["17 B", "1.5 KiB", "1.0 GiB"]);
  });
});

describe("the nearest word", () => {
  it("counts edits, a swap as one", () => {
    expect(editDistance("", "abc")).toBe(3);
    expect(editDistance("prot", "port")).toBe(1);
    expect(editDistance("kitten", "sitting")).toBe(3);
  });

  it("is one that can have been meant", () => {
    expect(nearest("treshold", ["host", "threshold"])).toBe("threshold");
    expect(nearest("PORT", ["port"])).toBe("port");
    expect(nearest("colour", ["port", "host"])).toBeNull();
    expect(nearest("x", [])).toBeNull();
  });
});

it("docs/configuration.md is what `npm run docs` makes", () => {
  const page = fileURLToPath(new URL("../../docs/configuration.md", import.meta.url));
  expect(readFileSync(page, "utf8")).toBe(configurationPage());
});
