// Text as it grows: bytes of tokens become characters, and stop strings are found across token
// borders. Both hold back only what a later token can still change, and neither depends on how
// the text was cut into pieces.

import { UnmaskError } from "../util/errors.js";

/** Incremental UTF-8: incomplete characters wait for their bytes, invalid ones become U+FFFD. */
export class StreamDecoder {
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  #open = false; // whether a character may be incomplete

  /** The characters completed by these bytes. */
  push(bytes: Uint8Array): string {
    const plain = !this.#open && bytes.length < 256 && bytes.every((byte) => byte < 0x80);
    if (plain) return String.fromCharCode(...bytes); // sooner than to ask the decoder
    this.#open = bytes.length === 0 ? this.#open : bytes[bytes.length - 1] >= 0x80;
    return this.#utf8.decode(bytes, { stream: true });
  }

  /** What is left of an incomplete character: U+FFFD or nothing. Starts anew. */
  flush(): string {
    this.#open = false;
    return this.#utf8.decode();
  }
}

export interface StopResult {
  /** Text that is safe to show. */
  text: string;
  /** The stop string that ended the text, or null. */
  matched: string | null;
}

/**
 * Ends a text at the first stop string to be completed, and leaves it out. Of several completed
 * by the same character the longest counts. Text that may be the beginning of one is held back.
 */
export class StopMatcher {
  readonly #stops: readonly string[];
  #held = ""; // begins some stop string
  #matched: string | null = null;

  /** @throws UnmaskError invalid_request when a stop string is empty */
  constructor(stops: readonly string[]) {
    if (stops.includes("")) {
      throw new UnmaskError("invalid_request", "A stop string is empty. Leave it out.", { param: "stop" });
    }
    this.#stops = stops;
  }

  /** After a match nothing more comes out. */
  push(text: string): StopResult {
    if (this.#matched !== null) return { text: "", matched: this.#matched };
    const seen = this.#held + text;
    let start = seen.length;
    let end = Number.POSITIVE_INFINITY;
    for (const stop of this.#stops) {
      const at = seen.indexOf(stop);
      if (at < 0 || at + stop.length > end || (at + stop.length === end && at > start)) continue;
      start = at;
      end = at + stop.length;
      this.#matched = stop;
    }
    if (this.#matched === null) start = this.#firstBeginning(seen);
    this.#held = this.#matched === null ? seen.slice(start) : "";
    return { text: seen.slice(0, start), matched: this.#matched };
  }

  /** The text held back, when no more will come. */
  flush(): string {
    const text = this.#held;
    this.#held = "";
    return text;
  }

  /** Where the longest end of `seen` begins that also begins a stop string. */
  #firstBeginning(seen: string): number {
    const longest = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
    for (let at = Math.max(0, seen.length - longest); at < seen.length; at++) {
      const end = seen.slice(at);
      if (this.#stops.some((stop) => stop.startsWith(end))) return at;
    }
    return seen.length;
  }
}
