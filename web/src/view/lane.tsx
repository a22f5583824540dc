// The runners of a race at one time: their texts with what is still masked, and their numbers.

import { Fragment } from "preact";
import { type Lane, type LaneCell, laneAt, type Race, raceLength } from "../state/race.js";
import { isControl } from "../state/trace.js";
import { ProblemNotice } from "./problem.js";
import { tint } from "./tint.js";
import { count, seconds } from "./words.js";

/** @param time milliseconds of the race */
export function Lanes({ race, time }: { race: Race; time: number }) {
  const length = raceLength(race);
  return (
    <div class="lanes" style={{ "--lanes": race.lanes.length }}>
      {race.lanes.map((lane) => (
        <LaneView key={lane.mode} lane={lane} time={time} length={length} />
      ))}
    </div>
  );
}

function LaneView({ lane, time, length }: { lane: Lane; time: number; length: number }) {
  const { cells, finished, forwards, rows, tokens } = laneAt(lane, time);
  const took = Math.min(time, lane.duration);
  return (
    <article class={`lane ${finished ? "finished" : lane.state}`} aria-label={lane.mode}>
      <h2>
        {lane.mode} <span class="muted">{seconds(took)}</span>
      </h2>
      <progress max={length || 1} value={took} aria-hidden="true" />
      {lane.problem === null ? <p class="lane-text">{cells.map(piece)}</p> : <ProblemNotice problem={lane.problem} />}
      <p class="lane-facts muted">
        {count(tokens, "token")}, {count(forwards, "forward")}, {count(rows, "row")}
      </p>
    </article>
  );
}

function piece(cell: LaneCell, key: number) {
  if (cell === null) return <span key={key} class="hole" />;
  if (isControl(cell.text)) return null;
  const word = cell.text.trimStart();
  return (
    <Fragment key={key}>
      {cell.text.slice(0, cell.text.length - word.length)}
      {word !== "" && (
        <span class="piece" style={tint(cell.probability)}>
          {word}
        </span>
      )}
    </Fragment>
  );
}
