// What a head request says about one row of logits: the chosen token, how probable it was,
// and the runners-up. The plain definition; the native backend computes the same chunk by chunk.
//
// Choosing never changes what is reported: probability, logprob, entropy and the top list are
// those of softmax(logits) at temperature 1 with nothing truncated, after suppression.
//
// How a token is chosen, given u = uniform(seed, position, draw) in [0, 1):
//   temperature 0        the largest logit, the lowest token among equals.
//   temperature T        weights w[t] = exp((l[t] - max) / T). Walk the tokens in ascending order,
//                        adding up w; take the first token at which the sum exceeds u * total.
//   with top_k or top_p  order the tokens by descending logit, the lowest token first among
//                        equals; keep the first top_k (0: all); of these keep the shortest
//                        prefix whose share of the kept weights is >= top_p (1: all; at least
//                        one token). Then walk the kept tokens in this order against
//                        u * (sum of the kept weights), as above.
// Suppressed tokens have logit minus infinity, so weight 0, and are never chosen. Sums are f64.

import type { HeadRequest } from "./types.js";

export interface RowPrediction {
  token: number;
  probability: number;
  logprob: number;
  entropy: number;
  /** At most `request.top`, descending; fewer where the vocabulary ran out. */
  top: { token: number; logprob: number }[];
}

type Choice = Pick<HeadRequest, "suppress" | "temperature" | "topP" | "topK" | "top">;

/**
 * @param logits [vocabulary], left as they are.
 * @param u the row's random number in [0, 1); unused at temperature 0.
 */
export function predictRow(logits: Float32Array, request: Choice, u: number): RowPrediction {
  const allowed = suppressed(logits, request.suppress);
  const best = argmax(allowed);
  const max = allowed[best];
  let total = 0;
  let weighted = 0; // sum of exp(d) * d with d = logit - max
  for (const logit of allowed) {
    const d = logit - max;
    if (d === -Infinity) continue;
    const weight = Math.exp(d);
    total += weight;
    weighted += weight * d;
  }
  const logTotal = Math.log(total);
  const logprob = (token: number) => allowed[token] - max - logTotal;
  const token = request.temperature === 0 ? best : sample(allowed, request, u);
  return {
    token,
    probability: Math.exp(logprob(token)),
    logprob: logprob(token),
    entropy: logTotal - weighted / total,
    top: mostProbable(allowed, request.top).map((t) => ({ token: t, logprob: logprob(t) })),
  };
}

/** Draws a token at temperature > 0; see the head of this file. */
function sample(logits: Float32Array, { temperature, topK, topP }: Choice, u: number): number {
  const max = logits[argmax(logits)];
  const weight = (token: number) => Math.exp((logits[token] - max) / temperature);
  const all = tokensOf(logits);
  if (topK === 0 && topP === 1) return walk(all, weight, u);
  const sorted = all.sort((a, b) => logits[b] - logits[a] || a - b);
  return walk(nucleus(topK === 0 ? sorted : sorted.slice(0, topK), weight, topP), weight, u);
}

/** The shortest prefix that holds at least `topP` of all the weight. */
function nucleus(tokens: number[], weight: (token: number) => number, topP: number): number[] {
  if (topP === 1) return tokens;
  const needed = topP * sum(tokens, weight);
  let held = 0;
  for (const [i, token] of tokens.entries()) {
    held += weight(token);
    if (held >= needed) return tokens.slice(0, i + 1);
  }
  return tokens;
}

/** Inverse of the cumulative distribution over `tokens` in their order. */
function walk(tokens: number[], weight: (token: number) => number, u: number): number {
  const target = u * sum(tokens, weight);
  let passed = 0;
  for (const token of tokens) {
    passed += weight(token);
    if (passed > target) return token;
  }
  return tokens[tokens.length - 1]; // only by rounding
}

function sum(tokens: number[], weight: (token: number) => number): number {
  let total = 0;
  for (const token of tokens) total += weight(token);
  return total;
}

/** Index of the largest value, the lowest among equals. */
function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

function mostProbable(logits: Float32Array, count: number): number[] {
  if (count === 0) return [];
  return tokensOf(logits)
    .sort((a, b) => logits[b] - logits[a] || a - b)
    .slice(0, count);
}

/** Tokens that can be chosen, ascending. */
function tokensOf(logits: Float32Array): number[] {
  const tokens: number[] = [];
  for (let t = 0; t < logits.length; t++) if (logits[t] > -Infinity) tokens.push(t);
  return tokens;
}

function suppressed(logits: Float32Array, token: number): Float32Array {
  const copy = logits.slice();
  if (token >= 0) copy[token] = -Infinity;
  return copy;
}
