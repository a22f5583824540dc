// The recorded race: well-formed, safe with any text, and small enough for a README.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const script = new URL("../../scripts/race-svg.mjs", import.meta.url).href;
const { raceSvg } = await import(script);

const token = (text: string, from: number, at: number) => ({ text, probability: 0.9, from, at });

/** Tags that are opened and closed in order; attributes quoted. */
function wellFormed(xml: string): boolean {
  const open: string[] = [];
  const tags = xml.matchAll(/<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/gi);
  let rest = xml;
  for (const [tag, closing, name, , single] of tags) {
    rest = rest.replace(tag, "");
    if (closing) {
      if (open.pop() !== name) return false;
    } else if (!single) open.push(name);
  }
  return open.length === 0 && !rest.includes("<");
}

test("text is text, whatever it says", () => {
  const lanes = [{ name: "a<b", tokens: [token("<b>&\"'", 0, 5), token(" x", 5, 5)], duration: 10, result: "1 > 0" }];
  const svg: string = raceSvg({ prompt: "1 < 2 & 3?", lanes, note: "" });
  expect(wellFormed(svg)).toBe(true);
  expect(svg).toContain("&lt;b&gt;&amp;&quot;'");
});

test("masks come before their tokens and go with them; lanes end on one clock", () => {
  const lanes = [
    { name: "fills", tokens: [token("one", 0, 50), token(" two", 0, 25)], duration: 50, result: "" },
    { name: "writes", tokens: [token("one", 10, 10), token(" two", 100, 100)], duration: 100, result: "" },
  ];
  const svg: string = raceSvg({ prompt: "", lanes, note: "" });
  expect(svg.match(/class="mask"/g)).toHaveLength(2);
  // 7 of 11 seconds are the race, so its middle is at 31.82 % of the cycle.
  expect(svg).toContain("@keyframes t0-5000 { 0.00% { opacity: 1 } 31.82%, 100% { opacity: 0 } }");
  expect(svg).toContain("@keyframes t5000 { 0% { opacity: 0 } 31.82%, 100% { opacity: 1 } }");
});

test("words are not broken at the end of a line", () => {
  const words = Array.from({ length: 60 }, (_, i) => token(`${i === 0 ? "" : " "}word`, 0, i));
  words.push(token("s", 0, 60));
  const svg: string = raceSvg({ prompt: "", lanes: [{ name: "", tokens: words, duration: 60, result: "" }], note: "" });
  const at = (text: string) =>
    svg.slice(0, svg.lastIndexOf(`>${text}</text>`)).match(/y="(\d+)" textLength="[\d.]+"$/)?.[1];
  expect(at("s")).toBe(at("word"));
});

test("the recorded one is there and under 1 MB", () => {
  const svg = readFileSync(new URL("../../docs/images/race.svg", import.meta.url), "utf8");
  expect(svg.length).toBeLessThan(1_000_000);
  expect(wellFormed(svg)).toBe(true);
  expect(svg).toContain("prefers-reduced-motion");
});
