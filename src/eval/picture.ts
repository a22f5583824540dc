// Right answers over tokens per forward as an SVG picture: a point for each method, a line through
// those that differ by their threshold alone. Readable on light and dark paper.
//
// Both axes are logarithmic: across, tokens; up, the share of wrong answers, so that 99 % is as far
// above 90 % as that is above none.

import type { Result } from "./report.js";

const width = 760;
const height = 480;
const frame = { left: 62, right: 24, top: 58, bottom: 54 };

type Scale = (value: number) => number;

interface Series {
  name: string;
  color: string;
  marker: (x: number, y: number) => string;
  /** Where thresholds are written: beside the upper or the lower edge of the mode's curves. */
  labels: "above" | "below";
  points: Result[];
}

const style = `
svg { --paper: #fbfaf7; --ink: #1b1a18; --muted: #605c55; --line: #dcd8cf; --teal: #14584c; --blue: #2f5fc4; --orange: #b4531f; --purple: #7a3fb0; --red: #b3261e }
@media (prefers-color-scheme: dark) {
  svg { --paper: #161614; --ink: #ecebe6; --muted: #a8a49b; --line: #37352f; --teal: #7fd1bf; --blue: #8fb0ff; --orange: #f0a36b; --purple: #cba3f5; --red: #ff8f86 }
}
text { font: 12px ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--ink) }
.title { font-size: 14px; font-weight: 600 } .muted { fill: var(--muted) } .small { font-size: 11px }
.paper { fill: var(--paper); stroke: var(--line) } .grid { stroke: var(--line) }
.series path { fill: currentColor; stroke: currentColor; stroke-width: 1.5 } .series text { fill: currentColor }
.series .run { fill: none; stroke-width: 1.5 } .series .interval { stroke-width: 1; opacity: .6 }
`;

/** @param title one line about model and questions */
export function pictureOf(results: readonly Result[], title: string): string {
  const shown = results.filter(({ speed }) => speed.tokensPerForward !== null);
  const xs = rangeOfTokens(shown);
  const ys = rangeOfShares(shown);
  const x = logarithmic(xs, frame.left, width - frame.right);
  const errors = logarithmic([wrong(ys[0]), wrong(ys[1])], height - frame.bottom, frame.top);
  const y: Scale = (share) => errors(wrong(Math.min(share, ys[1])));
  const series = seriesOf(shown);
  const parts = [
    `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" class="paper"/>`,
    text(frame.left, 26, title, "start", "title"),
    text(frame.left, 44, "right answers, % (up: ever fewer wrong ones)", "start", "muted small"),
    ...tokenTicks(xs).flatMap((value) => [
      line(x(value), frame.top, x(value), height - frame.bottom, "grid"),
      text(x(value), height - frame.bottom + 18, String(value), "middle", "muted"),
    ]),
    ...shareTicks(ys).flatMap((share) => [
      line(frame.left, y(share), width - frame.right, y(share), "grid"),
      text(frame.left - 8, y(share) + 4, String(Math.round(1000 * share) / 10), "end", "muted"),
    ]),
    text((frame.left + width - frame.right) / 2, height - 14, "tokens per forward", "middle", "muted"),
    ...series.map((each) => drawn(each, x, y)),
    ...series.map((each, i) => legend(each, height - frame.bottom - 16 - 18 * (series.length - 1 - i))),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}: right answers over tokens per forward</title>
<style>${style}</style>
${parts.join("\n")}
</svg>
`;
}

/** Methods that differ by their threshold alone, from the most careful to the boldest. */
function seriesOf(results: readonly Result[]): Series[] {
  const groups = new Map<string, Result[]>();
  for (const result of results) {
    const name = result.name.replace(` ${result.threshold}`, "");
    groups.set(name, [...(groups.get(name) ?? []), result]);
  }
  const before = new Map<string, number>(); // mode: its series so far
  return [...groups].map(([common, points]) => {
    const { name, mode } = points[0];
    const place = before.get(mode) ?? 0;
    before.set(mode, place + 1);
    points.sort((a, b) => (b.threshold ?? 0) - (a.threshold ?? 0));
    return {
      name: points.length > 1 ? common : name,
      points,
      color: colors[mode],
      marker: (x, y) => `<path fill-opacity="${fills[place % fills.length]}" d="${shapes[mode](x, y)}"/>`,
      labels: common.endsWith("whole block") ? "above" : "below",
    };
  });
}

/** What tells the series of one mode apart. */
const fills = [1, 0, 0.4, 0.7];

const colors: Record<Result["mode"], string> = {
  autoregressive: "var(--ink)",
  verified: "var(--teal)",
  iterative: "var(--blue)",
  adaptive: "var(--orange)",
  greedy: "var(--red)",
};

/** The path of a marker around a place. */
const shapes: Record<Result["mode"], (x: number, y: number) => string> = {
  autoregressive: (x, y) => `M${x - 5} ${y - 5}h10v10h-10z`,
  verified: (x, y) => `M${x} ${y - 7}l7 7l-7 7l-7 -7z`,
  iterative: (x, y) => `M${x - 5} ${y}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z`,
  adaptive: (x, y) => `M${x} ${y - 6}l6.5 11h-13z`,
  greedy: (x, y) => `M${x - 5} ${y - 5}l10 10M${x + 5} ${y - 5}l-10 10`,
};

function drawn({ points, color, marker, labels }: Series, x: Scale, y: Scale): string {
  const places = points.map((result) => ({ result, at: [x(result.speed.tokensPerForward!), y(result.all.share)] }));
  const run = places.map(({ at }) => at.map(round).join(",")).join(" ");
  const label = ({ threshold }: Result, px: number, py: number) =>
    labels === "above"
      ? text(px + 7, py - 7, String(threshold), "start", "small")
      : text(px - 7, py + 15, String(threshold), "end", "small");
  const marks = places.map(({ result, at: [px, py] }) => {
    const { low, high } = result.all;
    const interval = line(px, y(low), px, y(high), "interval", "currentColor");
    const named = points.length > 1 ? label(result, px, py) : "";
    return `<g><title>${escaped(about(result))}</title>${interval}${marker(round(px), round(py))}${named}</g>`;
  });
  const through = points.length > 1 ? `<polyline class="run" stroke="currentColor" points="${run}"/>` : "";
  return `<g class="series" color="${color}">${through}${marks.join("\n")}</g>`;
}

function about({ name, all, speed }: Result): string {
  return `${name}: ${(100 * all.share).toFixed(1)} % of ${all.n}, ${speed.tokensPerForward!.toFixed(2)} tokens per forward`;
}

function legend({ name, color, marker }: Series, y: number): string {
  return `<g class="series" color="${color}">${marker(frame.left + 16, y)}</g>${text(frame.left + 30, y + 4, name, "start")}`;
}

function wrong(share: number): number {
  return 1 - share;
}

/** From 1, or less, to what holds all. */
function rangeOfTokens(results: readonly Result[]): [number, number] {
  const tokens = results.map(({ speed }) => speed.tokensPerForward!);
  return [Math.min(1, ...tokens) * 0.93, Math.max(2, ...tokens) * 1.15];
}

function tokenTicks([from, to]: readonly [number, number]): number[] {
  return [0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32].filter((value) => value >= from && value <= to);
}

const steps = [0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999];

/** The steps around all intervals; all right, which no logarithm reaches, is at the upper edge. */
function rangeOfShares(results: readonly Result[]): [number, number] {
  const least = Math.min(...results.map(({ all }) => all.low));
  const most = Math.max(...results.map(({ all }) => (all.share === 1 ? all.low : all.high)));
  const below = steps.filter((step) => step <= least).at(-1) ?? 0;
  return [below, steps.find((step) => step > most) ?? 0.9999];
}

function shareTicks([from, to]: readonly [number, number]): number[] {
  return steps.filter((step) => step >= from && step <= to);
}

function logarithmic([from, to]: readonly [number, number], start: number, end: number): Scale {
  return (value) => start + ((end - start) * Math.log(value / from)) / Math.log(to / from);
}

function line(x1: number, y1: number, x2: number, y2: number, kind: string, stroke?: string): string {
  const color = stroke === undefined ? "" : ` stroke="${stroke}"`;
  return `<line class="${kind}"${color} x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

function text(x: number, y: number, words: string, anchor: string, kind = ""): string {
  const named = kind === "" ? "" : ` class="${kind}"`;
  return `<text${named} x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}

function escaped(words: string): string {
  return words.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
