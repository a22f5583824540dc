// The prompt part of every decoder: which prompt rows run before decoding, and in what chunks.
//
// What goes on behind causal K/V runs the whole prompt. Block diffusion runs the prompt's whole blocks;
// the tail shares the first block of the answer and is committed with it.
// The last row predicts the first token of the answer when it is the row before it.

import type { KeptVisibility } from "../backend/types.js";
import type { Canvas } from "./canvas.js";
import { ask, type Request } from "./head.js";
import { type DecoderInput, inBlocks, type SpanRequest } from "./types.js";

export interface PrefillPlan {
  /** Rows [from, to) are run; from > to when the cache holds part of the tail. */
  from: number;
  to: number;
  visibility: KeptVisibility;
  /** Chunks are multiples of it: a row that sees its whole block needs the block in one forward. */
  grain: number;
  /** The last row's prediction is the token at `to`. */
  predicts: boolean;
}

export function planPrefill({ prompt, cached, options, facts }: DecoderInput): PrefillPlan {
  const sequential = !inBlocks(options.mode, facts);
  const wholeBlocks = prompt.length - (prompt.length % facts.blockLength);
  const to = sequential ? prompt.length : wholeBlocks;
  const visibility = sequential || facts.attention === "context-causal" ? "causal" : "block";
  const grain = visibility === "block" ? facts.blockLength : 1;
  // At least the last prompt row runs, so that its prediction can be had.
  const usable = Math.min(cached, prompt.length - 1);
  const from = usable - (usable % grain);
  return { from, to, visibility, grain, predicts: sequential || (facts.shift && to === prompt.length) };
}

/** The next chunk after canvas.committed: at most maxRows rows, at least one row or block. */
export function prefillSpan(canvas: Canvas, request: Request, plan: PrefillPlan, maxRows: number): SpanRequest {
  const position = canvas.committed;
  const chunk = Math.max(plan.grain, maxRows - (maxRows % plan.grain));
  const end = Math.min(plan.to, position + chunk);
  return {
    phase: "prefill",
    tokens: canvas.prompt.slice(position, end),
    position,
    visibility: plan.visibility,
    keyEnd: end,
    target: "committed",
    head: plan.predicts && end === plan.to ? ask(request, [end - position - 1], 0) : null,
  };
}
