// The canvas: how an answer came about, block by block, at any of its steps.
//
// One that is open when it appears plays from the beginning, at a pace that eyes can follow: a
// small model has finished before anybody has looked. When it has caught up it follows.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Block, blocksAt, type Trace } from "../state/trace.js";
import { BlockRow } from "./block-row.js";
import { CellDetails } from "./cell-details.js";
import { prefersStillness } from "./hooks.js";
import { Scrubber } from "./scrubber.js";
import { count as words } from "./words.js";

interface CanvasProps {
  trace: Trace;
  /** The answer is still being made. */
  live: boolean;
  open: boolean;
}

export function CanvasFigure({ trace, live, open }: CanvasProps) {
  const [shown, setShown] = useState(open);
  const [playing, setPlaying] = useState(() => open && !prefersStillness());
  const [stopAt, setStopAt] = useState<number | null>(playing ? 0 : null); // null: the newest step
  const [chosen, setChosen] = useState<number | null>(null); // a position
  const total = trace.steps.length;
  const count = stopAt ?? total;
  const blocks = useMemo(() => blocksAt(trace, count), [trace, count]);
  const cell = blocks.flatMap((block) => block.cells).find((item) => item.position === chosen) ?? null;
  const following = live && stopAt === null;

  useEffect(() => {
    if (!playing) return;
    const timer = setTimeout(() => {
      const next = count + 1;
      if (next >= total) setPlaying(false);
      setStopAt(next >= total ? null : next);
    }, stepTime(total));
    return () => clearTimeout(timer);
  }, [playing, count, total]);
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (following) box.current?.scrollTo(0, box.current.scrollHeight);
  }, [following, blocks.length]);
  const onPlay = () => {
    if (following) setStopAt(total);
    else if (playing) setPlaying(false);
    else {
      if (count >= total) setStopAt(0);
      setPlaying(true);
    }
  };
  const onChange = (value: number) => {
    setPlaying(false);
    setStopAt(value >= total ? null : value);
  };

  return (
    <details
      class="canvas"
      open={open}
      onToggle={(event) => setShown(event.currentTarget.open)}
      onMouseLeave={() => setChosen(null)}
    >
      <summary>
        How it was written <span class="muted">{summary(trace, blocks, count)}</span>
      </summary>
      {shown && (
        <>
          <Scrubber
            label="Denoise step"
            value={count}
            max={total}
            text={`step ${count} of ${total}`}
            playing={playing || following}
            onChange={onChange}
            onPlay={onPlay}
          />
          <div ref={box} class="blocks">
            {blocks.map((block) => (
              <BlockRow key={block.index} block={block} newest={count - 1} chosen={chosen} onChoose={setChosen} />
            ))}
          </div>
          <CellDetails cell={cell} step={cell?.kind === "token" ? trace.steps[cell.step] : null} />
        </>
      )}
    </details>
  );
}

/** Milliseconds a step is shown for when the answer is played. */
function stepTime(total: number): number {
  return Math.max(30, Math.min(450, 10_000 / total));
}

/** "forward 7, 8 rows · 12 tokens, 1.71 a forward" */
function summary(trace: Trace, blocks: Block[], count: number): string {
  if (count === 0) return "all masked";
  const { forward, rows } = trace.steps[count - 1];
  const tokens = blocks.reduce((sum, block) => sum + block.tokens, 0);
  const mean = (tokens / forward).toFixed(2);
  return `forward ${forward}, ${words(rows, "row")} · ${words(tokens, "token")}, ${mean} a forward`;
}
