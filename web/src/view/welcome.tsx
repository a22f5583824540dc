// What an empty chat shows: what this is, and something to ask.

import { connection } from "../actions/stores.js";
import { useStore } from "./hooks.js";
import { tint } from "./tint.js";

const questions = [
  "What is 47 + 38?",
  "Sue has 9 books and gives away 4. How many books are left?",
  "Count by 10s starting at 29, 7 numbers.",
  "Can you tell a story with a rabbit?",
];

/** A sentence half unmasked: null is a mask. */
const specimen: readonly (readonly [text: string, sure: number] | null)[] = [
  ["The", 0.99],
  null,
  ["of", 0.97],
  ["Kenya", 0.99],
  null,
  ["Nairobi", 0.7],
  null,
];

export function Welcome({ onAsk }: { onAsk: (text: string) => void }) {
  const denoising = useStore(connection, ({ facts }) => facts === null || facts.denoising);
  return (
    <section class="welcome">
      {denoising ? (
        <>
          <p class="lead">
            Ask something, and watch the answer settle where the model is <em>surest</em> first.
          </p>
          <p class="specimen" aria-hidden="true">
            {specimen.map((cell, i) => (
              <span
                key={i}
                class={cell === null ? "cell masked" : "cell token"}
                style={cell === null ? undefined : tint(cell[1])}
              >
                {cell?.[0]}
              </span>
            ))}
          </p>
          <p class="muted">
            A block of positions starts out masked. Every forward pass of the model fills those it is certain of,
            several at once and in any order, until no mask is left.
          </p>
        </>
      ) : (
        <p class="lead">Ask something.</p>
      )}
      <ul class="suggestions" aria-label="Questions to try">
        {questions.map((question) => (
          <li key={question}>
            <button type="button" onClick={() => onAsk(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
