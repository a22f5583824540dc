// How much memory a model gets: the length of its context and the pages of its K/V pool.
//
// Decided from the program and the options alone, so that it can be predicted without loading.

import type { Program } from "../backend/program.js";
import { pageBytes, pageSize } from "../backend/types.js";
import type { DiffusionFacts, HyperParameters } from "../model/types.js";
import { UnmaskError } from "../util/errors.js";
import { pagesFor } from "./pages.js";
import type { LoadOptions } from "./types.js";

/** Longest context set up unless asked for more: its K/V and rotary tables cost memory. */
const defaultContext = 8192;
const defaultKvBytes = 2 ** 30;
export const defaultSequences = 16;

/** Whole blocks only, so that the last block of a full context has its place. */
export function contextFor(
  hp: HyperParameters,
  facts: DiffusionFacts,
  options: LoadOptions,
  log: NonNullable<LoadOptions["log"]>,
): number {
  const asked = options.contextLength ?? Math.min(hp.contextLength, defaultContext);
  if (!Number.isInteger(asked) || asked < 1 || asked > hp.contextLength) {
    throw new UnmaskError(
      "context_length_exceeded",
      `A context of ${asked} is not possible: the model was trained for ${hp.contextLength}. Use 1 to ${hp.contextLength}.`,
      { param: "context_length" },
    );
  }
  if (options.contextLength === undefined && asked < hp.contextLength) {
    log("info", `context limited to ${asked} of ${hp.contextLength} positions; --context-length changes it`);
  }
  const grain = facts.attention === "causal" ? 1 : facts.blockLength;
  const context = Math.floor(asked / grain) * grain;
  if (context > 0) return context;
  throw new UnmaskError("context_length_exceeded", `A context of ${asked} is shorter than one block of ${grain}.`, {
    param: "context_length",
  });
}

/** Pages for every sequence at full length, as far as memory allows; never less than one full context. */
export function poolPages(
  program: Program,
  facts: DiffusionFacts,
  contextLength: number,
  maxSequences: number,
  kvMemory: number | undefined,
): number {
  const oneContext = pagesFor(contextLength) + Math.ceil(facts.blockLength / pageSize);
  const bytes = pageBytes(program);
  if (kvMemory === undefined) {
    const affordable = Math.floor(defaultKvBytes / bytes);
    return Math.max(oneContext, Math.min(affordable, oneContext * maxSequences));
  }
  const pages = Math.floor(kvMemory / bytes);
  const least = 1 + Math.ceil(facts.blockLength / pageSize);
  if (pages >= least) return pages;
  throw new UnmaskError(
    "out_of_memory",
    `--kv-memory ${kvMemory} bytes holds ${pages} pages of ${bytes} bytes; at least ${least} are needed, and ` +
      `${oneContext} for one full context. Give more.`,
    { param: "kv_memory" },
  );
}
