// What a backend may rely on in a forward. A violation is a bug of the caller, never of a
// user, so it is a plain RangeError; it is thrown before anything is written.

import type { Program } from "./program.js";
import { type BackendOptions, type HeadRequest, pageSize, type Span } from "./types.js";

/** @throws RangeError naming the span and what is wrong with it */
export function checkSpans(
  program: Program,
  { pages, maxRows }: Pick<BackendOptions, "pages" | "maxRows">,
  spans: readonly Span[],
): void {
  const rows = spans.reduce((total, span) => total + span.tokens.length, 0);
  if (rows > maxRows) throw new RangeError(`a forward of ${rows} rows; at most ${maxRows}`);
  for (const [i, span] of spans.entries()) {
    const fail = (problem: string): never => {
      throw new RangeError(`span ${i}: ${problem}`);
    };
    const end = span.position + span.tokens.length;
    if (span.tokens.length === 0) fail("no rows");
    if (!span.tokens.every((token) => within(token, 0, program.vocabulary - 1))) fail("a token outside the vocabulary");
    if (!within(span.position, 0, program.contextLength - 1)) fail(`position ${span.position}`);
    if (!within(span.causalRows ?? 0, 0, span.tokens.length)) fail(`${span.causalRows} causal rows`);
    if (!within(span.keyEnd, end, program.contextLength)) {
      fail(`keyEnd ${span.keyEnd}, rows end at ${end}, context at ${program.contextLength}`);
    }
    if (span.pages.length * pageSize < span.keyEnd)
      fail(`${span.pages.length} pages do not hold ${span.keyEnd} positions`);
    if (!span.pages.every((page) => within(page, 0, pages - 1))) fail(`a page outside 0..${pages - 1}`);
    if (span.head !== null) checkHead(program, span, span.head, fail);
  }
}

function checkHead(program: Program, span: Span, head: HeadRequest, fail: (problem: string) => never): void {
  const rowsAreAscending = head.rows.every((row, i) =>
    within(row, i === 0 ? 0 : head.rows[i - 1] + 1, span.tokens.length - 1),
  );
  if (!rowsAreAscending) fail("head rows must ascend within the span");
  if (!within(head.suppress, -1, program.vocabulary - 1)) fail(`suppressed token ${head.suppress}`);
  if (!(head.temperature >= 0 && head.temperature < Infinity)) fail(`temperature ${head.temperature}`);
  if (!(head.topP >= 0 && head.topP <= 1)) fail(`topP ${head.topP}`);
  if (!within(head.topK, 0, Number.MAX_SAFE_INTEGER)) fail(`topK ${head.topK}`);
  if (!within(head.top, 0, 20)) fail(`top ${head.top}`);
}

function within(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
