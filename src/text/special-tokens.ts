// Finds special tokens in text: at each place the longest one, left to right, as a prefix tree
// over UTF-16 units, so the cost does not grow with the number of special tokens.

import { UnmaskError } from "../util/errors.js";

/** Characters of a token: each costs a node. */
const longest = 1024;

interface Node {
  token: number; // -1: no special token ends here
  children: Map<number, Node>;
}

export class SpecialTokens {
  readonly #root: Node = { token: -1, children: new Map() };

  /** @throws UnmaskError tokenizer_invalid for a text that is longer than any that serves */
  add(text: string, token: number): void {
    if (text.length > longest) {
      const message = `The special token ${token} is a text of ${text.length} characters; ${longest} are the most.`;
      throw new UnmaskError("tokenizer_invalid", message);
    }
    let node = this.#root;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      let child = node.children.get(unit);
      if (child === undefined) {
        child = { token: -1, children: new Map() };
        node.children.set(unit, child);
      }
      node = child;
    }
    if (node !== this.#root) node.token = token;
  }

  /** The text as runs of ordinary text and special tokens, in order. */
  split(text: string): (string | number)[] {
    const parts: (string | number)[] = [];
    let start = 0;
    for (let i = 0; i < text.length; ) {
      const { token, end } = this.#longestAt(text, i);
      if (token < 0) {
        i++;
        continue;
      }
      if (i > start) parts.push(text.slice(start, i));
      parts.push(token);
      start = i = end;
    }
    if (start < text.length) parts.push(text.slice(start));
    return parts;
  }

  #longestAt(text: string, at: number): { token: number; end: number } {
    let found = { token: -1, end: at };
    let node = this.#root.children.get(text.charCodeAt(at));
    for (let end = at + 1; node !== undefined; end++) {
      if (node.token >= 0) found = { token: node.token, end };
      node = node.children.get(text.charCodeAt(end)); // NaN past the end: no child
    }
    return found;
  }
}
