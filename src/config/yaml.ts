// Reads a configuration file: YAML text in, checked raw values with their positions out.
// All problems of a file are reported together, each as file:line:column.
// Unknown keys are problems, not extras: a misspelt setting must not be silently a default.

import { type Document, isAlias, isMap, isScalar, LineCounter, type Node, type Pair, parseDocument, visit } from "yaml";
import { UnmaskError } from "../util/errors.js";
import { nearest } from "../util/nearest.js";
import { allSettings, isSetting, type Section, type Setting, settingsTree } from "./settings.js";

export interface FileValue {
  setting: Setting;
  value: unknown;
  /** "unmask.yaml:3:14" */
  where: string;
}

function show(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    return "something that holds itself"; // an anchor around its own alias
  }
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Says what is wrong with a value of a setting, whichever source it came from. */
export function wrongValue(setting: Setting, value: unknown): string {
  if (value === null || value === "") {
    return `${setting.name} has no value; it must be ${setting.expects}. Leave it out for the default, ${show(setting.fallback)}.`;
  }
  return `${setting.name} must be ${setting.expects}, not ${show(value)}.`;
}

class Reader {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly problems: string[] = [];
  readonly values: FileValue[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  read(text: string): void {
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, logLevel: "error" });
    for (const error of [...document.errors, ...document.warnings]) {
      this.#problem(error.pos[0], `${error.message.replace(/[.:]?$/, "")}.`);
    }
    visit(document, {
      Alias: (_, alias) => {
        if (alias.resolve(document) === undefined) this.#problem(start(alias), `nothing is called &${alias.source}.`);
      },
    });
    if (this.problems.length > 0 || document.contents === null) return;
    try {
      document.toJS(); // the parser's limit on aliases of aliases
    } catch (error) {
      this.#problem(0, `${(error as Error).message}.`);
      return;
    }
    this.#section(document, document.contents, settingsTree(), "the file");
  }

  #section(document: Document, written: Node, section: Section, called: string): void {
    const node = (isAlias(written) ? written.resolve(document) : written) as Node;
    if (isScalar(node) && node.value === null) return; // all its settings are commented out
    if (!isMap(node)) {
      const value = show(node.toJS(document));
      this.#problem(start(written), `${called} must hold settings as \`name: value\`, not ${value}.`);
      return;
    }
    for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
      const name = String(key.toJS(document));
      const known = Object.hasOwn(section, name) ? section[name] : undefined;
      if (known === undefined) {
        this.#problem(start(key), `unknown setting ${show(name)} in ${called}.${suggestion(name, section)}`);
      } else if (isSetting(known)) {
        this.#value(known, value === null ? null : value.toJS(document), start(value ?? key));
      } else if (value !== null) {
        this.#section(document, value, known, name);
      }
    }
  }

  #value(setting: Setting, value: unknown, at: number): void {
    if (setting.type.safeParse(value).success) this.values.push({ setting, value, where: this.#where(at) });
    else this.#problem(at, wrongValue(setting, value));
  }

  #where(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${line}:${col}`;
  }

  #problem(offset: number, text: string): void {
    this.problems.push(`${this.#where(offset)}: ${text}`);
  }
}

function start(node: Node): number {
  return node.range?.[0] ?? 0;
}

function suggestion(key: string, section: Section): string {
  const here = nearest(key, Object.keys(section));
  if (here !== null) return ` Did you mean ${here}?`;
  const elsewhere = allSettings();
  const last = nearest(
    key,
    elsewhere.map((setting) => setting.path.at(-1) as string),
  );
  const meant = elsewhere.find((setting) => setting.path.at(-1) === last);
  if (meant !== undefined) return ` Did you mean ${meant.name}?`;
  return ` Known here: ${Object.keys(section).join(", ")}.`;
}

/**
 * @param text the file's content
 * @param file its name, for messages
 * @throws UnmaskError config_invalid with every problem of the file, one a line
 */
export function readYaml(text: string, file: string): FileValue[] {
  const reader = new Reader(file);
  reader.read(text);
  if (reader.problems.length > 0) throw new UnmaskError("config_invalid", reader.problems.join("\n"), { param: file });
  return reader.values;
}
