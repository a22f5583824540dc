// One turn: the question as a heading, the answer as text with how it was made below it.

import { usePage } from "../actions/page.js";
import type { AnswerFacts, AssistantTurn, UserTurn } from "../state/conversation.js";
import type { Trace } from "../state/trace.js";
import { CanvasFigure } from "./canvas.js";
import { CopyButton } from "./copy-button.js";
import { Icon } from "./icons.js";
import { Markdown } from "./markdown.js";
import { ProblemNotice } from "./problem.js";
import { count, rate } from "./words.js";

export function QuestionView({ turn }: { turn: UserTurn }) {
  return (
    <h2 class="question">
      <span class="hidden">You asked: </span>
      {turn.text}
    </h2>
  );
}

interface AnswerProps {
  turn: AssistantTurn;
  /** Null without denoising events, and after the page was loaded anew. */
  trace: Trace | null;
  last: boolean;
}

export function AnswerView({ turn, trace, last }: AnswerProps) {
  const { asker } = usePage();
  const running = turn.state === "running";
  return (
    <article class="answer" aria-label="Answer">
      <div class="answer-text" aria-live="polite" aria-busy={running}>
        {turn.text === "" && running ? <p class="muted waiting">...</p> : <Markdown text={turn.text} />}
        {turn.state === "stopped" && <p class="muted">Stopped.</p>}
        {turn.problem !== null && <ProblemNotice problem={turn.problem} />}
      </div>
      {trace !== null && trace.steps.length > 0 && <CanvasFigure trace={trace} live={running} open={last} />}
      {!running && (
        <footer class="answer-foot">
          {turn.facts !== null && <p class="muted">{describe(turn.facts)}</p>}
          <span class="actions">
            {turn.text !== "" && <CopyButton text={turn.text} label="Copy the answer" />}
            {last && (
              <button type="button" class="quiet" onClick={() => void asker.again()}>
                <Icon name="again" /> {turn.state === "failed" ? "Try again" : "Answer again"}
              </button>
            )}
          </span>
        </footer>
      )}
    </article>
  );
}

/** "9 tokens in 3 forwards, 72 rows · 812 tokens a second · seed 7" */
function describe({ usage, timings, finishReason, seed }: AnswerFacts): string {
  const phrases: string[] = [];
  if (usage !== null) phrases.push(count(usage.completionTokens, "token"));
  if (timings?.forwards != null) phrases.push(count(timings.forwards, "forward"), count(timings.rows ?? 0, "row"));
  if (timings?.tokensPerForward != null) phrases.push(`${timings.tokensPerForward.toFixed(2)} tokens a forward`);
  if (timings !== null) phrases.push(`${rate(timings.predictedPerSecond)} tokens a second`);
  if (usage !== null && usage.cachedTokens > 0)
    phrases.push(`${count(usage.cachedTokens, "prompt token")} from the cache`);
  if (seed !== null) phrases.push(`seed ${seed}`);
  if (finishReason === "length") phrases.push("cut off at its token limit");
  return phrases.join(" · ");
}
