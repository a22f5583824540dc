// The block of an answer as README.md draws it: a line for each forward, ░ where a position is still
// masked, ∎ for the end of the answer.

const stops = new Set(["<|im_end|>", "<|endoftext|>"]);

/** @param events what Model.generate yields with `denoising: true` */
export async function blockPicture(events) {
  const cells = new Map();
  const rows = [];
  for await (const event of events) {
    if (event.type !== "denoising") continue;
    for (const { position, text } of event.commits) cells.set(position, stops.has(text) ? "∎" : text);
    for (const position of event.masked) cells.set(position, "░");
    const block = [...cells.keys()].sort((a, b) => a - b).map((position) => cells.get(position));
    rows.push(`forward ${event.forward}  ${String(event.rows).padStart(2)} rows  ${block.join("")}`);
  }
  return rows.join("\n");
}
