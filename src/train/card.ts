// The card of a trained model: what it is, how it was made, and a place for what it can do.
//
// Made from the configuration and the log of the run alone. `unmask eval --markdown` fills the place;
// what a model is good for, its author has to say.

import { cpuName, type MeasuredFile } from "../util/identity.js";
import { markdownTable } from "../util/markdown.js";
import type { Phase, TrainConfig } from "./config.js";
import type { Frame } from "./frame.js";
import type { LogRecord } from "./log.js";
import { rateShare } from "./schedule.js";

export interface CardFacts {
  /** The runs that made the model, this one last. */
  runs: readonly { config: TrainConfig; records: readonly LogRecord[] }[];
  frame: Pick<Frame, "hp" | "tokenizer" | "maskToken" | "stops">;
  parameters: number;
  /** The files that the run made or read, the model first. */
  files: readonly (MeasuredFile & { bytes: number })[];
  /** "avx512vnni, 2 threads" */
  computed: string;
}

/** Markdown. */
export function makeCard(facts: CardFacts): string {
  const { runs, frame, files } = facts;
  const seeds = runs.map(({ config }) => config.seed).join(", then ");
  const { config } = runs[runs.length - 1];
  return `${[
    `# ${frame.hp.name}`,
    "Trained by `unmask train`. The same configuration gives the same file, whatever the threads and the instruction set.",
    markdownTable(["", ""], shape(facts), "text"),
    "## How it was made",
    `Seed ${seeds}; ${config.optimizer.matrices === "muon" ? "Muon for matrices, AdamW for the rest" : "AdamW"}. ` +
      `${cpuName()}, ${facts.computed}.`,
    markdownTable(
      ["phase", "objective", "steps", "tokens of a step", "rate of matrices", "ternary", "examples", "minutes", "loss"],
      [...runs.flatMap(phases), total(facts)],
      "text",
    ),
    "Loss: cross-entropy in nats, a mean over the last tenth of a phase: of next tokens, and of masked tokens where there are any. Examples and minutes: of the phase.",
    markdownTable(
      ["file", "bytes", "SHA-256"],
      files.map(({ name, bytes, sha256 }) => [`\`${name}\``, count(bytes), `\`${sha256}\``]),
      "text",
    ),
    "## What it can do",
    "<!-- results: full -->\n<!-- /results -->",
  ].join("\n\n")}\n`;
}

function shape({ runs, frame, parameters, files }: CardFacts): string[][] {
  const { config, records } = runs[runs.length - 1];
  const { model, output } = config;
  const { hp, tokenizer, maskToken, stops } = frame;
  const zeros = (records.findLast(({ layers }) => (layers?.length ?? 0) > 0)?.layers ?? []).map(({ zeros }) => zeros);
  const ternary = model.ternary
    ? `; matrices of layers ternary (${output.type})${zeros.length === 0 ? "" : `, ${percent(Math.min(...zeros))} to ${percent(Math.max(...zeros))} zeros`}`
    : "";
  const token = (id: number) => `${id} \`${new TextDecoder().decode(tokenizer.tokenBytes(id))}\``;
  return [
    ["file", `\`${files[0].name}\`, ${(files[0].bytes / 1e6).toFixed(1)} MB`],
    [
      "architecture",
      `\`${hp.architecture}\`, ${hp.layers} layers of ${hp.hidden}, FFN ${hp.ffn}, ${hp.heads} heads of ${hp.headDim}, ${hp.kvHeads} for K/V`,
    ],
    ["parameters", `${count(parameters)}${ternary}`],
    [
      "decoding",
      `${config.diffusion.attention} block diffusion, blocks of ${config.diffusion.block_length}, token shift`,
    ],
    [
      "context",
      `${hp.contextLength}, trained at ${Math.max(...runs.flatMap(({ config }) => config.phases.map(({ length }) => length)))}`,
    ],
    ["vocabulary", `${count(hp.vocabulary)}; mask ${maskToken}, stops ${stops.map(token).join(", ")}`],
  ];
}

/** One row for each phase of a run that its log knows. */
function phases({ config, records }: CardFacts["runs"][number]): string[][] {
  return config.phases.flatMap((phase) => {
    const own = records.filter((record) => record.phase === phase.name);
    const last = own.at(-1);
    if (last === undefined) return [];
    const before = records[records.indexOf(own[0]) - 1]?.examples ?? 0;
    const end = own.slice(-Math.ceil(own.length / 10));
    const losses = [mean(end.map(({ nextLoss }) => nextLoss)), mean(end.map(({ maskedLoss }) => maskedLoss))];
    return [
      [
        phase.name,
        phase.objective.replace("_", " "),
        count(last.phaseStep),
        count(phase.batch),
        rates(phase),
        ternaryShare(phase),
        count(last.examples - before),
        minutes(own),
        losses.flatMap((loss) => (loss === null ? [] : [loss.toFixed(3)])).join(", masked "),
      ],
    ];
  });
}

function total({ runs }: CardFacts): string[] {
  const sum = (what: "step" | "examples") =>
    count(runs.reduce((all, { records }) => all + (records.at(-1)?.[what] ?? 0), 0));
  const all = runs.flatMap(({ records }) => records);
  return ["**all**", "", sum("step"), "", "", "", sum("examples"), minutes(all), ""];
}

function rates(phase: Phase): string {
  const { matrix_rate, decay, steps, warmup } = phase;
  const last = matrix_rate * rateShare(phase, steps);
  const end = decay === "constant" ? "" : `, ${decay} to ${Number(last.toPrecision(3))}`;
  return `${matrix_rate}${end}${warmup === 0 ? "" : `, ${warmup} steps of warm-up`}`;
}

function ternaryShare({ quantisation: { from, to, steps } }: Phase): string {
  return from === to ? percent(to) : `${percent(from)} to ${percent(to)} over ${steps} steps`;
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

const minutes = (records: readonly LogRecord[]) =>
  (records.reduce((sum, { seconds }) => sum + seconds, 0) / 60).toFixed(0);
const count = (n: number) => n.toLocaleString("en-US");
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
