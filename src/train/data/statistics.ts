// What a stream of examples consists of: counted while it is written.

import { textHash } from "./split.js";
import type { Example } from "./types.js";

interface Count {
  examples: number;
  /** Hashes of the conversations, to tell repeated ones. */
  different: Set<number>;
  turns: number;
  answerCharacters: number;
  kinds: Map<string, number>;
}

export class DataStatistics {
  readonly #tasks = new Map<string, Count>();
  /** Longest carry chain: sums and differences that have it. */
  readonly #carries: number[] = [];
  #examples = 0;

  add(example: Example): void {
    const count = this.#tasks.get(example.task) ?? emptyCount();
    this.#tasks.set(example.task, count);
    this.#examples++;
    count.examples++;
    if ("text" in example) {
      count.different.add(textHash(example.text));
      return;
    }
    count.different.add(textHash(example.messages.map(({ content }) => content).join("\n")));
    count.kinds.set(example.kind, (count.kinds.get(example.kind) ?? 0) + 1);
    for (const { role, content } of example.messages) {
      if (role !== "assistant") continue;
      count.turns++;
      count.answerCharacters += content.length;
    }
    const { carries } = example.check ?? {};
    if (carries !== undefined && /^[+-] /.test(example.kind))
      this.#carries[carries] = (this.#carries[carries] ?? 0) + 1;
  }

  /** Tables for a terminal. */
  toString(): string {
    const tasks = [...this.#tasks].sort(([, a], [, b]) => b.examples - a.examples);
    const rows = tasks.map(([task, { examples, different, turns, answerCharacters }]) => [
      task,
      String(examples),
      percent(examples, this.#examples),
      percent(different.size, examples),
      (turns / examples).toFixed(2),
      turns === 0 ? "-" : (answerCharacters / turns).toFixed(1),
    ]);
    const head = ["task", "examples", "share", "different", "answers", "characters an answer"];
    const carries = this.#carries.map((count, length) => `${length}: ${count}`).join(", ");
    const kinds = tasks.map(([task, count]) => `${task}: ${kindList(count)}`);
    return [
      table([head, ...rows]),
      ...(carries === "" ? [] : [`\nsums and differences by longest carry chain: ${carries}`]),
      `\n${kinds.join("\n")}`,
    ].join("\n");
  }
}

function emptyCount(): Count {
  return { examples: 0, different: new Set(), turns: 0, answerCharacters: 0, kinds: new Map() };
}

function kindList({ kinds }: Count): string {
  return [...kinds]
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(", ");
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}

/** The first column to the left, the others to the right. */
function table(rows: readonly string[][]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "))
    .join("\n");
}
