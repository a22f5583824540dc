// An answer as README.md draws it: a line for each forward, ░ where a position is still masked between known ones, ∎ for
// the end of the answer.

const stops = new Set(["<|im_end|>", "<|endoftext|>"]);

/** @param events what Model.generate yields with `denoising: true` */
export async function blockPicture(events) {
  const cells = new Map();
  const lines = new Map(); // by forward: it may tell of several blocks
  for await (const event of events) {
    if (event.type !== "denoising") continue;
    for (const { position, text } of event.commits) cells.set(position, stops.has(text) ? "∎" : text);
    const [first, last] = [Math.min(...cells.keys()), Math.max(...cells.keys())];
    const known = Array.from({ length: last - first + 1 }, (_, i) => cells.get(first + i) ?? "░").join("");
    const name = event.forward === 0 ? "prompt   " : `forward ${event.forward}`;
    lines.set(event.forward, `${name}  ${String(event.rows).padStart(2)} rows  ${known.replace(/(?<=∎).*/s, "")}`);
  }
  return [...lines.values()].join("\n");
}
