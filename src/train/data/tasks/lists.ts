// Lists of numbers and words: counting, sorting, reversing, repeating, picking. Lengths are drawn
// evenly, so long lists are as frequent as short ones.

import { ordinals } from "../facts/numbers.js";
import type { Random } from "../random.js";
import { fill, taskOf, turn } from "../task.js";
import type { Draft, Task } from "../types.js";
import { counted } from "../words/english.js";
import { thingWords } from "../words/nouns.js";

export const longestList = 8;

export const sortUp = [
  "Sort these numbers: {list}.",
  "Sort {list}.",
  "Put these numbers in order: {list}.",
  "Sort the numbers {list}.",
  "Sort from smallest to largest: {list}.",
  "Order these numbers from small to large: {list}.",
  "Arrange these numbers: {list}.",
  "Sort in ascending order: {list}.",
  "Can you sort {list}?",
  "Bring these numbers into order: {list}.",
];
export const sortDown = [
  "Sort these numbers from largest to smallest: {list}.",
  "Sort from large to small: {list}.",
  "Sort in descending order: {list}.",
  "Put these numbers in falling order: {list}.",
  "Order these numbers from large to small: {list}.",
  "Sort {list}, the largest first.",
  "Sort these numbers, largest first: {list}.",
  "Arrange from high to low: {list}.",
];
const sortWords = [
  "Sort these words: {list}.",
  "Put these words in alphabetical order: {list}.",
  "Sort alphabetically: {list}.",
  "Order these words by the alphabet: {list}.",
  "Sort the words {list}.",
  "Arrange these words from A to Z: {list}.",
  "Sort these words from A to Z: {list}.",
  "Can you put these words in alphabetical order: {list}?",
];
export const reverse = [
  "Reverse this list: {list}.",
  "Say this list backwards: {list}.",
  "Reverse {list}.",
  "Turn this list around: {list}.",
  "Write this list in reverse order: {list}.",
  "Give me this list in reverse: {list}.",
  "List these from last to first: {list}.",
  "Can you reverse {list}?",
];
export const repeat = [
  "Repeat this list: {list}.",
  "Repeat these: {list}.",
  "Repeat: {list}.",
  "Say: {list}.",
  "Repeat after me: {list}.",
  "Say these again: {list}.",
  "Write down: {list}.",
  "Copy this list: {list}.",
  "Echo: {list}.",
];
const largest = [
  "What is the largest of {list}?",
  "Which is the largest: {list}?",
  "Which number is the largest: {list}?",
  "Find the largest number: {list}.",
  "What is the biggest number in {list}?",
  "What is the maximum of {list}?",
  "Tell me the largest of {list}.",
  "Which of these is the biggest: {list}?",
];
const smallest = [
  "What is the smallest of {list}?",
  "Which is the smallest: {list}?",
  "Which number is the smallest: {list}?",
  "Find the smallest number: {list}.",
  "What is the lowest number in {list}?",
  "What is the minimum of {list}?",
  "Tell me the smallest of {list}.",
  "Which of these is the smallest: {list}?",
];
const place = [
  "What is the {nth} word of this list: {list}?",
  "What is the {nth} of these: {list}?",
  "Which is the {nth} in this list: {list}?",
  "Which one is {nth}: {list}?",
  "Tell me the {nth} word: {list}.",
  "What comes {nth} in {list}?",
  "Name the {nth} of {list}.",
  "Give me the {nth} one: {list}.",
];
const howMany = [
  "How many words are in this list: {list}?",
  "How many words are there: {list}?",
  "Count these words: {list}.",
  "How long is this list: {list}?",
  "Count the words in {list}.",
  "How many things are these: {list}?",
  "How many are in this list: {list}?",
  "What is the length of this list: {list}?",
];
const contains = [
  "Is {word} in this list: {list}?",
  "Does this list have {word}: {list}?",
  "Is the word {word} in {list}?",
  "Is {word} one of these: {list}?",
  "Can you find {word} in {list}?",
  "Look for {word} in {list}. Is it there?",
  "Does {list} contain {word}?",
  "Is there {word} in {list}?",
];
const count = [
  "Count from {from} to {to}.",
  "List the numbers from {from} to {to}.",
  "Say the numbers from {from} to {to}.",
  "Give me the numbers from {from} to {to}.",
  "Write the numbers {from} to {to}.",
  "Which numbers are from {from} to {to}?",
  "Count {from} to {to}.",
  "Can you count from {from} to {to}?",
];
const countDown = [
  "Count down from {from} to {to}.",
  "Count backwards from {from} to {to}.",
  "Count back from {from} to {to}.",
  "List the numbers from {from} down to {to}.",
  "Say the numbers from {from} down to {to}.",
  "Give me a countdown from {from} to {to}.",
  "Can you count down from {from} to {to}?",
  "Start at {from} and count down to {to}.",
];
const countBy = [
  "Count by {step}s starting at {from}, {n} numbers.",
  "Count by {step} from {from}, {n} numbers.",
  "Count by {step}s from {from} to {to}.",
  "Count in steps of {step} from {from} to {to}.",
  "Start at {from} and count by {step}s, {n} numbers.",
  "Give me {n} numbers from {from}, adding {step} each time.",
  "Starting from {from}, count by {step} until {to}.",
  "List {n} numbers starting with {from} in steps of {step}.",
];

export function lists(): Task {
  const words = thingWords();
  return taskOf("lists", [
    { name: "sort", weight: 16, draw: (random) => sorting(random, numbersOf(random), false) },
    { name: "sort down", weight: 8, practice: 1.5, draw: (random) => sorting(random, numbersOf(random), true) },
    { name: "sort words", weight: 4, practice: 2, draw: (random) => sortingWords(random, words) },
    { name: "reverse", weight: 12, draw: (random) => reversing(random, words) },
    { name: "repeat", weight: 10, draw: (random) => repeating(random, words) },
    { name: "largest", weight: 7, draw: (random) => extreme(random, "largest") },
    { name: "smallest", weight: 7, draw: (random) => extreme(random, "smallest") },
    { name: "place", weight: 6, draw: (random) => placing(random, words) },
    { name: "how many", weight: 6, draw: (random) => counting(random, words) },
    { name: "contains", weight: 5, practice: 1.5, draw: (random) => containing(random, words) },
    { name: "count", weight: 7, draw: (random) => range(random, 1) },
    { name: "count down", weight: 5, draw: (random) => range(random, -1) },
    { name: "count by", weight: 9, draw: countingBy },
  ]);
}

export function listKey(items: readonly (string | number)[]): string {
  return `list ${items.map(String).sort().join(" ")}`;
}

export function joined(items: readonly (string | number)[]): string {
  return items.join(", ");
}

/** Different numbers: up to 10, 100 or, in short lists, 1000. */
export function numbersOf(random: Random, length = random.int(3, longestList)): number[] {
  const most = random.pick(length <= 5 ? [20, 99, 99, 99, 999] : [20, 99, 99]);
  const chosen = new Set<number>();
  while (chosen.size < length) chosen.add(random.int(0, most));
  return [...chosen];
}

/** As people write lists: with commas mostly, without spaces, with spaces alone, with "and". */
function typed(random: Random, items: readonly (string | number)[]): string {
  switch (random.int(0, 11)) {
    case 0:
      return items.join(",");
    case 1:
      return items.join(" ");
    case 2:
      return `${joined(items.slice(0, -1))} and ${items[items.length - 1]}`;
    default:
      return joined(items);
  }
}

function ask(random: Random, questions: readonly string[], items: readonly (string | number)[], answer: string): Draft {
  return turn(fill(random.pick(questions), { list: typed(random, items) }), answer, [listKey(items)]);
}

function sorting(random: Random, numbers: number[], down: boolean): Draft {
  const sorted = [...numbers].sort((a, b) => (down ? b - a : a - b));
  return ask(random, down ? sortDown : sortUp, numbers, `${joined(sorted)}.`);
}

/** Words with different first letters, so that the first letter decides. */
function sortingWords(random: Random, words: readonly string[]): Draft {
  const byLetter = new Map(random.sample(words, 12).map((word) => [word[0], word]));
  const chosen = [...byLetter.values()].slice(0, random.int(3, 5));
  return ask(random, sortWords, chosen, `${joined([...chosen].sort())}.`);
}

function reversing(random: Random, words: readonly string[]): Draft {
  const items = itemsOf(random, words);
  return ask(random, reverse, items, `${joined([...items].reverse())}.`);
}

function repeating(random: Random, words: readonly string[]): Draft {
  const items = itemsOf(random, words);
  return ask(random, repeat, items, `${joined(items)}.`);
}

/** Words mostly, numbers now and then. */
export function itemsOf(random: Random, words: readonly string[]): (string | number)[] {
  const length = random.int(2, longestList);
  return random.chance(0.75) ? random.sample(words, length) : numbersOf(random, length);
}

function extreme(random: Random, which: "largest" | "smallest"): Draft {
  const numbers = numbersOf(random);
  const found = which === "largest" ? Math.max(...numbers) : Math.min(...numbers);
  const questions = which === "largest" ? largest : smallest;
  const draft = ask(random, questions, numbers, `The ${which} number is ${found}.`);
  return { ...draft, short: String(found) };
}

function placing(random: Random, words: readonly string[]): Draft {
  const items = random.sample(words, random.int(3, longestList));
  const at = random.int(0, items.length);
  const nth = at === items.length ? "last" : ordinals[at];
  const word = items[Math.min(at, items.length - 1)];
  const question = fill(random.pick(place), { nth, list: typed(random, items) });
  return turn(question, `The ${nth} word is ${word}.`, [listKey(items)], { short: word });
}

function counting(random: Random, words: readonly string[]): Draft {
  const items = random.sample(words, random.int(2, longestList));
  const draft = ask(random, howMany, items, `The list has ${counted(items.length, ["word", "words"])}.`);
  return { ...draft, short: String(items.length) };
}

function containing(random: Random, words: readonly string[]): Draft {
  const [word, ...others] = random.sample(words, random.int(4, longestList + 1));
  const present = random.chance(0.5);
  const items = present ? others.with(random.int(0, others.length - 1), word) : others;
  const question = fill(random.pick(contains), { word, list: typed(random, items) });
  // Looked through from the left, as far as needed.
  const passed = joined(present ? items.slice(0, items.indexOf(word) + 1) : items);
  const answer = present ? `Yes, ${word} is in the list.` : `No, ${word} is not in the list.`;
  return turn(question, `${passed}. ${answer}`, [listKey(items)]);
}

function range(random: Random, step: 1 | -1): Draft {
  const length = random.int(3, 12);
  const low = random.pick([1, 1, random.int(0, 20), random.int(0, 99), random.int(100, 300)]);
  const numbers = sequence(step === 1 ? low : low + length - 1, step, length);
  const question = fill(random.pick(step === 1 ? count : countDown), {
    from: numbers[0],
    to: numbers[length - 1],
  });
  return turn(question, `${joined(numbers)}.`, [`count ${low} ${length}`]);
}

function countingBy(random: Random): Draft {
  const length = random.int(3, 10);
  const step = random.pick([2, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 10, 20, 100]);
  const from = step > 10 ? step * random.int(0, 3) : random.pick([0, step, random.int(0, 50)]);
  const numbers = sequence(from, step, length);
  const question = fill(random.pick(countBy), { step, from, n: length, to: numbers[length - 1] });
  return turn(question, `${joined(numbers)}.`, [`count by ${step} ${from} ${length}`]);
}

function sequence(from: number, step: number, length: number): number[] {
  return Array.from({ length }, (_, i) => from + i * step);
}
