// Which content is held out: about one in twenty, by a hash of the content itself.
//
// Not by a hash of the wording and not by the seed, so no seed and no phrasing can bring held-out
// content into training. An example with several pieces of content is held out when one of them is.

import { hash } from "../../util/rng.js";
import type { Split } from "./types.js";

const heldOutShare = 1 / 20;

/** 32 bits that depend on every character (FNV-1a, then the project's mixing). */
export function textHash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return hash(h, 0, 0);
}

/**
 * The key of one wording of something that is to be known. The first wording, the usual one, has
 * none: it is never held out.
 */
export function wordingKeys(content: string, wording: number): string[] {
  return wording === 0 ? [] : [`${content} ${wording}`];
}

/** @param keys canonical contents: the same for every way to ask about the same thing */
export function splitOf(keys: readonly string[]): Split {
  return keys.some((key) => textHash(key) < heldOutShare * 2 ** 32) ? "heldout" : "train";
}
