// Where the lanes' texts differ from that of one of them.

import { Fragment } from "preact";
import { differences } from "../state/diff.js";
import type { Lane, Race } from "../state/race.js";

export function Differences({ race, reference }: { race: Race; reference: Lane | null }) {
  if (reference === null) return null;
  const wanted = reference.answer?.text ?? "";
  const others = race.lanes.filter((lane) => lane.answer !== null && lane !== reference);
  return (
    <section class="differences">
      <h2>Where the answers differ</h2>
      <dl>
        <dt>{reference.mode}</dt>
        <dd>{wanted}</dd>
        {others.map(({ mode, answer }) => (
          <Text
            key={mode}
            mode={mode}
            pieces={differences(wanted, answer?.text ?? "")}
            same={answer?.text === wanted}
          />
        ))}
      </dl>
    </section>
  );
}

function Text(props: { mode: string; pieces: ReturnType<typeof differences>; same: boolean }) {
  return (
    <>
      <dt>{props.mode}</dt>
      <dd>
        {props.same ? (
          <span class="muted">the same</span>
        ) : (
          props.pieces.map(({ text, differs }, i) => (differs ? marked(text, i) : text))
        )}
      </dd>
    </>
  );
}

/** Without the blanks after its last word. */
function marked(text: string, key: number) {
  const words = text.trimEnd();
  return (
    <Fragment key={key}>
      <mark>{words}</mark>
      {text.slice(words.length)}
    </Fragment>
  );
}
