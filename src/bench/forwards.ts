// The forwards that are measured: spans built by hand, as the scheduler would build them.
//
// All cases use the same pages of one imagined sequence, in an engine that serves nobody else.

import { type Backend, type HeadRequest, pageSize, type Span } from "../backend/types.js";
import type { EngineParts } from "../engine/model.js";
import { hash } from "../util/rng.js";
import type { Candidate } from "./rounds.js";

export interface ForwardCase {
  name: string;
  /** Rows of all forwards together: tokens of a prompt, positions of a block. */
  rows: number;
  /** Run one after the other. */
  forwards: readonly (readonly Span[])[];
}

const prompts = [128, 512];
/** Where a denoised block and a decoded token stand. */
const denoisePosition = 32;
const decodePosition = 64;
/** The usual `small_block_size`. */
const subBlock = 8;

/** A sample lasts at least this long: short forwards are repeated. */
const sampleMs = 20;
const mostCalls = 200;

type Subject = Pick<EngineParts, "info" | "facts" | "maxRows">;

/** Prefill, denoise and decode, as far as the context reaches. */
export function forwardCases(subject: Subject): ForwardCase[] {
  const { facts } = subject;
  const block = facts.blockLength;
  const step = facts.attention === "causal" ? `forward of ${block} rows` : `denoise ${block} rows`;
  const denoise = (rows: readonly number[]) => [[denoiseSpan(subject, rows)]];
  const all = Array.from({ length: block }, (_, row) => row);
  const cases: ForwardCase[] = [
    ...prompts.map((rows) => prefillCase(subject, rows)),
    { name: `${step}, no head`, rows: block, forwards: denoise([]) },
    { name: `${step}, head of 1 row`, rows: block, forwards: denoise([block - 1]) },
    { name: `${step}, head of ${block} rows`, rows: block, forwards: denoise(all) },
    ...subBlockCase(subject),
    { name: "decode 1 token", rows: 1, forwards: [[decodeSpan(subject, decodePosition, 1)]] },
  ];
  const room = Math.min(subject.info.contextLength, subject.info.kvPages * pageSize);
  return cases.filter(({ forwards }) => forwards.every((spans) => spans.every(({ keyEnd }) => keyEnd <= room)));
}

/** The step that sub-blocks repeat: the last 8 rows of a block whose other rows have their keys and values already. */
function subBlockCase(subject: Subject): ForwardCase[] {
  const { blockLength, attention } = subject.facts;
  if (attention === "causal" || blockLength <= subBlock || blockLength % subBlock !== 0) return [];
  const rows = Array.from({ length: subBlock }, (_, row) => row);
  const whole = denoiseSpan(subject, rows);
  const span = { ...whole, tokens: whole.tokens.slice(-subBlock), position: whole.keyEnd - subBlock };
  return [
    { name: `denoise ${subBlock} of ${blockLength} rows, head of ${subBlock}`, rows: subBlock, forwards: [[span]] },
  ];
}

/** A prompt of this length with the last row's head, in forwards of at most maxRows. */
export function prefillCase(subject: Subject, rows: number): ForwardCase {
  const { facts, maxRows } = subject;
  const chunk = Math.floor(maxRows / facts.blockLength) * facts.blockLength;
  const visibility = facts.attention === "block-causal" ? "block" : "causal";
  const tokens = randomTokens(rows, subject.info.vocabulary);
  const forwards: Span[][] = [];
  for (let position = 0; position < rows; position += chunk) {
    const part = tokens.slice(position, position + chunk);
    const keyEnd = position + part.length;
    const head = keyEnd === rows ? headOf([part.length - 1]) : null;
    forwards.push([{ tokens: part, position, visibility, keyEnd, pages: pagesUpTo(keyEnd), head }]);
  }
  return { name: `prefill ${rows} tokens`, rows, forwards };
}

/** A block after 32 tokens, with the head of these rows. */
export function denoiseSpan({ facts, info }: Subject, headRows: readonly number[]): Span {
  const rows = facts.blockLength;
  const position = Math.ceil(denoisePosition / rows) * rows;
  return {
    tokens: randomTokens(rows, info.vocabulary),
    position,
    visibility: facts.attention === "causal" ? "causal" : "block",
    keyEnd: position + rows,
    pages: pagesUpTo(position + rows),
    head: headRows.length === 0 ? null : headOf(headRows, facts.maskToken ?? -1),
  };
}

/** One token at a position, with its head. */
export function decodeSpan({ info }: Subject, position: number, token: number): Span {
  const keyEnd = position + 1;
  return {
    tokens: [token % info.vocabulary],
    position,
    visibility: "causal",
    keyEnd,
    pages: pagesUpTo(keyEnd),
    head: headOf([0]),
  };
}

/** Any tokens will do: the work does not depend on them. */
export function randomTokens(count: number, vocabulary: number, seed = 1): number[] {
  return Array.from({ length: count }, (_, i) => hash(seed, i, 0) % vocabulary);
}

/** Greedy, of these rows. */
export function headOf(rows: readonly number[], suppress = -1): HeadRequest {
  return { rows, suppress, temperature: 0, topP: 1, topK: 0, seed: 0, draw: 0, top: 0, logits: false };
}

function pagesUpTo(position: number): number[] {
  return Array.from({ length: Math.ceil(position / pageSize) }, (_, page) => page);
}

/** Runs a case and gives the milliseconds of one run of it. */
export function forwardCandidate(backend: Backend, { name, forwards }: ForwardCase): Candidate<number> {
  let calls = 0;
  const once = async () => {
    for (const spans of forwards) await backend.forward(spans);
  };
  return {
    name,
    run: async () => {
      if (calls === 0) {
        await once(); // touches everything for the first time
        const begun = performance.now();
        await once();
        calls = Math.min(mostCalls, Math.max(1, Math.round(sampleMs / (performance.now() - begun))));
      }
      const begun = performance.now();
      for (let i = 0; i < calls; i++) await once();
      return (performance.now() - begun) / calls;
    },
  };
}
