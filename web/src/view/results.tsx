// The race in numbers.

import type { Race } from "../state/race.js";
import { rate, seconds } from "./words.js";

export function Results({ race }: { race: Race }) {
  const done = race.lanes.filter((lane) => lane.answer !== null);
  const best = Math.min(...done.map((lane) => lane.duration));
  return (
    <div class="table">
      <table class="results">
        <caption class="hidden">Results</caption>
        <thead>
          <tr>
            <th scope="col">Mode</th>
            <th scope="col">Time</th>
            <th scope="col">Tokens</th>
            <th scope="col">Forwards</th>
            <th scope="col">Rows</th>
            <th scope="col">Tokens a forward</th>
            <th scope="col">Tokens a second</th>
          </tr>
        </thead>
        <tbody>
          {done.map(({ mode, duration, answer }) => (
            <tr key={mode} class={duration === best ? "best" : ""}>
              <th scope="row">{mode}</th>
              <td>{seconds(duration)}</td>
              <td>{answer?.usage?.completionTokens}</td>
              <td>{answer?.timings?.forwards}</td>
              <td>{answer?.timings?.rows}</td>
              <td>{answer?.timings?.tokensPerForward?.toFixed(2)}</td>
              <td>{rate(answer?.timings?.predictedPerSecond ?? 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
