// A race as one animated SVG: what README.md shows. Pure: lanes in, text out.
//
// CSS animations, because they run inside an <img> and stop where motion is not wanted. Every
// position keeps the place of its final token, so nothing moves while the text settles.

/**
 * @typedef {object} Token
 * @property {string} text
 * @property {number} probability
 * @property {number} from milliseconds when its mask appears; equal to `at` when it never was masked
 * @property {number} at milliseconds when it is filled
 *
 * @typedef {object} Lane
 * @property {string} name
 * @property {Token[]} tokens in the order of their positions
 * @property {number} duration milliseconds
 * @property {string} result shown when it has finished
 */

const width = 880;
const margin = 24;
const charWidth = 7.8;
const lineHeight = 22;
const laneGap = 20;
const columns = Math.floor((width - 2 * margin) / charWidth);
/** Seconds that the race takes in the picture, and how long its end is shown. */
const play = 7;
const hold = 4;

const style = `
svg { --paper: #fbfaf7; --ink: #1b1a18; --muted: #605c55; --line: #dcd8cf; --accent: #14584c; --mask: #b9b3a7 }
@media (prefers-color-scheme: dark) {
  svg { --paper: #161614; --ink: #ecebe6; --muted: #a8a49b; --line: #37352f; --accent: #7fd1bf; --mask: #57534b }
}
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: var(--ink); white-space: pre }
.paper { fill: var(--paper); stroke: var(--line) } .track { fill: var(--line) } .bar { fill: var(--accent) }
.name { font-weight: 600 } .muted { fill: var(--muted) } .tint { fill: var(--accent) }
.mask { fill: url(#hatch); stroke: var(--line) } .hatch { stroke: var(--mask) }
g, .bar { animation: ${play + hold}s infinite step-end } .bar { animation-timing-function: linear; transform-box: fill-box }
@media (prefers-reduced-motion: reduce) { g, .bar { animation-duration: 0s; animation-iteration-count: 1; animation-fill-mode: forwards } }
`;

/** @param {{prompt: string, lanes: Lane[], note: string}} race @returns {string} */
export function raceSvg({ prompt, lanes, note }) {
  const length = Math.max(...lanes.map((lane) => lane.duration));
  const keyframes = new Map();
  const percent = (time) => ((time / length) * play * 100) / (play + hold);

  /** The class of what is there from one time of the race to another; to the end without it. */
  const shown = (from, to = null) => {
    const name = `t${Math.round(from * 100)}${to === null ? "" : `-${Math.round(to * 100)}`}`;
    const begin = `${from <= 0 ? "" : "0% { opacity: 0 } "}${percent(from).toFixed(2)}%`;
    const end =
      to === null ? ", 100% { opacity: 1 }" : ` { opacity: 1 } ${percent(to).toFixed(2)}%, 100% { opacity: 0 }`;
    keyframes.set(name, begin + end);
    return `style="animation-name: ${name}"`;
  };

  let y = margin + 18;
  const parts = [`<text x="${margin}" y="${y}" class="name">${xml(prompt)}</text>`];
  y += laneGap;
  for (const lane of lanes) {
    y += 14;
    parts.push(`<text x="${margin}" y="${y}" class="muted">${xml(lane.name)}</text>`);
    parts.push(
      `<g ${shown(lane.duration)}><text x="${width - margin}" y="${y}" text-anchor="end">${xml(lane.result)}</text></g>`,
    );
    y += 8;
    const bar = `bar${lanes.indexOf(lane)}`;
    const done = percent(lane.duration).toFixed(2);
    const share = (lane.duration / length).toFixed(4);
    keyframes.set(bar, `0% { transform: scaleX(0) } ${done}%, 100% { transform: scaleX(${share}) }`);
    parts.push(`<rect x="${margin}" y="${y}" width="${width - 2 * margin}" height="3" rx="1.5" class="track"/>`);
    parts.push(
      `<rect x="${margin}" y="${y}" width="${width - 2 * margin}" height="3" rx="1.5" class="bar" ` +
        `style="animation-name: ${bar}; transform: scaleX(${share})"/>`,
    );
    y += 5;
    const { cells, lines } = place(lane.tokens);
    for (const { token, column, line } of cells) parts.push(...drawToken(token, column, y + line * lineHeight, shown));
    y += lines * lineHeight + laneGap;
  }
  y += 12;
  parts.push(`<text x="${margin}" y="${y}" class="muted">${xml(note)}</text>`);
  const height = y + margin - 4;
  const rules = [...keyframes].map(([name, frames]) => `@keyframes ${name} { ${frames} }`).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${xml(`${lanes.length} decode modes answer: ${prompt}`)}</title>
<style>${style}${rules}
</style>
<defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V4" class="hatch"/></pattern></defs>
<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" class="paper"/>
${parts.join("\n")}
</svg>
`;
}

/** Tokens in lines, broken before words. */
function place(tokens) {
  const cells = [];
  let column = 0;
  let line = 0;
  for (const [i, token] of tokens.entries()) {
    // A word may go on in the tokens after it.
    let end = i + 1;
    while (end < tokens.length && !/^\s/.test(tokens[end].text)) end++;
    const word = tokens
      .slice(i, end)
      .map(({ text }) => text)
      .join("");
    const begins = i === 0 || /^\s/.test(token.text);
    if (begins && column > 0 && column + word.length > columns) {
      line++;
      column = 0;
    }
    const text = column === 0 ? token.text.trimStart() : token.text;
    cells.push({ token: { ...token, text }, column, line });
    column += text.length;
  }
  return { cells, lines: line + 1 };
}

function drawToken({ text, probability, from, at }, column, y, shown) {
  const word = text.trim();
  const x = margin + (column + text.length - text.trimStart().length) * charWidth;
  const wide = Math.max(1, word.length) * charWidth;
  const box = `x="${x.toFixed(1)}" y="${y + 3}" width="${wide.toFixed(1)}" height="16" rx="2"`;
  const parts = [];
  if (from < at) parts.push(`<g ${shown(from, at)}><rect ${box} class="mask"/></g>`);
  if (word !== "") {
    const tint = `<rect ${box} class="tint" fill-opacity="${(0.06 + 0.32 * probability ** 4).toFixed(2)}"/>`;
    const letters = `<text x="${x.toFixed(1)}" y="${y + 15}" textLength="${wide.toFixed(1)}">${xml(word)}</text>`;
    parts.push(`<g ${shown(at)}>${tint}${letters}</g>`);
  }
  return parts;
}

function xml(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
