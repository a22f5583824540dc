// Who runs, and on which prompt.

import { useState } from "preact/hooks";
import type { DecodeMode } from "../../../src/client/index.js";
import { usePage } from "../actions/page.js";

const usual: readonly DecodeMode[] = ["autoregressive", "verified", "iterative", "adaptive"];

export function RaceForm({ modes, running }: { modes: readonly DecodeMode[]; running: boolean }) {
  const { racer } = usePage();
  const [prompt, setPrompt] = useState("How does a diffusion language model work?");
  const [chosen, setChosen] = useState<readonly DecodeMode[]>(usual.filter((mode) => modes.includes(mode)));
  const lanes = [...usual, ...modes.filter((mode) => !usual.includes(mode))].filter((mode) => modes.includes(mode));
  const fits = chosen.length >= 2 && chosen.length <= 4;
  const toggle = (mode: DecodeMode) =>
    setChosen(lanes.filter((item) => (item === mode ? !chosen.includes(mode) : chosen.includes(item))));
  return (
    <form
      class="race-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (fits && prompt.trim() !== "") void racer.run(prompt.trim(), chosen);
      }}
    >
      <label>
        <span>Prompt</span>
        <input
          type="text"
          value={prompt}
          disabled={running}
          onInput={(event) => setPrompt(event.currentTarget.value)}
        />
      </label>
      {running ? (
        <button type="button" onClick={() => racer.stop()}>
          Stop
        </button>
      ) : (
        <button type="submit" class="main" disabled={!fits || prompt.trim() === ""}>
          Race
        </button>
      )}
      <fieldset disabled={running}>
        <legend class="hidden">Decode modes</legend>
        {lanes.map((mode) => (
          <label key={mode} class="choice">
            <input type="checkbox" checked={chosen.includes(mode)} onChange={() => toggle(mode)} />
            {mode}
          </label>
        ))}
      </fieldset>
      {!fits && (
        <p class="danger" role="alert">
          Choose two to four.
        </p>
      )}
    </form>
  );
}
