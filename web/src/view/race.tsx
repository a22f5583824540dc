// The race: choosing who runs, running, and the replay.

import { usePage } from "../actions/page.js";
import type { Race } from "../state/race.js";
import { useStore } from "./hooks.js";
import { Lanes } from "./lane.js";
import { ProblemNotice } from "./problem.js";
import { RaceForm } from "./race-form.js";
import { Replay } from "./replay.js";

export function RaceView() {
  const { connection, race } = usePage();
  const state = useStore(race, (value) => value);
  const { facts, problem } = useStore(connection, (value) => value);
  return (
    <div class="race">
      <h1>Race</h1>
      <p class="muted">
        One prompt, several ways of decoding it. They run one after another, so that each has the machine to itself, and
        are replayed on one clock. Of a short answer the fastest of five runs counts.
      </p>
      {problem !== null && <ProblemNotice problem={problem} />}
      {facts !== null && !facts.denoising && (
        <p>{facts.model} has one way of decoding only, so there is nobody to race.</p>
      )}
      {facts?.denoising && <RaceForm modes={facts.decodeModes} running={state.state === "running"} />}
      {state.state === "running" && <Running race={state} />}
      {state.state === "ready" && <Replay race={state} />}
    </div>
  );
}

/** The lanes while they run, each in its turn. */
function Running({ race }: { race: Race }) {
  const lane = race.lanes.find(({ state }) => state === "running");
  return (
    <>
      <p role="status" class="muted">
        {lane === undefined ? "Warming up" : `Running ${lane.mode}`}
      </p>
      <Lanes race={race} time={Number.POSITIVE_INFINITY} />
    </>
  );
}
