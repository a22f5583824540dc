// What is known of one position: when it was filled, how surely, and what else it might have been.

import { type Cell, percent, type Step, visibleText } from "../state/trace.js";

export function CellDetails({ cell, step }: { cell: Cell | null; step: Step | null }) {
  return <div class="cell-details">{cell === null ? <Legend /> : <Details cell={cell} step={step} />}</div>;
}

function Legend() {
  return (
    <ul class="legend muted">
      <li>
        <span class="cell masked" /> masked
      </li>
      <li>
        <span class="cell prompt" /> end of the prompt
      </li>
      <li>
        <span class="cell token sample-doubt" /> doubtful
      </li>
      <li>
        <span class="cell token sample-sure" /> sure
      </li>
    </ul>
  );
}

function Details({ cell, step }: { cell: Cell; step: Step | null }) {
  if (cell.kind !== "token") {
    const what = cell.kind === "masked" ? "is masked" : "holds the end of the prompt, which shares the first block";
    return (
      <p class="muted">
        Position {cell.position} {what}.
      </p>
    );
  }
  return (
    <div class="details">
      <p>
        <strong class="token-text">{quoted(cell.text)}</strong> at position {cell.position},{" "}
        {step?.step === 0 ? "predicted by the forward that closed the block before" : `step ${step?.step}`}, forward{" "}
        {cell.forward}
        {cell.beyond && ", behind the end of the answer"}
      </p>
      <ol class="candidates" aria-label="Candidates">
        {cell.top.slice(0, 5).map((candidate) => (
          <li key={candidate.token} class={candidate.token === cell.token ? "taken" : ""}>
            <span class="token-text">{quoted(candidate.text)}</span>
            <meter min={0} max={1} value={candidate.probability} aria-hidden="true" />
            <span>{percent(candidate.probability)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** With its blanks visible, so that "2" and " 2" can be told apart. */
function quoted(text: string): string {
  return text.trim() === "" ? visibleText(text) : text.replaceAll(" ", "␣").replaceAll("\n", "↵");
}
