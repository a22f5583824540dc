// Numbers and words: 14 and "fourteen", first to tenth.

import type { Relation } from "./relation.js";

const small = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split(
  " ",
);
const teens = "sixteen seventeen eighteen nineteen".split(" ");
const tens = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

/** In words, 0 to 100. */
export function numberWord(n: number): string {
  if (n === 100) return "one hundred";
  if (n < 20) return [...small, ...teens][n];
  const ones = n % 10;
  return tens[Math.floor(n / 10) - 2] + (ones === 0 ? "" : `-${small[ones]}`);
}

export const ordinals = "first second third fourth fifth sixth seventh eighth ninth tenth".split(" ");

const words = Array.from({ length: 101 }, (_, n): [string, string] => [String(n), numberWord(n)]);

export const numbers: readonly Relation[] = [
  {
    name: "number in words",
    weight: 0.35,
    facts: words,
    questions: [
      "How do you write {s} in words?",
      "Write {s} in words.",
      "Write {s} as a word.",
      "What is {s} in words?",
      "How do you spell the number {s}?",
      "Spell the number {s}.",
      "Put {s} into words.",
      "What is the word for {s}?",
      "Say {s} in words.",
    ],
    answer: "{s} in words is {o}.",
  },
  {
    name: "word as a number",
    weight: 0.35,
    facts: words,
    questions: [
      "Which number is {o}?",
      "Write {o} in digits.",
      "Write {o} as a number.",
      "What number is {o}?",
      "What is {o} as a number?",
      "How do you write {o} with digits?",
      "Put {o} into digits.",
      "What is {o} in digits?",
    ],
    answer: "{O} is {s}.",
    short: "{s}",
  },
];
