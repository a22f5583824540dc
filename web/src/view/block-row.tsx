// A block: its cells in the order of their positions, eight and eight together.

import { useRef } from "preact/hooks";
import { type Block, type Cell, percent, visibleText } from "../state/trace.js";
import { tint } from "./tint.js";
import { count } from "./words.js";

interface BlockRowProps {
  block: Block;
  /** Index of the step that was last applied: what it filled is marked. */
  newest: number;
  chosen: number | null;
  onChoose: (position: number | null) => void;
}

export function BlockRow({ block, newest, chosen, onChoose }: BlockRowProps) {
  const grid = useRef<HTMLFieldSetElement>(null);
  const { index, cells, tokens, forwards } = block;
  // One cell of a block can be reached with Tab; arrows go on from there.
  const entry = cells.some((cell) => cell.position === chosen) ? chosen : cells[0].position;
  const onKey = (event: KeyboardEvent) => {
    const step = steps[event.key];
    const at = cells.findIndex((cell) => cell.position === chosen);
    const target = cells[at + (step ?? 0)];
    if (step === undefined || at < 0 || target === undefined) return;
    event.preventDefault();
    onChoose(target.position);
    const next = grid.current?.children[at + step];
    if (next instanceof HTMLElement) next.focus();
  };
  return (
    <section class="block" aria-label={`Block ${index}`}>
      <p class="block-facts">
        Block {index}
        {forwards > 0 && (
          <span class="muted">
            {count(tokens, "token")} in {count(forwards, "forward")}, {(tokens / forwards).toFixed(2)} a forward
          </span>
        )}
      </p>
      <fieldset ref={grid} class="cells" aria-label={`Positions of block ${index}`} onKeyDown={onKey}>
        {cells.map((cell) => (
          <button
            key={cell.position}
            type="button"
            class={classOf(cell, newest, chosen)}
            style={cell.kind === "token" ? tint(cell.probability) : undefined}
            tabIndex={cell.position === entry ? 0 : -1}
            aria-label={describe(cell)}
            onMouseEnter={() => onChoose(cell.position)}
            onFocus={() => onChoose(cell.position)}
            onClick={() => onChoose(cell.position)}
          >
            {cell.kind === "token" ? visibleText(cell.text) : ""}
          </button>
        ))}
      </fieldset>
    </section>
  );
}

const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -8, ArrowDown: 8 };

function classOf(cell: Cell, newest: number, chosen: number | null): string {
  const names = ["cell", cell.kind];
  if (cell.kind === "token" && cell.step === newest) names.push("fresh");
  if (cell.kind === "token" && cell.beyond) names.push("beyond");
  if (cell.kind === "token") names.push(sizeOf(visibleText(cell.text)));
  if (cell.position === chosen) names.push("chosen");
  return names.join(" ");
}

function sizeOf({ length }: string): string {
  return length > 6 ? "longer" : length > 5 ? "long" : "short";
}

function describe(cell: Cell): string {
  if (cell.kind !== "token") {
    return `Position ${cell.position}: ${cell.kind === "masked" ? "masked" : "end of the prompt"}`;
  }
  const end = cell.beyond ? ", behind the end of the answer" : "";
  return `Position ${cell.position}: ${JSON.stringify(cell.text)}, ${percent(cell.probability)}, forward ${cell.forward}${end}`;
}
