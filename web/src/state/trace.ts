// What the denoising events of an answer say about its positions, after any number of steps.
//
// A trace is the list of events as they came; a picture of it is always computed from the
// first `count` of them, so stepping back and forth needs no undo.

import type { Denoising, DenoisingCommit } from "../../../src/client/index.js";

/** A denoising event and when it arrived: milliseconds since the request was sent. */
export type Step = Denoising & { at: number };

export interface Trace {
  blockLength: number;
  steps: readonly Step[];
  /** Tokens of the answer, once it is complete: what lies behind them is not part of it. */
  tokens: number | null;
}

export interface TokenCell extends DenoisingCommit {
  kind: "token";
  /** Index of the step that filled it. */
  step: number;
  /** Its number among the decode forwards. */
  forward: number;
  /** Filled behind the end of the answer. */
  beyond: boolean;
}

/** prompt: the prompt's last tokens, which share the first block. */
export type Cell = TokenCell | { kind: "masked" | "prompt"; position: number };

export interface Block {
  index: number;
  cells: Cell[];
  /** Tokens of the answer in this block so far. */
  tokens: number;
  /** Decode forwards spent on it so far. */
  forwards: number;
}

export function emptyTrace(blockLength: number): Trace {
  return { blockLength, steps: [], tokens: null };
}

export function addStep(trace: Trace, step: Step): Trace {
  return { ...trace, steps: [...trace.steps, step] };
}

/** First position of the answer; null before the first step. */
export function answerStart({ steps }: Trace): number | null {
  if (steps.length === 0) return null;
  const { commits, masked } = steps[0];
  return Math.min(...masked, ...commits.map((commit) => commit.position));
}

/** The blocks that the first `count` steps touched. */
export function blocksAt(trace: Trace, count: number): Block[] {
  const start = answerStart(trace);
  if (start === null) return [];
  const end = trace.tokens === null ? Number.POSITIVE_INFINITY : start + trace.tokens;
  const filled = new Map<number, TokenCell>();
  const lastForward = new Map<number, number>();
  for (const [index, step] of trace.steps.slice(0, count).entries()) {
    lastForward.set(step.block, step.forward);
    for (const commit of step.commits) {
      const beyond = commit.position >= end;
      filled.set(commit.position, { ...commit, kind: "token", step: index, forward: step.forward, beyond });
    }
  }
  // Nothing has happened yet at step 0: the block stands there, masked.
  if (lastForward.size === 0) lastForward.set(trace.steps[0].block, 0);
  let before = 0;
  return [...lastForward].map(([index, forward]) => {
    const cells = Array.from({ length: trace.blockLength }, (_, i): Cell => {
      const position = index * trace.blockLength + i;
      return filled.get(position) ?? { kind: position < start ? "prompt" : "masked", position };
    });
    const tokens = cells.filter((cell) => cell.kind === "token" && !cell.beyond).length;
    const forwards = forward - before;
    before = forward;
    return { index, cells, tokens, forwards };
  });
}

/** A token that steers and is not read: "<|im_end|>". */
export function isControl(text: string): boolean {
  return /^<\|[^|]+\|>$|^<\/?s>$/.test(text);
}

/** A token as a cell shows it: blanks made visible where they are all there is. */
export function visibleText(text: string): string {
  if (text === "") return "∅";
  if (isControl(text)) return "■";
  if (text.trim() !== "") return text.trim();
  return [...text].map((character) => (character === "\n" ? "↵" : character === "\t" ? "⇥" : "␣")).join("");
}

/** 0.974 -> "97 %", and never "100 %" for what is less. */
export function percent(probability: number): string {
  if (probability >= 0.9995) return probability >= 1 ? "100 %" : "> 99.9 %";
  if (probability >= 0.99) return `${(Math.floor(probability * 1000) / 10).toFixed(1)} %`;
  return probability > 0 && probability < 0.005 ? "< 1 %" : `${Math.round(probability * 100)} %`;
}
