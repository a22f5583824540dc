// Text as it grows equals the text at the end, however it was cut.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StopMatcher, StreamDecoder } from "../../src/text/stream.js";
import { UnmaskError } from "../../src/util/errors.js";
import { anyText } from "./fixtures.js";

/** A sequence and places to cut it. */
function cut<T extends { length: number; slice(from: number, to: number): T }>(whole: T, at: number[]): T[] {
  const borders = [0, ...at.map((n) => n % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return borders.slice(1).map((end, i) => whole.slice(borders[i], end));
}

describe("StreamDecoder", () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    anyText.map((text) => new TextEncoder().encode(text)),
    // Mostly lead and continuation bytes: overlong forms, surrogates, cut characters.
    fc
      .array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xed, 0xa0, 0xef, 0xbb, 0xf0, 0x9f, 0xf4, 0x90))
      .map((bytes) => Uint8Array.from(bytes)),
  );

  it("equals decoding at once", () => {
    fc.assert(
      fc.property(anyBytes, fc.array(fc.nat(), { maxLength: 12 }), (bytes, at) => {
        const decoder = new StreamDecoder();
        const text =
          cut(bytes, at)
            .map((part) => decoder.push(part))
            .join("") + decoder.flush();
        expect(text).toBe(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it("holds back only what is incomplete", () => {
    const decoder = new StreamDecoder();
    const [a, b, c] = new TextEncoder().encode("茶");
    expect(decoder.push(Uint8Array.of(0x41, a))).toBe("A");
    expect(decoder.push(Uint8Array.of(b))).toBe("");
    expect(decoder.push(Uint8Array.of(c))).toBe("茶");
    expect(decoder.push(Uint8Array.of(a, b, 0x42))).toBe("\ufffdB");
    expect(decoder.push(Uint8Array.of(a))).toBe("");
    expect(decoder.flush()).toBe("\ufffd");
    expect(decoder.flush()).toBe("");
  });
});

describe("StopMatcher", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "c", "👍"), maxLength: 30 });
  const stop = fc.string({ unit: fc.constantFrom("a", "b", "c", "👍"), minLength: 1, maxLength: 5 });
  const stops = fc.array(stop, { maxLength: 4 });

  /** The definition: the shortest beginning of the text that ends in a stop string, without the longest such. */
  function naive(text: string, stops: string[]): { text: string; matched: string | null } {
    for (let end = 0; end <= text.length; end++) {
      const ending = stops.filter((each) => text.slice(0, end).endsWith(each)).sort((a, b) => b.length - a.length);
      if (ending.length > 0) return { text: text.slice(0, end - ending[0].length), matched: ending[0] };
    }
    return { text, matched: null };
  }

  function streamed(parts: string[], stops: string[]) {
    const matcher = new StopMatcher(stops);
    let text = "";
    let matched: string | null = null;
    for (const part of parts) {
      const result = matcher.push(part);
      text += result.text;
      if (matched !== null) expect(result).toEqual({ text: "", matched });
      matched = result.matched;
    }
    return { text: text + matcher.flush(), matched };
  }

  it("equals the definition over any cuts", () => {
    fc.assert(
      fc.property(letters, stops, fc.array(fc.nat(), { maxLength: 10 }), (text, list, at) => {
        expect(streamed(cut(text, at), list)).toEqual(naive(text, list));
      }),
      { numRuns: 5000 },
    );
  });

  it("cuts at the earliest match when no stop string contains another", () => {
    const apart = stops.filter((list) => list.every((a, i) => list.every((b, j) => i === j || !a.includes(b))));
    fc.assert(
      fc.property(letters, apart, fc.array(fc.nat(), { maxLength: 10 }), (text, list, at) => {
        const places = list.map((each) => text.indexOf(each)).filter((place) => place >= 0);
        const expected = places.length === 0 ? text : text.slice(0, Math.min(...places));
        expect(streamed(cut(text, at), list).text).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it("holds back no more than could begin a stop string", () => {
    fc.assert(
      fc.property(letters, stops, (text, list) => {
        const matcher = new StopMatcher(list);
        const { text: shown, matched } = matcher.push(text);
        if (matched !== null) return;
        const held = text.slice(shown.length);
        expect(held === "" || list.some((each) => each.startsWith(held) && each !== held)).toBe(true);
      }),
    );
    expect(new StopMatcher([]).push("anything")).toEqual({ text: "anything", matched: null });
  });

  it("refuses an empty stop string", () => {
    expect(() => new StopMatcher(["x", ""])).toThrow(UnmaskError);
  });
});
