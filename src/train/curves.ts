// The curves of a run as an SVG picture: losses above, learning rate and quantisation below.

import type { LogRecord } from "./log.js";

const width = 900;
const panel = { left: 60, right: 20, height: 240, gap: 60, top: 40 };

interface Curve {
  name: string;
  color: string;
  points: [x: number, y: number][];
}

/** @param title drawn above */
export function drawCurves(records: readonly LogRecord[], title: string): string {
  const steps = largest(
    records.map(({ step }) => step),
    1,
  );
  const curve = (name: string, color: string, value: (record: LogRecord) => number | null): Curve => ({
    name,
    color,
    points: records.flatMap((record) => {
      const y = value(record);
      return y === null || !Number.isFinite(y) ? [] : [[record.step, y] as [number, number]];
    }),
  });
  const losses = [
    curve("next token, nats", "#2563eb", ({ nextLoss }) => nextLoss),
    curve("masked token, nats (not comparable)", "#dc2626", ({ maskedLoss }) => maskedLoss),
  ];
  const largestRate = largest(
    records.map(({ matrixRate }) => matrixRate),
    1e-12,
  );
  const settings = [
    curve(`learning rate / ${largestRate.toPrecision(2)}`, "#16a34a", ({ matrixRate }) => matrixRate / largestRate),
    curve("quantisation", "#9333ea", ({ quantisation }) => quantisation),
  ];
  const borders = records.filter((record, i) => i > 0 && record.phase !== records[i - 1].phase);
  const second = panel.top + panel.height + panel.gap;
  const height = second + panel.height + panel.gap;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}: training curves</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${panel.left}" y="20" font-size="15">${escaped(title)}</text>`,
    drawPanel(losses, panel.top, steps),
    drawPanel(settings, second, steps),
    ...borders.map(({ step, phase }) => {
      const x = place(step, steps);
      return `<line x1="${x}" x2="${x}" y1="${panel.top}" y2="${height - panel.gap}" stroke="#999" stroke-dasharray="4"/><text x="${x + 4}" y="${second - 24}" fill="#666">${escaped(phase)}</text>`;
    }),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

/** A long run has more records than a call can have arguments. */
function largest(values: readonly number[], least: number): number {
  return values.reduce((most, value) => Math.max(most, value), least);
}

function drawPanel(curves: readonly Curve[], top: number, steps: number): string {
  const most = largest(
    curves.flatMap(({ points }) => points.map(([, y]) => y)),
    1e-9,
  );
  const bottom = top + panel.height;
  const y = (value: number) => round(bottom - (panel.height * value) / most);
  const ticks = Array.from({ length: 5 }, (_, i) => (most * i) / 4);
  return [
    ...ticks.map(
      (tick) =>
        `<line x1="${panel.left}" x2="${width - panel.right}" y1="${y(tick)}" y2="${y(tick)}" stroke="#ddd"/>` +
        `<text x="${panel.left - 6}" y="${y(tick) + 4}" text-anchor="end">${tick.toPrecision(3)}</text>`,
    ),
    ...Array.from({ length: 5 }, (_, i) => Math.round((steps * i) / 4)).map(
      (step) => `<text x="${place(step, steps)}" y="${bottom + 16}" text-anchor="middle">${step}</text>`,
    ),
    ...curves.map(({ name, color, points }, i) => {
      const line = points.map(([step, value]) => `${place(step, steps)},${y(value)}`).join(" ");
      const label = `<text x="${width - panel.right}" y="${top + 14 + 16 * i}" text-anchor="end" fill="${color}">${escaped(name)}</text>`;
      return points.length === 0 ? "" : `<polyline fill="none" stroke="${color}" points="${line}"/>${label}`;
    }),
  ].join("\n");
}

function place(step: number, steps: number): number {
  return round(panel.left + ((width - panel.left - panel.right) * step) / steps);
}

function round(x: number): number {
  return Math.round(10 * x) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
