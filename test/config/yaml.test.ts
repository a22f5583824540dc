import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readYaml } from "../../src/config/yaml.js";
import { UnmaskError } from "../../src/util/errors.js";

function problems(text: string): string[] {
  try {
    readYaml(text, "my.yaml");
  } catch (error) {
    if (error instanceof UnmaskError && error.code === "config_invalid") return error.message.split("\n");
    throw error;
  }
  return [];
}

describe("what a file may leave out", () => {
  it.each([
    ["nothing at all", ""],
    ["only comments", "# port: 3\n"],
    ["a section with everything commented out", "dlm:\n  # threshold: 0.5\n"],
    ["a null document", "null\n"],
  ])("%s", (_, text) => {
    expect(readYaml(text, "my.yaml")).toEqual([]);
  });

  it("gives each value with its position", () => {
    const [port, threshold] = readYaml("port: 80\ndlm:\n  threshold: 0.5\n", "my.yaml");
    expect([port.setting.name, port.value, port.where]).toEqual(["port", 80, "my.yaml:1:7"]);
    expect([threshold.setting.name, threshold.value, threshold.where]).toEqual(["dlm.threshold", 0.5, "my.yaml:3:14"]);
  });

  it("follows aliases and merges nothing by itself", () => {
    const values = readYaml("benchmark:\n  iterations: &n 7\n  max_tokens: *n\n", "my.yaml");
    expect(values.map(({ value }) => value)).toEqual([7, 7]);
  });
});

describe("problems name file, line and column", () => {
  it.each([
    [
      "an unknown key",
      "port: 1\nprot: 2\n",
      /^my\.yaml:2:1: unknown setting "prot" in the file\. Did you mean port\?$/,
    ],
    [
      "an unknown key in a section",
      "dlm:\n  treshold: 0.5\n",
      /^my\.yaml:2:3: unknown setting "treshold" in dlm\. Did you mean threshold\?$/,
    ],
    [
      "a key that belongs elsewhere",
      "threshold: 0.5\n",
      /^my\.yaml:1:1: unknown setting "threshold" in the file\. Did you mean dlm\.threshold\?$/,
    ],
    [
      "a key like no other",
      "scheduler:\n  colour: red\n",
      /^my\.yaml:2:3: unknown setting "colour" in scheduler\. Known here: max_sequences, /,
    ],
    ["an inherited name", "constructor: 1\n", /^my\.yaml:1:1: unknown setting "constructor"/],
    ["__proto__", "__proto__: {port: 1}\n", /^my\.yaml:1:1: unknown setting "__proto__"/],
    ["a number as key", "7: 1\n", /^my\.yaml:1:1: unknown setting "7"/],
    ["no key", ": 1\n", /^my\.yaml:1:1: unknown setting "null"/],
    ["a wrong type", "port: many\n", /^my\.yaml:1:7: port must be a whole number from 0 to 65535, not "many"\.$/],
    ["a number in quotes", 'port: "80"\n', /^my\.yaml:1:7: port must be .*, not "80"\.$/],
    [
      "a wrong type in a section",
      "dlm:\n  dual_cache: maybe\n",
      /^my\.yaml:2:15: dlm\.dual_cache must be true, false or shifted/,
    ],
    [
      "a value out of range",
      "dlm: {threshold: 1.5}\n",
      /^my\.yaml:1:18: dlm\.threshold must be a number above 0 and at most 1/,
    ],
    ["an infinite value", "dlm:\n  threshold: .inf\n", /^my\.yaml:2:14: dlm\.threshold must be/],
    ["a list", "host: [a, b]\n", /^my\.yaml:1:7: host must be .*, not \["a","b"\]\.$/],
    ["no value", "port:\n", /^my\.yaml:1:\d+: port has no value; .* default, 30000\.$/],
    ["a section as text", "dlm: fast\n", /^my\.yaml:1:6: dlm must hold settings as `name: value`, not "fast"\.$/],
    ["a list as file", "- port\n", /^my\.yaml:1:1: the file must hold settings/],
    ["a duplicate", "port: 1\nport: 2\n", /^my\.yaml:2:1: .*unique/],
    ["a tab as indentation", "dlm:\n\tthreshold: 1\n", /^my\.yaml:2:1: .*[Tt]ab/],
    ["an open quote", 'host: "abc\n', /^my\.yaml:\d+:\d+: .*quote/],
    ["an open brace", "dlm: {threshold: 1\n", /^my\.yaml:\d+:\d+: /],
    ["an unknown tag", "port: !secret 1\n", /^my\.yaml:1:7: .*!secret/],
    ["an alias without anchor", "port: *p\n", /^my\.yaml:1:7: nothing is called &p\.$/],
    [
      "an alias inside itself",
      "host: &h [*h]\n",
      /^my\.yaml:1:10: host must be .*, not something that holds itself\.$/,
    ],
    ["two documents", "port: 1\n---\nport: 2\n", /^my\.yaml:2:1: /],
  ])("%s", (_, text, expected) => {
    expect(problems(text)[0]).toMatch(expected);
  });

  it("all of them at once", () => {
    expect(problems("prot: 1\nhost: 7\ndlm:\n  x: 1\n")).toEqual([
      expect.stringMatching(/^my\.yaml:1:1: /),
      expect.stringMatching(/^my\.yaml:2:7: /),
      expect.stringMatching(/^my\.yaml:4:3: /),
    ]);
  });

  it("does not grow with nested aliases", () => {
    const levels = Array.from({ length: 30 }, (_, i) => `  - &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]`);
    expect(problems(["host:", "  - &a0 [x]", ...levels, ""].join("\n")).length).toBeGreaterThan(0);
  });

  it("for any text there is either a result or a positioned problem", () => {
    const piece = fc.constantFrom(
      ...[
        "port",
        "dlm",
        "threshold",
        "\n",
        "  ",
        ": ",
        "- ",
        "[",
        "}",
        "{",
        "*a",
        "&a ",
        "!x ",
        "'",
        '"',
        "#",
        "1",
        "?",
        "\t",
        "|",
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        for (const problem of problems(pieces.join(""))) expect(problem).toMatch(/^my\.yaml:\d+:\d+: |^\s|^$/);
      }),
      { numRuns: 500, seed: 8 },
    );
  });
});
