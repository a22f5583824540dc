// What is outside of the model's world: one answer, "I don't know that.", to questions of every
// kind, many of them made like questions that it can answer. Both wordings and what they ask
// about are held out, so a held-out example has a question or a subject that training never saw.

import { numberOf } from "../calculation.js";
import type { Relation } from "../facts/relation.js";
import { slots } from "../facts/relation.js";
import type { Random } from "../random.js";
import { fill, taskOf, turn } from "../task.js";
import type { Draft, Task } from "../types.js";
import { allNames } from "../words/names.js";
import { countables, nouns } from "../words/nouns.js";
import { fillers, unknownSubjects } from "../words/outside.js";
import { templates } from "../words/outside-questions.js";
import { calculationQuestions } from "./arithmetic.js";
import { relations } from "./facts.js";

export const unknown = "I don't know that.";

export function outside(): Task {
  const known = new Map(relations().map((relation) => [relation.name, relation]));
  const lookalikes = Object.entries(unknownSubjects).map(([name, subjects]) => ({
    relation: known.get(name) as Relation,
    subjects,
  }));
  const words = knownWords();
  return taskOf("outside", [
    { name: "question", weight: 50, draw: templated },
    ...lookalikes.map(({ relation, subjects }) => ({
      name: `like ${relation.name}`,
      weight: relation.name === "capital" ? 5 : 2,
      practice: 1.5,
      draw: (random: Random) => lookalike(random, relation, subjects),
    })),
    { name: "invented word", weight: 6, draw: (random) => invented(random, lookalikes, words) },
    { name: "numbers too large", weight: 8, draw: tooLarge },
    { name: "no whole number", weight: 4, practice: 2, draw: notWhole },
    { name: "other mathematics", weight: 4, draw: otherMathematics },
    { name: "missing facts", weight: 5, draw: missingFacts },
    { name: "no question", weight: 3, draw: (random) => gibberish(random, words) },
  ]);
}

/** Everything that an invented word must not be. */
function knownWords(): Set<string> {
  const facts = relations().flatMap(({ facts }) => facts.flat());
  return new Set([...facts, ...nouns(), ...allNames].map((word) => word.toLowerCase()));
}

function templated(random: Random): Draft {
  const template = random.pick(templates);
  const keys = [`outside ${template}`];
  const question = template.replace(/\{(\w+)\}/g, (_, slot: string) => {
    const value = random.pick(fillers[slot]);
    keys.push(`outside ${slot} ${value}`);
    return value;
  });
  return turn(question, unknown, keys);
}

function lookalike(random: Random, relation: Relation, subjects: readonly string[]): Draft {
  const subject = random.pick(subjects);
  const question = fill(random.pick(aboutSubject(relation)), slots([subject, ""]));
  return turn(question, unknown, [`outside ${relation.name} ${subject}`]);
}

/** The questions that do not name the object. */
function aboutSubject({ questions }: Relation): string[] {
  return questions.filter((question) => !/\{(o|O|ao|Ao)\}/.test(question));
}

/** Words that nobody knows, in questions about facts and people. */
function invented(random: Random, lookalikes: readonly { relation: Relation }[], known: Set<string>): Draft {
  const word = inventedWord(random, known);
  const key = `outside word ${word}`;
  if (random.chance(0.4)) {
    const about = random.pick([
      "Who is {w}?",
      "Where is {w}?",
      "What is {w}?",
      "Tell me about {w}.",
      "How old is {w}?",
    ]);
    return turn(fill(about, { w: word.charAt(0).toUpperCase() + word.slice(1) }), unknown, [key]);
  }
  const { relation } = random.pick(lookalikes);
  const isCountry = relation.name === "capital" || relation.name === "language of a country";
  const subject = isCountry ? word.charAt(0).toUpperCase() + word.slice(1) : word;
  return turn(fill(random.pick(aboutSubject(relation)), slots([subject, ""])), unknown, [key]);
}

/** Two or three syllables. */
export function inventedWord(random: Random, known: ReadonlySet<string>): string {
  const starts = "b bl br ch d dr f fl g gl gr h j k kr l m n p pl q r s sk sl sn st t tr v w z zw".split(" ");
  const middles = "a e i o u oo ai or ee ar un im".split(" ");
  const ends = ["n", "x", "p", "nk", "lo", "ria", "vo", "zel", "mi", "tag", "do", "ler", "nia", "q", "rf"];
  const syllable = () => random.pick(starts) + random.pick(middles);
  const word = syllable() + (random.chance(0.5) ? syllable() : "") + random.pick(ends);
  return known.has(word) ? inventedWord(random, known) : word;
}

/** Sums and differences beyond three digits, products beyond two digits times one. */
function tooLarge(random: Random): Draft {
  const operator = random.pick(["+", "-", "*", "*"] as const);
  const product = operator === "*";
  const large = numberOf(random, product ? random.int(2, 4) : random.int(4, 6));
  const other = numberOf(random, product ? (large > 99 ? random.int(1, 3) : 2) : random.int(2, 5));
  const [a, b] = product
    ? [Math.max(large, 13), Math.max(other, large > 99 ? 2 : 13)]
    : [Math.max(large, other), Math.min(large, other)];
  const swapped = operator !== "-" && random.chance(0.4);
  const values = swapped ? { a: b, b: a } : { a, b };
  return turn(fill(random.pick(calculationQuestions[operator]), values), unknown, [`outside ${a} ${operator} ${b}`]);
}

/** Divisions that leave a remainder. */
function notWhole(random: Random): Draft {
  const b = random.int(2, 12);
  const a = b * random.int(0, 12) + random.int(1, b - 1);
  return turn(fill(random.pick(calculationQuestions["/"]), { a, b }), unknown, [`outside ${a} / ${b}`]);
}

function otherMathematics(random: Random): Draft {
  const forms = [
    "What is {a} percent of {b}?",
    "What is the square root of {a}?",
    "What is {a} to the power of {b}?",
    "What is {a}^{b}?",
    "Is {b} a prime number?",
    "What is {a}.{b} + {c}.{a}?",
    "What is {a}.{b} times {c}?",
    "What is {a}/{b} + {c}/{b}?",
    "What is the logarithm of {b}?",
    "What is {a}! ?",
    "What is the remainder of {b} divided by {a}?",
    "Solve {a}x + {b} = {c}.",
    "What are the factors of {b}?",
    "What is the average of {a}, {b} and {c}?",
    "Round {a}.{b} to a whole number.",
    "What is the sine of {a}?",
    "What is {a} plus {b} times {c}?",
    "Convert {a} miles to kilometers.",
    "How many inches are {a} meters?",
    "What is {b} in Roman numerals?",
    "What is {b} in binary?",
    "What is the area of a square with side {a}?",
  ];
  const form = random.pick(forms);
  const [a, b, c] = [random.int(2, 12), random.int(2, 99), random.int(2, 20)];
  const question = fill(form, { a, b, c });
  return turn(question, unknown, [`outside ${form}`, `outside ${question}`]);
}

/** Word problems that do not say what they ask for. */
function missingFacts(random: Random): Draft {
  const [name, other] = random.sample(allNames, 2);
  const [one, two] = random.sample(countables, 2);
  const n = random.int(2, 30);
  const forms = [
    `{name} has {n} {ones}. How many {twos} does {name} have?`,
    `{name} has {n} {ones}. How many {ones} does {other} have?`,
    `{name} has {n} {ones}. How old is {name}?`,
    `{name} has some {ones} and buys {n} more. How many {ones} does {name} have?`,
    `{name} has {n} {ones} and gives some to {other}. How many {ones} are left?`,
    `{name} buys {n} {ones}. How much does {name} pay?`,
    `There are {n} {ones} in a box. How many {twos} are in the box?`,
    `How many {ones} does {name} have?`,
    `{name} has {n} {ones}. What color are they?`,
    `{name} gives {other} some {ones}. How many {ones} does {other} have?`,
  ];
  const form = random.int(0, forms.length - 1);
  const values = { name, other, n, ones: one[1], twos: two[1] };
  return turn(fill(forms[form], values), unknown, [`missing ${form} ${one[0]} ${two[0]}`]);
}

/** Letters and words without a question. */
function gibberish(random: Random, known: ReadonlySet<string>): Draft {
  const words = Array.from({ length: random.int(1, 4) }, () => inventedWord(random, known));
  const text = random.chance(0.5) ? words.join(" ") : words.join("").slice(0, random.int(3, 12));
  return turn(text + random.pick(["", "", "?", "!", "."]), unknown, [`gibberish ${text}`]);
}
