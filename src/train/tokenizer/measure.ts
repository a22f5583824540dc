// How a tokenizer fits data: what an answer and an example cost in tokens.

import type { Tokenizer } from "../../text/tokenizer.js";
import type { Example } from "../data/types.js";
import { textsOf } from "./corpus.js";

export interface TokenizerFit {
  answers: number;
  /** Mean tokens of an answer, its end token included. */
  tokensPerAnswer: number;
  /** Mean tokens of a whole example, turn markers included. */
  tokensPerExample: number;
  /** Tokens of the longest one. */
  longestExample: number;
  charactersPerToken: number;
}

export function measureFit(tokenizer: Tokenizer, examples: Iterable<Example>): TokenizerFit {
  const sum = { examples: 0, answers: 0, answerTokens: 0, tokens: 0, characters: 0, longest: 0 };
  const tokensIn = (text: string) => tokenizer.encode(text, { special: false }).length;
  for (const example of examples) {
    const texts = textsOf(example);
    const ofText = texts.reduce((total, text) => total + tokensIn(text), 0);
    // Two turn markers a message; a plain text ends with one.
    const tokens = ofText + ("text" in example ? 1 : 2 * example.messages.length);
    sum.examples++;
    sum.tokens += tokens;
    sum.longest = Math.max(sum.longest, tokens);
    sum.characters += texts.reduce((total, text) => total + text.length, 0);
    if ("text" in example) continue;
    for (const { role, content } of example.messages) {
      if (role !== "assistant") continue;
      const answer = tokensIn(content) + 1;
      sum.answers++;
      sum.answerTokens += answer;
    }
  }
  return {
    answers: sum.answers,
    tokensPerAnswer: sum.answerTokens / sum.answers,
    tokensPerExample: sum.tokens / sum.examples,
    longestExample: sum.longest,
    charactersPerToken: sum.characters / sum.tokens,
  };
}
