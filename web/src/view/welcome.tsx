// What an empty chat shows: what this is, and something to ask.

import { usePage } from "../actions/page.js";
import { prefersStillness, useStore } from "./hooks.js";
import { tint } from "./tint.js";

const questions = [
  "How does a diffusion language model work?",
  "What is 47 + 38?",
  "Sue has 9 books and gives away 4. How many books are left?",
  "Can you tell a story with a rabbit?",
];

/** A sentence that unmasks: in which turn each word comes, and how sure it is. */
const specimen: readonly { text: string; turn: number; sure: number }[] = [
  { text: "The", turn: 0, sure: 0.99 },
  { text: "capital", turn: 0, sure: 0.96 },
  { text: "of", turn: 0, sure: 0.99 },
  { text: "Kenya", turn: 1, sure: 0.97 },
  { text: "is", turn: 0, sure: 0.99 },
  { text: "Nairobi", turn: 2, sure: 0.8 },
  { text: ".", turn: 1, sure: 0.95 },
];

export function Welcome({ onAsk }: { onAsk: (text: string) => void }) {
  const { connection } = usePage();
  const denoising = useStore(connection, ({ facts }) => facts === null || facts.denoising);
  return (
    <section class="welcome">
      {denoising ? (
        <>
          <p class="lead">
            Ask something, and watch the answer settle where the model is <em>surest</em> first.
          </p>
          <p class="specimen" aria-hidden="true">
            {specimen.map(({ text, turn, sure }) => {
              const masked = turn === 2 && prefersStillness(); // nothing moves: caught before the last turn
              return (
                <span
                  key={text}
                  class={masked ? "cell masked" : "cell token"}
                  style={{ ...tint(sure), "--turn": turn }}
                >
                  {!masked && text}
                </span>
              );
            })}
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
