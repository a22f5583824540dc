// The roofline picture (Williams, Waterman, Patterson 2009, CACM 52:65): how many operations a
// second a forward reaches, over how many it has for each byte that comes from memory. Under the
// slope memory is the limit, under the flat line arithmetic. Both axes are logarithmic.

import type { Peaks } from "../backend/native.js";
import type { ForwardResult } from "./suite.js";

export interface Point {
  name: string;
  /** Operations per byte. */
  intensity: number;
  gops: number;
}

export function pointOf({ name, ms, work }: Pick<ForwardResult, "name" | "ms" | "work">): Point {
  const ops = work.int8Ops + work.floatOps;
  return { name, intensity: ops / work.bytes, gops: ops / ms.median / 1e6 };
}

const width = 760;
const height = 460;
const frame = { left: 70, right: 20, top: 46, bottom: 56 };

/** @param title one line about model and machine */
export function rooflineSvg(points: readonly Point[], peaks: Peaks, title: string): string {
  const ridge = peaks.int8Gops / peaks.readGBs;
  const xs = decades([...points.map(({ intensity }) => intensity), ridge]);
  const ys = decades([...points.map(({ gops }) => gops), peaks.int8Gops]);
  const x = scale(xs, frame.left, width - frame.right);
  const y = scale(ys, height - frame.bottom, frame.top);
  const left = Math.max(xs[0], ys[0] / peaks.readGBs);
  const roof = [
    [left, left * peaks.readGBs],
    [ridge, peaks.int8Gops],
    [xs[1], peaks.int8Gops],
  ];
  const parts = [
    ...ticks(xs).map((value) => line([x(value), y(ys[0])], [x(value), y(ys[1])], "grid")),
    ...ticks(ys).map((value) => line([x(xs[0]), y(value)], [x(xs[1]), y(value)], "grid")),
    ...ticks(xs).map((value) => text([x(value), y(ys[0]) + 18], label(value), "middle")),
    ...ticks(ys).map((value) => text([x(xs[0]) - 8, y(value) + 4], label(value), "end")),
    text([(x(xs[0]) + x(xs[1])) / 2, height - 14], "operations per byte from memory", "middle"),
    `<g transform="translate(16 ${(y(ys[0]) + y(ys[1])) / 2}) rotate(-90)">${text([0, 0], "GOPS", "middle")}</g>`,
    text([frame.left, 22], title, "start", "title"),
    `<polyline class="roof" points="${roof.map(([a, b]) => `${round(x(a))},${round(y(b))}`).join(" ")}"/>`,
    text([x(xs[1]) - 4, y(peaks.int8Gops) - 8], `${label(Math.round(peaks.int8Gops))} GOPS, 8-bit integers`, "end"),
    text([x(left) + 10, y(left * peaks.readGBs) - 12], `${peaks.readGBs.toFixed(1)} GB/s`, "start"),
    ...points.flatMap((point, i) => dot(point, i, x, y)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<title>${escaped(title)}: forwards under the peaks of the machine</title>
<style>
  svg { background: #fff } text { fill: #333 } .title { font-size: 14px; font-weight: 600 }
  .grid { stroke: #ddd } .roof { fill: none; stroke: #333; stroke-width: 2 } circle { fill: #0a6; stroke: #fff }
</style>
${parts.join("\n")}
</svg>
`;
}

/** A numbered dot; the legend in the lower right says what the numbers are. */
function dot(
  { name, intensity, gops }: Point,
  i: number,
  x: (v: number) => number,
  y: (v: number) => number,
): string[] {
  const at: [number, number] = [x(intensity), y(gops)];
  const legend: [number, number] = [width - frame.right - 250, height - frame.bottom - 118 + 17 * i];
  return [
    `<circle cx="${round(at[0])}" cy="${round(at[1])}" r="5"><title>${escaped(name)}: ${gops.toFixed(0)} GOPS</title></circle>`,
    text([at[0] + 8, at[1] + 14], String(i + 1), "start"),
    text(legend, `${i + 1}  ${name}`, "start"),
  ];
}

/** The powers of ten around all values. */
function decades(values: readonly number[]): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return [10 ** Math.floor(Math.log10(least)), 10 ** Math.ceil(Math.log10(1.2 * most))];
}

function ticks([from, to]: readonly [number, number]): number[] {
  const count = Math.round(Math.log10(to / from));
  return Array.from({ length: count + 1 }, (_, i) => from * 10 ** i);
}

function scale([from, to]: readonly [number, number], start: number, end: number): (value: number) => number {
  return (value) => start + ((end - start) * Math.log(value / from)) / Math.log(to / from);
}

function line(from: readonly [number, number], to: readonly [number, number], kind: string): string {
  return `<line class="${kind}" x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(to[0])}" y2="${round(to[1])}"/>`;
}

function text(at: readonly [number, number], words: string, anchor: string, kind?: string): string {
  const named = kind === undefined ? "" : ` class="${kind}"`;
  return `<text${named} x="${round(at[0])}" y="${round(at[1])}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

function label(value: number): string {
  return value >= 1 ? value.toLocaleString("en-US") : String(Number(value.toPrecision(1)));
}

function round(value: number): string {
  return value.toFixed(1);
}

function escaped(words: string): string {
  return words.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
