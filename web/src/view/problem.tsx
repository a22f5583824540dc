// A failure, as a sentence.

import type { Problem } from "../state/problem.js";

export function ProblemNotice({ problem }: { problem: Problem }) {
  return (
    <div class="problem" role="alert">
      <p>{problem.message}</p>
      <p class="muted">
        {problem.code}
        {problem.requestId !== null && ` · request ${problem.requestId}`}
      </p>
    </div>
  );
}
