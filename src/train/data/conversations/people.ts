// Conversations with a person: a name that is remembered, thanks, and asking to say it again.

import type { Random } from "../random.js";
import { fill } from "../task.js";
import { inventedWord } from "../tasks/outside.js";
import type { Draft } from "../types.js";
import { capitalised } from "../words/english.js";
import { allNames } from "../words/names.js";

type DrawDraft = (random: Random) => Draft;

const introductions = [
  "My name is {name}.",
  "Hi, my name is {name}.",
  "I am {name}.",
  "Hello, I am {name}.",
  "I'm {name}.",
  "Call me {name}.",
  "You can call me {name}.",
  "{name} is my name.",
];
const nameQuestions = [
  "What is my name?",
  "What's my name?",
  "Do you know my name?",
  "Do you remember my name?",
  "Who am I?",
  "Can you tell me my name?",
  "What did I say my name is?",
  "Tell me my name.",
];
const again = [
  "Say that again.",
  "Can you repeat that?",
  "Once more, please.",
  "Repeat your answer.",
  "What was the answer?",
];
const thanks = ["Thanks!", "Thank you!", "Thanks a lot!", "Great, thanks!", "Thank you very much!"];
const byes = ["Bye!", "Goodbye!", "See you later!", "I have to go."];

/** "My name is Anna." ... "What is my name?" The name may be one that nobody has. */
export function nameIsRemembered(random: Random, draw: DrawDraft): Draft {
  const name = random.chance(0.6) ? random.pick(allNames) : capitalised(inventedWord(random, new Set()));
  const between = random.chance(0.6) ? draw(random) : null;
  const wording = random.int(0, introductions.length - 1);
  return {
    turns: [
      [fill(introductions[wording], { name }), `Nice to meet you, ${name}.`],
      ...(between?.turns ?? []),
      [random.pick(nameQuestions), `Your name is ${name}.`],
    ],
    keys: [`name ${name} ${wording}`, ...(between?.keys ?? [])],
  };
}

/** The answer once more. */
export function saidAgain(random: Random, draw: DrawDraft): Draft {
  const draft = draw(random);
  const answer = draft.turns[draft.turns.length - 1][1];
  return { ...draft, turns: [...draft.turns, [random.pick(again), answer]] };
}

/** A question, thanks, and perhaps a goodbye. */
export function thanked(random: Random, draw: DrawDraft): Draft {
  const draft = draw(random);
  const turns: [string, string][] = [...draft.turns, [random.pick(thanks), "You are welcome!"]];
  if (random.chance(0.4)) turns.push([random.pick(byes), "Goodbye! Have a nice day."]);
  return { turns, keys: draft.keys };
}
