// Spelling: the letters of a word, forwards and backwards, counted and picked; neighbours in the
// alphabet. A held-out example is a question about a word that training asks other things about,
// because a word that is one token hides its letters: they must be learnt word by word. What is
// counted or picked is spelled first.

import { ordinals } from "../facts/numbers.js";
import type { Random } from "../random.js";
import { wordingKeys } from "../split.js";
import { fill, taskOf, turn } from "../task.js";
import type { Draft, Kind, Task } from "../types.js";
import { counted, numbered } from "../words/english.js";
import { nouns } from "../words/nouns.js";

interface WordQuestion {
  name: string;
  weight: number;
  questions: readonly string[];
  answer(word: string): string;
  short?(word: string): string;
  fits?(word: string): boolean;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const isVowel = (letter: string) => "aeiou".includes(letter);
const vowelsIn = (word: string) => [...word].filter(isVowel);
const spelled = (word: string) => [...word].join("-");
const backwards = (word: string) => [...word].reverse().join("-");

const wordQuestions: readonly WordQuestion[] = [
  {
    name: "spell",
    weight: 10,
    questions: [
      "Spell {word}.",
      "Spell the word {word}.",
      "How do you spell {word}?",
      "How is {word} spelled?",
      "Can you spell {word}?",
      "Which letters are in {word}?",
      "What are the letters of {word}?",
      "Tell me the letters of {word}.",
      "Say the letters of {word}.",
    ],
    answer: (word) => `${spelled(word)}.`,
  },
  {
    name: "spell backwards",
    weight: 8,
    questions: [
      "Spell {word} backwards.",
      "Spell the word {word} backwards.",
      "How do you spell {word} backwards?",
      "Write the letters of {word} backwards.",
      "Can you spell {word} backwards?",
      "Spell {word} from the end to the beginning.",
      "Spell {word} in reverse.",
      "Say the letters of {word} backwards.",
    ],
    answer: (word) => `${spelled(word)}, backwards ${backwards(word)}.`,
  },
  {
    name: "count letters",
    weight: 6,
    questions: [
      "How many letters are in {word}?",
      "How many letters does {word} have?",
      "Count the letters of {word}.",
      "How many letters are there in the word {word}?",
      "How long is the word {word}?",
      "What is the number of letters in {word}?",
      "How many letters has {word}?",
      "Tell me how many letters {word} has.",
    ],
    answer: (word) => `${numbered([...word])}. The word ${word} has ${counted(word.length, ["letter", "letters"])}.`,
  },
  {
    name: "first letter",
    weight: 5,
    questions: [
      "What is the first letter of {word}?",
      "Which letter does {word} start with?",
      "What letter does {word} begin with?",
      "Tell me the first letter of {word}.",
      "Name the first letter of {word}.",
      "With which letter does {word} start?",
      "Which letter is first in {word}?",
      "{word} starts with which letter?",
    ],
    answer: (word) => `The first letter of ${word} is ${word[0]}.`,
    short: (word) => word[0],
  },
  {
    name: "last letter",
    weight: 5,
    questions: [
      "What is the last letter of {word}?",
      "Which letter does {word} end with?",
      "What letter does {word} end in?",
      "Tell me the last letter of {word}.",
      "Name the last letter of {word}.",
      "With which letter does {word} end?",
      "Which letter is last in {word}?",
      "{word} ends with which letter?",
    ],
    answer: (word) => `${spelled(word)}. The last letter of ${word} is ${word.at(-1)}.`,
  },
  {
    name: "vowels",
    weight: 4,
    questions: [
      "How many vowels are in {word}?",
      "How many vowels does {word} have?",
      "Count the vowels in {word}.",
      "How many vowels are there in the word {word}?",
      "What is the number of vowels in {word}?",
      "Tell me how many vowels {word} has.",
      "How many of the letters of {word} are vowels?",
      "How many vowels has {word}?",
    ],
    answer: (word) =>
      `${spelled(word)}. ${numbered(vowelsIn(word))}. The word ${word} has ${counted(vowelsIn(word).length, ["vowel", "vowels"])}.`,
    fits: (word) => !word.includes("y"), // sometimes a vowel
  },
];

const letterCounts = [
  "How many {letter}'s are in {word}?",
  "How often is {letter} in {word}?",
  "How many times is the letter {letter} in {word}?",
  "Count the letter {letter} in {word}.",
  "How many times does {word} have the letter {letter}?",
  "How many {letter}'s are there in {word}?",
  "How often does {letter} occur in {word}?",
  "How many of the letter {letter} are in {word}?",
];
const letterPlaces = [
  "What is the {nth} letter of {word}?",
  "Which letter is the {nth} in {word}?",
  "Tell me the {nth} letter of {word}.",
  "Name the {nth} letter of {word}.",
  "What letter comes {nth} in {word}?",
  "Which is the {nth} letter of {word}?",
  "Give me the {nth} letter of the word {word}.",
  "In {word}, what is the {nth} letter?",
];
const nextLetters = [
  "Which letter comes after {letter}?",
  "What letter comes after {letter}?",
  "What comes after {letter} in the alphabet?",
  "What is the letter after {letter}?",
  "Which letter follows {letter}?",
  "Tell me the letter after {letter}.",
  "What is the next letter after {letter}?",
  "Name the letter after {letter}.",
];
const previousLetters = [
  "Which letter comes before {letter}?",
  "What letter comes before {letter}?",
  "What comes before {letter} in the alphabet?",
  "What is the letter before {letter}?",
  "Which letter is before {letter}?",
  "Tell me the letter before {letter}.",
  "What letter is right before {letter}?",
  "Name the letter before {letter}.",
];

export function spelling(): Task {
  const words = nouns();
  return taskOf("spelling", [
    ...wordQuestions.map((question) => wordKind(question, words)),
    { name: "letter count", weight: 6, draw: (random) => letterCount(random, words) },
    { name: "letter at a place", weight: 4, draw: (random) => letterPlace(random, words) },
    { name: "next letter", weight: 3, draw: (random) => letterNeighbour(random, 1) },
    { name: "previous letter", weight: 2, draw: (random) => letterNeighbour(random, -1) },
  ]);
}

function wordKind({ name, weight, questions, answer, short, fits = () => true }: WordQuestion, all: string[]): Kind {
  const words = all.filter(fits);
  return {
    name,
    weight,
    draw: (random) => {
      const word = random.pick(words);
      const question = fill(random.pick(questions), { word });
      return turn(question, answer(word), [`${name} ${word}`], { short: short?.(word) });
    },
  };
}

/** A letter of the word as a rule; one that it does not have now and then. */
function letterCount(random: Random, words: readonly string[]): Draft {
  const word = random.pick(words);
  const letter = random.chance(0.8) ? random.pick([...word]) : random.pick([...alphabet]).toLowerCase();
  const found = [...word].filter((each) => each === letter);
  const seen = found.length > 0 ? ` ${numbered(found)}.` : "";
  const conclusion = `The word ${word} has the letter ${letter} ${counted(found.length, ["time", "times"])}.`;
  const question = fill(random.pick(letterCounts), { letter, word });
  return turn(question, `${spelled(word)}.${seen} ${conclusion}`, [`letter count ${letter} ${word}`]);
}

function letterPlace(random: Random, words: readonly string[]): Draft {
  const word = random.pick(words);
  const at = random.int(1, Math.min(word.length, ordinals.length) - 1);
  const passed = numbered([...word].slice(0, at + 1));
  const answer = `${passed}. The ${ordinals[at]} letter of ${word} is ${word[at]}.`;
  const question = fill(random.pick(letterPlaces), { nth: ordinals[at], word });
  return turn(question, answer, [`letter place ${at} ${word}`]);
}

function letterNeighbour(random: Random, step: 1 | -1): Draft {
  const at = step === 1 ? random.int(0, 24) : random.int(1, 25);
  const [questions, relation] = step === 1 ? [nextLetters, "after"] : [previousLetters, "before"];
  const wording = random.int(0, questions.length - 1);
  const answer = `The letter ${relation} ${alphabet[at]} is ${alphabet[at + step]}.`;
  const question = fill(questions[wording], { letter: alphabet[at] });
  return turn(question, answer, wordingKeys(`letter ${relation} ${alphabet[at]}`, wording), {
    short: alphabet[at + step],
  });
}
