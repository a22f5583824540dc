// One runner of a race at one time: its text with what is still masked, and its numbers.

import type { Lane, LaneView as View } from "../state/race.js";
import { isControl } from "../state/trace.js";
import { ProblemNotice } from "./problem.js";
import { seconds } from "./replay.js";
import { tint } from "./tint.js";

interface LaneProps {
  lane: Lane;
  view: View;
  time: number;
  /** Of the whole race. */
  length: number;
}

export function LaneView({ lane, view, time, length }: LaneProps) {
  const took = Math.min(time, lane.duration);
  return (
    <article class={view.finished ? "lane finished" : "lane"} aria-label={lane.mode}>
      <h2>
        {lane.mode} <span class="muted">{seconds(took)}</span>
      </h2>
      <progress max={length} value={took} aria-hidden="true" />
      {lane.problem !== null ? (
        <ProblemNotice problem={lane.problem} />
      ) : (
        <p class="lane-text">
          {view.cells.map((cell, i) =>
            cell === null ? (
              <span key={i} class="hole" />
            ) : (
              !isControl(cell.text) && (
                <span key={i} class="piece" style={tint(cell.probability)}>
                  {cell.text}
                </span>
              )
            ),
          )}
        </p>
      )}
      <p class="lane-facts muted">
        {view.tokens} tokens, {view.forwards} {view.forwards === 1 ? "forward" : "forwards"}, {view.rows} rows
      </p>
    </article>
  );
}
