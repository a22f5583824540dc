// A report as Markdown, in two forms: a short one for a page that has other things to say, and
// everything. Both say what was measured, on what, and of how many.

import { markdownTable } from "../util/markdown.js";
import { worstKinds } from "./kinds.js";
import { mainMethods } from "./methods.js";
import { longAnswer, type Report, type Result, type Speed } from "./report.js";
import type { Sample } from "./samples.js";
import type { Share } from "./statistics.js";
import { dualCacheNote, weightsOf } from "./subject.js";

/** Right answers by task, and speed, of the main methods. */
export function shortForm(report: Report): string {
  const main = mainMethods(report.results);
  return sections([accuracy(report, main, plain), speed(main), description(report)]);
}

/** @param picture a link to it, as seen from the document */
export function fullForm(report: Report, picture: string | null = null): string {
  const main = mainMethods(report.results);
  return sections([
    "### Right answers",
    description(report),
    picture && `![Right answers over tokens per forward, one point for each decode mode and threshold](${picture})`,
    accuracy(report, main, withInterval),
    report.results.length > main.length && details("Every method", everyMethod(report)),
    "### Speed",
    speed(report.results),
    kinds(main),
    carries(main),
    refusals(main),
    stories(report, main),
    "### Ten answers",
    "The first ten questions of a shuffle with a fixed seed. `=` is what was expected, `>` the user.",
    samples(report.samples),
  ]);
}

function sections(parts: readonly (string | null | false)[]): string {
  return `${parts.filter((part) => typeof part === "string" && part !== "").join("\n\n")}\n`;
}

function details(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

function accuracy({ tasks, n }: Report, methods: readonly Result[], show: (share: Share) => string): string {
  const rows = tasks.map((count, i) => [count.task, String(count.n), ...methods.map((each) => show(each.tasks[i]))]);
  const all = ["**all**", String(n), ...methods.map((each) => withInterval(each.all))];
  return markdownTable(["right, %", "n", ...methods.map(({ name }) => name)], [...rows, all]);
}

/** Most columns of a table with intervals that can be read without moving it. */
const columns = 6;

function everyMethod({ tasks, results, n }: Report): string {
  const all = [
    ...tasks.map((count, i) => ({ head: `${count.task} (n = ${count.n})`, of: (result: Result) => result.tasks[i] })),
    { head: `all (n = ${n})`, of: (result: Result) => result.all },
  ];
  const tables = Math.ceil(all.length / columns);
  const size = Math.ceil(all.length / tables);
  return Array.from({ length: tables }, (_, i) => all.slice(i * size, (i + 1) * size))
    .map((part) =>
      markdownTable(
        ["right, %", ...part.map(({ head }) => head)],
        results.map((result) => [result.name, ...part.map(({ of }) => withInterval(of(result)))]),
      ),
    )
    .join("\n\n");
}

function speed(results: readonly Result[]): string {
  const long = `${longAnswer}+ tokens`;
  const head = ["decode mode", "tokens per forward", "rows per token", "tokens per second", "x AR"];
  const more = [`n, ${long}`, `tokens per forward, ${long}`, `x AR, ${long}`, "same as AR, %"];
  const cells = ({ tokensPerForward, rowsPerToken, tokensPerSecond }: Speed) => [
    fixed(tokensPerForward, 2),
    fixed(rowsPerToken, 1),
    fixed(tokensPerSecond, 0),
  ];
  return markdownTable(
    [...head, ...more],
    results.map(({ name, speed, longSpeed, sameAsAutoregressive: same }) => [
      name,
      ...cells(speed),
      fixed(speed.timesAutoregressive, 2),
      String(longSpeed.n),
      fixed(longSpeed.tokensPerForward, 2),
      fixed(longSpeed.timesAutoregressive, 2),
      same === null ? "-" : plain(same),
    ]),
  );
}

/** Most kinds that are listed. */
const mostKinds = 12;

function kinds(methods: readonly Result[]): string | null {
  const [first] = methods;
  const worst = worstKinds(first.kinds, mostKinds);
  if (worst.length === 0) return null;
  return sections([
    "### Where mistakes are",
    `The kinds of questions with the most wrong answers of ${first.name}.`,
    markdownTable(
      ["right, %", "n", ...methods.map(({ name }) => name)],
      worst.map((i) => {
        const { task, kind, n } = first.kinds[i];
        return [`${task}: ${kind}`, String(n), ...methods.map((each) => withInterval(each.kinds[i]))];
      }),
    ),
  ]).trimEnd();
}

function carries(methods: readonly Result[]): string | null {
  const { carries: chains, calculations } = methods[0];
  if (chains.length === 0) return null;
  const name = { "+": "sums", "-": "differences" };
  const all = ["all", String(calculations.n), ...methods.map((each) => withInterval(each.calculations))];
  const rows = chains.map(({ operator, chain, n }, i) => [
    `${name[operator]}, chain of ${chain}`,
    String(n),
    ...methods.map((each) => withInterval(each.carries[i])),
  ]);
  return sections([
    "### Arithmetic by carry chain",
    "First all of them together, with tables and products of two digits by one. Then by the longest run of columns that " +
      "carry (in differences, borrow) one after the other. A digit is known only when all carries before it are, so this " +
      "is where deciding several at a time goes wrong first.",
    markdownTable(["right, %", "n", ...methods.map(({ name }) => name)], [all, ...rows]),
  ]).trimEnd();
}

function refusals(methods: readonly Result[]): string | null {
  const [first] = methods;
  if (first.refusals === null) return null;
  const { right, wrong } = first.refusals;
  return sections([
    "### What it does not know",
    markdownTable(
      ["decode mode", `says so when it should, % (n = ${right.n})`, `says so when it should not, % (n = ${wrong.n})`],
      methods.map(({ name, refusals }) => [name, withInterval(refusals!.right), withInterval(refusals!.wrong)]),
    ),
  ]).trimEnd();
}

function stories({ expectedStories }: Report, methods: readonly Result[]): string | null {
  const n = methods[0].stories?.parses.n;
  if (n === undefined) return null;
  const rows = methods.map(({ name, stories }) => ({ name, stories: stories! }));
  const repeats = ({
    distinctPairs,
    repeated,
  }: {
    distinctPairs: number;
    repeated: { mean: number; most: number };
  }) => [distinctPairs.toFixed(3), `${repeated.mean.toFixed(1)}, ${repeated.most}`];
  return sections([
    "### Stories",
    `Of ${n} stories: every sentence is one of the grammar and the last one ends a story; none contradicts another; what was ` +
      "asked for is there. Different pairs: of neighbouring words, over all pairs of all stories. Repeated: words of the " +
      "longest span that a story has twice, mean and most.",
    markdownTable(
      ["decode mode", "parse, %", "keep their state, %", "have what was asked for, %", "different pairs", "repeated"],
      [
        ...rows.map(({ name, stories }) => [
          name,
          ...[stories.parses, stories.consistent, stories.complete].map(withInterval),
          ...repeats(stories),
        ]),
        ...(expectedStories === null ? [] : [["as expected", "", "", "", ...repeats(expectedStories)]]),
      ],
    ),
  ]).trimEnd();
}

const marks: Record<string, string> = { user: "> ", system: "system: ", assistant: "" };

function samples(all: readonly Sample[]): string {
  const text = all.map(({ messages, expected, answers }) => {
    const said = messages.map(({ role, content }) => marks[role] + indented(content));
    const answered = answers.map(
      ({ method, text, ok }) =>
        `${method}${ok ? "" : " (wrong)"}: ${text === expected ? "the same" : indented(text) || "nothing"}`,
    );
    return [...said, `= ${indented(expected)}`, ...answered].join("\n");
  });
  const body = text.join("\n\n");
  const fence = "`".repeat(Math.max(3, ...[...body.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  return `${fence}text\n${body}\n${fence}`;
}

function indented(text: string): string {
  return text.trim().replace(/\r?\n/g, "\n  ");
}

function description(report: Report): string {
  const { model, machine, questions, maxTokens, dualCache, concurrency } = report;
  const { backend, isa, threads } = machine;
  const time =
    concurrency === 1
      ? "Questions one at a time, methods in turns; tokens per second of wall-clock time from the question to the last token, " +
        "the prompt included and never cached."
      : `${concurrency} questions at a time, methods in turns; tokens per second of everything together.`;
  return [
    "Right answers in percent, in brackets Wilson's 95 % interval. Forwards and rows count every denoise, commit, verify and " +
      "autoregressive pass; of the prompt, windows that go along. AR: autoregressive, in the same run. " +
      `${longAnswer}+ tokens: of answers at least so long.`,
    ...repeats(report),
    `Model \`${model.name}\` (${model.architecture}, ${model.attention}, ${weightsOf(model)}, ` +
      `${(model.parameters / 1e6).toFixed(1)} M parameters, SHA-256 \`${model.sha256.slice(0, 16)}\`), ` +
      `${report.n} questions of \`${questions.name}\` (SHA-256 \`${questions.sha256.slice(0, 16)}\`), ` +
      `temperature 0, at most ${maxTokens} tokens${dualCacheNote(dualCache)}.`,
    `${machine.cpu}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${backend}${isa === "typescript" ? "" : ` ${isa}`}. ${time}`,
  ].join("\n");
}

/** Which tasks ask something twice: then their intervals promise too much. */
function repeats({ tasks }: Report): string[] {
  const repeated = tasks.filter(({ n, different }) => different < n);
  if (repeated.length === 0) return [];
  const list = repeated.map(({ task, n, different }) => `${task} ${different} of ${n}`).join(", ");
  return [`Different questions, where some are asked twice, which makes the intervals too narrow: ${list}.`];
}

/** "87.1 (84.2-89.5)" */
export function withInterval({ share, low, high, n }: Share): string {
  return n === 0 ? "-" : `${honest(share)} (${percent(low)}-${percent(high)})`;
}

function plain({ share, n }: Share): string {
  return n === 0 ? "-" : honest(share);
}

/** 100.0 is all of them. */
function honest(share: number): string {
  return percent(share === 1 ? 1 : Math.min(share, 0.999));
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}

export function fixed(value: number | null, digits: number): string {
  return value === null ? "-" : value.toFixed(digits);
}
