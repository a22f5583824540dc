// Conversations that stay with one list, word, day or word problem.

import { calculate, calculationKeys, numberOf, working } from "../calculation.js";
import type { Random } from "../random.js";
import { fill } from "../task.js";
import { months, weekdays } from "../tasks/dates.js";
import { itemsOf, joined, listKey, numbersOf, repeat, reverse, sortDown, sortUp } from "../tasks/lists.js";
import type { Draft } from "../types.js";
import { counted } from "../words/english.js";
import { allNames, pronounsOf } from "../words/names.js";
import { countables } from "../words/nouns.js";

type Turn = [question: string, answer: string];

const otherWay = [
  "Now the other way around.",
  "Sort them the other way.",
  "And the other way?",
  "Now reverse it.",
  "And in reverse?",
];
const upNow = ["Now from smallest to largest.", "Sort them from small to large.", "Now sort them.", "And sorted?"];
const downNow = ["Now from largest to smallest.", "Sort them from large to small.", "And from high to low?"];
const largestNow = [
  "Which is the largest?",
  "What is the largest of them?",
  "And the largest?",
  "Which one is the biggest?",
];
const smallestNow = [
  "Which is the smallest?",
  "What is the smallest of them?",
  "And the smallest?",
  "Which one is the lowest?",
];
const howManyNow = ["How many are there?", "How many are they?", "Count them.", "How long is the list?"];
const firstNow = ["Which is the first?", "What is the first one?", "And the first?"];
const lastNow = ["Which is the last?", "What is the last one?", "And the last?"];
const reverseNow = [
  "Now backwards.",
  "Now reverse it.",
  "And backwards?",
  "Reverse that.",
  "The other way around, please.",
];
const againNow = ["Say it again.", "Repeat it.", "Once more.", "And again?"];

/** A list, and two or three things to do with it. Each answer is about the list as it was said last. */
export function listGoesOn(random: Random, words: readonly string[]): Draft {
  return random.chance(0.6) ? numbersGoOn(random) : wordsGoOn(random, words);
}

function numbersGoOn(random: Random): Draft {
  const numbers = numbersOf(random, random.int(3, 6));
  const up = [...numbers].sort((a, b) => a - b);
  const down = [...up].reverse();
  const isUp = random.chance(0.7);
  let said = isUp ? up : down;
  const first = fill(random.pick(isUp ? sortUp : sortDown), { list: joined(numbers) });
  const turns: Turn[] = [[first, `${joined(said)}.`]];
  for (let left = random.int(1, 2); left > 0; left--) {
    switch (random.int(0, 5)) {
      case 0:
        turns.push([random.pick(largestNow), `The largest number is ${down[0]}.`]);
        break;
      case 1:
        turns.push([random.pick(smallestNow), `The smallest number is ${up[0]}.`]);
        break;
      case 2:
        turns.push([random.pick(howManyNow), `The list has ${numbers.length} numbers.`]);
        break;
      case 3:
        said = random.chance(0.5) ? up : down;
        turns.push([random.pick(said === up ? upNow : downNow), `${joined(said)}.`]);
        break;
      default:
        said = [...said].reverse();
        turns.push([random.pick(otherWay), `${joined(said)}.`]);
    }
  }
  return { turns, keys: [listKey(numbers)] };
}

function wordsGoOn(random: Random, words: readonly string[]): Draft {
  let said = itemsOf(random, words).slice(0, 6);
  const isReversed = random.chance(0.4);
  const first = fill(random.pick(isReversed ? reverse : repeat), { list: joined(said) });
  const keys = [listKey(said)];
  if (isReversed) said = [...said].reverse();
  const one = typeof said[0] === "number" ? "number" : "word";
  const turns: Turn[] = [[first, `${joined(said)}.`]];
  for (let left = random.int(1, 2); left > 0; left--) {
    switch (random.int(0, 4)) {
      case 0:
        turns.push([random.pick(howManyNow), `The list has ${said.length} ${one}s.`]);
        break;
      case 1:
        turns.push([random.pick(firstNow), `The first ${one} is ${said[0]}.`]);
        break;
      case 2:
        turns.push([random.pick(lastNow), `The last ${one} is ${said.at(-1)}.`]);
        break;
      case 3:
        turns.push([random.pick(againNow), `${joined(said)}.`]);
        break;
      default:
        said = [...said].reverse();
        turns.push([random.pick(reverseNow), `${joined(said)}.`]);
    }
  }
  return { turns, keys };
}

const wordStarts = ["Spell {word}.", "How do you spell {word}?", "Spell the word {word}.", "Can you spell {word}?"];
const wordBackwards = ["And backwards?", "Now backwards.", "And the other way around?", "Spell it backwards."];
const wordLength = [
  "How many letters are that?",
  "How many letters does it have?",
  "And how many letters is that?",
  "How long is it?",
];
const wordFirst = ["What is the first letter?", "Which letter is first?", "And the first letter?"];
const wordLast = ["What is the last letter?", "Which letter is last?", "And the last letter?"];

/** A word: spelled, then turned around, counted, picked from. */
export function wordGoesOn(random: Random, words: readonly string[]): Draft {
  const word = random.pick(words);
  const about: Turn[] = [
    [random.pick(wordBackwards), `${[...word].reverse().join("-")}.`],
    [random.pick(wordLength), `The word ${word} has ${counted(word.length, ["letter", "letters"])}.`],
    [random.pick(wordFirst), `The first letter of ${word} is ${word[0]}.`],
    [random.pick(wordLast), `The last letter of ${word} is ${word.at(-1)}.`],
  ];
  const turns: Turn[] = [[fill(random.pick(wordStarts), { word }), `${[...word].join("-")}.`]];
  return { turns: [...turns, ...random.sample(about, random.int(1, 2))], keys: [`word goes on ${word}`] };
}

/** "What day comes after Monday?" "And after that?" */
export function daysGoOn(random: Random): Draft {
  const [cycle, unit] = random.chance(0.6) ? ([weekdays, "day"] as const) : ([months, "month"] as const);
  const step = random.chance(0.6) ? 1 : -1;
  const relation = step === 1 ? "after" : "before";
  const begin = random.int(0, cycle.length - 1);
  const turns: Turn[] = [];
  const count = random.int(2, 3);
  for (let i = 0; i < count; i++) {
    const from = cycle[(begin + step * i + 2 * cycle.length) % cycle.length];
    const found = cycle[(begin + step * (i + 1) + 2 * cycle.length) % cycle.length];
    const start = [`What ${unit} comes ${relation} ${from}?`, `Which ${unit} is ${relation} ${from}?`];
    const next = [`And ${relation} that?`, `And ${relation} ${from}?`, `What comes ${relation} that?`];
    turns.push([random.pick(i === 0 ? start : next), `The ${unit} ${relation} ${from} is ${found}.`]);
  }
  return { turns, keys: [`go on ${relation} ${cycle[begin]} ${count} ${turns[1][0]}`] };
}

const gets = [
  "Then {name} gets {b} more. How many now?",
  "And if {he} finds {b} more?",
  "{he} buys {b} more. And now?",
];
const gives = ["Then {name} gives away {b}. How many now?", "And if {he} loses {b}?", "{he} uses {b}. And now?"];

/** A one-step word problem that goes on. */
export function problemGoesOn(random: Random): Draft {
  const name = random.pick(allNames);
  const noun = random.pick(countables);
  const { he } = pronounsOf(name);
  const [a, b] = [Math.max(2, numberOf(random, random.int(1, 2))), Math.max(1, numberOf(random, random.int(1, 2)))];
  const first = calculate(a, "+", b);
  const calculations = [first];
  const question = `${name} has ${counted(a, noun)} and gets ${b} more. How many ${noun[1]} does ${name} have?`;
  const turns: Turn[] = [[question, `${working(first)} ${name} has ${counted(first.result, noun)}.`]];
  for (let left = random.int(1, 2); left > 0; left--) {
    const before = calculations[calculations.length - 1].result;
    const more = before < 2 || random.chance(0.5);
    const by = more ? Math.max(1, numberOf(random, random.int(1, 2))) : random.int(1, Math.min(before, 60));
    const next = calculate(before, more ? "+" : "-", by);
    calculations.push(next);
    const asked = fill(random.pick(more ? gets : gives), { name, he, b: by });
    const conclusion = `${name} has ${counted(next.result, noun)}${more ? "" : " left"}.`;
    turns.push([asked.charAt(0).toUpperCase() + asked.slice(1), `${working(next)} ${conclusion}`]);
  }
  const { result } = calculations[calculations.length - 1];
  return { turns, keys: calculationKeys(calculations, "problem goes on", turns.length), check: { number: result } };
}
