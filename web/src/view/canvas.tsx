// The canvas: how an answer came about, block by block, at any of its steps.

import { useEffect, useState } from "preact/hooks";
import { type Block, blocksAt, type Trace } from "../state/trace.js";
import { BlockRow } from "./block-row.js";
import { CellDetails } from "./cell-details.js";
import { prefersStillness } from "./hooks.js";
import { Scrubber } from "./scrubber.js";

interface CanvasProps {
  trace: Trace;
  /** The answer is still being made. */
  live: boolean;
  open: boolean;
}

export function CanvasFigure({ trace, live, open }: CanvasProps) {
  const [stopAt, setStopAt] = useState<number | null>(null); // null: the newest step
  const [chosen, setChosen] = useState<number | null>(null); // a position
  const total = trace.steps.length;
  const count = Math.min(stopAt ?? total, total);
  const blocks = blocksAt(trace, count);
  const play = usePlaying(count, total, setStopAt);
  const cell = blocks.flatMap((block) => block.cells).find((item) => item.position === chosen) ?? null;
  return (
    <details class="canvas" open={open} onMouseLeave={() => setChosen(null)}>
      <summary>
        How it was written <span class="muted">{summary(trace, blocks, count)}</span>
      </summary>
      <Scrubber
        label="Denoise step"
        value={count}
        max={total}
        text={`step ${count} of ${total}`}
        playing={play.playing || (live && stopAt === null)}
        onChange={(value) => {
          play.pause();
          setStopAt(value);
        }}
        onPlay={play.toggle}
      />
      <div class="blocks">
        {blocks.map((block) => (
          <BlockRow key={block.index} block={block} newest={count - 1} chosen={chosen} onChoose={setChosen} />
        ))}
      </div>
      <CellDetails cell={cell} step={cell?.kind === "token" ? trace.steps[cell.step] : null} />
    </details>
  );
}

/** "step 4: forward 7, 8 rows · 12 tokens, 1.71 a forward" */
function summary(trace: Trace, blocks: Block[], count: number): string {
  if (count === 0) return "all masked";
  const { forward, rows } = trace.steps[count - 1];
  const tokens = blocks.reduce((sum, block) => sum + block.tokens, 0);
  return `forward ${forward}, ${rows} ${rows === 1 ? "row" : "rows"} · ${tokens} tokens, ${(tokens / forward).toFixed(2)} a forward`;
}

/** Steps through the picture at reading speed. */
function usePlaying(count: number, total: number, setStopAt: (value: number | null) => void) {
  const [playing, setPlaying] = useState(false);
  useEffect(() => {
    if (!playing) return;
    if (count >= total) {
      setPlaying(false);
      return;
    }
    const timer = setTimeout(() => setStopAt(count + 1), Math.max(120, Math.min(500, 6000 / total)));
    return () => clearTimeout(timer);
  }, [playing, count, total, setStopAt]);
  return {
    playing,
    pause: () => setPlaying(false),
    toggle: () => {
      if (!playing && count >= total) setStopAt(prefersStillness() ? total : 0);
      setPlaying(!playing);
    },
  };
}
