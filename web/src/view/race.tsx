// The race: choosing who runs, running, and the replay.

import { connection, race } from "../actions/stores.js";
import { useStore } from "./hooks.js";
import { ProblemNotice } from "./problem.js";
import { RaceForm } from "./race-form.js";
import { Replay } from "./replay.js";

export function RaceView() {
  const state = useStore(race, (value) => value);
  const { facts, problem } = useStore(connection, (value) => value);
  return (
    <div class="race">
      <h1>Race</h1>
      <p class="muted">
        One prompt, several ways of decoding it. They run one after another, so that each has the machine to itself, and
        are replayed on one clock.
      </p>
      {problem !== null && <ProblemNotice problem={problem} />}
      {facts !== null && !facts.denoising && (
        <p>{facts.model} has one way of decoding only, so there is nobody to race.</p>
      )}
      {facts?.denoising && <RaceForm modes={facts.decodeModes} running={state.state === "running"} />}
      {state.state === "running" && <Progress />}
      {state.state === "ready" && <Replay race={state} />}
    </div>
  );
}

function Progress() {
  const { lanes } = useStore(race, (value) => value);
  const lane = lanes.find((item) => item.state === "running");
  const tokens = lane?.texts.reduce((sum, { text }) => sum + text.length, 0) ?? 0;
  return (
    <div class="race-progress" role="status">
      <ol>
        {lanes.map(({ mode, state }) => (
          <li key={mode} class={state}>
            {mode}
          </li>
        ))}
      </ol>
      <p class="muted">{lane === undefined ? "Warming up" : `${lane.mode}, ${tokens} characters`}</p>
    </div>
  );
}
