// Arithmetic: sums and differences up to three digits, balanced by (digits, digits, carry chain),
// products and exact quotients, comparison, even and odd.

import {
  addends,
  type Calculation,
  calculate,
  calculationKeys,
  carryChain,
  difference,
  isDirect,
  isTable,
  numberOf,
  type Operator,
  pairKey,
  sentence,
  working,
} from "../calculation.js";
import { numberWord } from "../facts/numbers.js";
import type { Random } from "../random.js";
import { wordingKeys } from "../split.js";
import { fill, taskOf, turn } from "../task.js";
import type { Draft, Kind, Task } from "../types.js";
import { numberOnly } from "../words/instructions.js";

/** Ways to ask for a calculation; {a} comes first in the answer. */
export const calculationQuestions: Readonly<Record<Operator, readonly string[]>> = {
  "+": [
    "What is {a}+{b}?",
    "What is {a} + {b}?",
    "What is {a} plus {b}?",
    "{a} + {b} = ?",
    "{a}+{b}=?",
    "{a} + {b}",
    "{a}+{b}",
    "Calculate {a} + {b}.",
    "How much is {a} plus {b}?",
    "How much is {a} + {b}?",
    "Add {a} and {b}.",
    "What is the sum of {a} and {b}?",
    "Can you tell me what {a} + {b} is?",
    "What do I get when I add {a} and {b}?",
    "Tell me {a} plus {b}.",
    "Work out {a} + {b}.",
    "Solve {a} + {b}.",
    "What does {a} + {b} equal?",
    "What's {a} plus {b}?",
    "Compute {a} + {b}.",
  ],
  "-": [
    "What is {a} - {b}?",
    "What is {a}-{b}?",
    "What is {a} minus {b}?",
    "{a} - {b} = ?",
    "{a}-{b}=?",
    "{a} - {b}",
    "{a}-{b}",
    "Calculate {a} - {b}.",
    "How much is {a} minus {b}?",
    "How much is {a} - {b}?",
    "Subtract {b} from {a}.",
    "Take {b} away from {a}.",
    "Can you tell me what {a} - {b} is?",
    "What do I get when I take {b} from {a}?",
    "Tell me {a} minus {b}.",
    "Work out {a} - {b}.",
    "Solve {a} - {b}.",
    "What does {a} - {b} equal?",
    "What's {a} minus {b}?",
    "Compute {a} - {b}.",
  ],
  "*": [
    "What is {a} * {b}?",
    "What is {a}*{b}?",
    "What is {a} x {b}?",
    "What is {a} times {b}?",
    "{a} * {b} = ?",
    "{a} x {b}",
    "{a}*{b}",
    "{a}x{b}=?",
    "Calculate {a} * {b}.",
    "How much is {a} times {b}?",
    "How much is {a} x {b}?",
    "Multiply {a} by {b}.",
    "What is the product of {a} and {b}?",
    "Can you tell me what {a} x {b} is?",
    "What do I get when I multiply {a} by {b}?",
    "Tell me {a} times {b}.",
    "Work out {a} * {b}.",
    "What is {a} multiplied by {b}?",
    "What's {a} times {b}?",
    "Compute {a} * {b}.",
  ],
  "/": [
    "What is {a} / {b}?",
    "What is {a}/{b}?",
    "What is {a} divided by {b}?",
    "{a} / {b} = ?",
    "{a}/{b}",
    "{a} / {b}",
    "Calculate {a} / {b}.",
    "How much is {a} divided by {b}?",
    "How much is {a} / {b}?",
    "Divide {a} by {b}.",
    "Can you tell me what {a} / {b} is?",
    "What do I get when I divide {a} by {b}?",
    "Tell me {a} divided by {b}.",
    "Work out {a} / {b}.",
    "How many times does {b} go into {a}?",
    "What's {a} divided by {b}?",
  ],
};

const which = ["Which is larger, {a} or {b}?", "Which is bigger, {a} or {b}?", "Which number is greater, {a} or {b}?"];
const whichSmaller = [
  "Which is smaller, {a} or {b}?",
  "Which number is less, {a} or {b}?",
  "Which is lower, {a} or {b}?",
];
const isLarger = [
  "Is {a} larger than {b}?",
  "Is {a} bigger than {b}?",
  "Is {a} greater than {b}?",
  "Is {a} more than {b}?",
];
const isSmaller = [
  "Is {a} smaller than {b}?",
  "Is {a} less than {b}?",
  "Is {a} lower than {b}?",
  "Is {a} fewer than {b}?",
];
const compare = ["Compare {a} and {b}.", "How do {a} and {b} compare?"];
const parity = [
  "Is {n} even or odd?",
  "Is {n} odd or even?",
  "Is the number {n} even or odd?",
  "Even or odd: {n}?",
  "Tell me if {n} is even or odd.",
  "Is {n} an even number or an odd number?",
  "What is {n}, even or odd?",
  "Say whether {n} is odd or even.",
];
const threeAddends = [
  "What is {a} + {b} + {c}?",
  "{a} + {b} + {c} = ?",
  "{a}+{b}+{c}",
  "Add {a}, {b} and {c}.",
  "What is {a} plus {b} plus {c}?",
  "What is the sum of {a}, {b} and {c}?",
  "How much is {a} + {b} + {c}?",
  "Calculate {a} + {b} + {c}.",
];

/** [digits of a, digits of b, share of the sums, practice] */
const lengths: readonly [number, number, number, number][] = [
  [1, 1, 2, 0.5],
  [2, 1, 3, 0.7],
  [2, 2, 5, 1],
  [3, 1, 2, 1],
  [3, 2, 3, 2],
  [3, 3, 5, 2],
];

export function arithmetic(): Task {
  return taskOf("arithmetic", [
    ...sums("+", 36),
    ...sums("-", 30),
    { name: "negative", weight: 3, practice: 1.5, draw: (random) => ask(random, negative(random)) },
    { name: "table *", weight: 8, draw: (random) => ask(random, tableProduct(random)) },
    { name: "2 x 1 digit", weight: 8, draw: (random) => ask(random, longProduct(random)) },
    { name: "exact /", weight: 6, draw: (random) => ask(random, quotient(random)) },
    { name: "by zero", weight: 0.3, draw: byZero },
    { name: "in words", weight: 2, draw: inWords },
    { name: "twice and half", weight: 1.5, draw: twiceAndHalf },
    { name: "three addends", weight: 2, practice: 1.5, draw: addThree },
    { name: "comparison", weight: 5, practice: 1.5, draw: comparison },
    { name: "even or odd", weight: 2, draw: evenOrOdd },
  ]);
}

/** A kind for each (digits, digits, carry chain), the chains of two lengths equally often. */
function sums(operator: "+" | "-", weight: number): Kind[] {
  const total = lengths.reduce((sum, [, , share]) => sum + share, 0);
  return lengths.flatMap(([digitsA, digitsB, share, practice]) => {
    const longest = operator === "+" ? digitsA : digitsA - 1; // the first column has nothing to borrow from
    return Array.from({ length: longest + 1 }, (_, chain) => ({
      name: `${operator} ${digitsA},${digitsB} digits, carry ${chain}`,
      weight: (weight * share) / total / (longest + 1),
      practice,
      draw: (random: Random) => ask(random, sum(random, operator, digitsA, digitsB, chain)),
    }));
  });
}

function sum(random: Random, operator: "+" | "-", digitsA: number, digitsB: number, chain: number): Calculation {
  const [x, y] = (operator === "+" ? addends : difference)(random, digitsA, digitsB, chain);
  return operator === "+" && random.chance(0.5) ? calculate(y, "+", x) : calculate(x, operator, y);
}

function negative(random: Random): Calculation {
  const a = numberOf(random, random.int(1, 2));
  return calculate(a, "-", a + random.int(1, 99));
}

function tableProduct(random: Random): Calculation {
  return calculate(random.int(0, 12), "*", random.int(0, 12));
}

function longProduct(random: Random): Calculation {
  const [long, digit] = [random.int(11, 99), random.int(2, 9)];
  return random.chance(0.7) ? calculate(long, "*", digit) : calculate(digit, "*", long);
}

function quotient(random: Random): Calculation {
  const divisor = random.int(1, 12);
  const most = Math.max(12, Math.floor(100 / divisor));
  return calculate(divisor * random.int(0, random.chance(0.8) ? 12 : most), "/", divisor);
}

function ask(random: Random, calculation: Calculation): Draft {
  const { a, operator, b, result } = calculation;
  const questions = calculationQuestions[operator];
  const wording = random.int(0, questions.length - 1);
  const short = isDirect(calculation) ? String(result) : undefined;
  // The core of the answer is asked for in the question itself now and then.
  const brief = short !== undefined && random.chance(0.08);
  const question = fill(questions[wording], { a, b }) + (brief ? ` ${random.pick(numberOnly)}` : "");
  return turn(question, brief ? short : sentence(calculation), calculationKeys([calculation], "arithmetic", wording), {
    short,
    check: { number: result, carries: carryChain(calculation) },
  });
}

const spoken: Readonly<Record<Operator, readonly string[]>> = {
  "+": ["What is {a} plus {b}?", "How much is {a} plus {b}?", "Add {a} and {b}.", "{a} plus {b}"],
  "-": ["What is {a} minus {b}?", "How much is {a} minus {b}?", "Take {b} away from {a}.", "{a} minus {b}"],
  "*": ["What is {a} times {b}?", "How much is {a} times {b}?", "Multiply {a} by {b}.", "{a} times {b}"],
  "/": ["What is {a} divided by {b}?", "How much is {a} divided by {b}?", "Divide {a} by {b}."],
};

/** Small numbers, written out: "What is seven plus five?" */
function inWords(random: Random): Draft {
  const [x, y] = [random.int(1, 20), random.int(1, 20)];
  const [a, b] = [random.int(1, 10), random.int(1, 10)];
  const calculation = random.pick([
    calculate(x, "+", y),
    calculate(Math.max(x, y), "-", Math.min(x, y)),
    calculate(a, "*", b),
    calculate(a * b, "/", b),
  ]);
  const wording = random.int(0, spoken[calculation.operator].length - 1);
  const values = { a: numberWord(calculation.a), b: numberWord(calculation.b) };
  const question = fill(spoken[calculation.operator][wording], values);
  return turn(question, sentence(calculation), calculationKeys([calculation], "in words", wording), {
    short: String(calculation.result),
    check: { number: calculation.result },
  });
}

const twice = [
  "What is twice {n}?",
  "What is double {n}?",
  "Double {n}.",
  "How much is two times {n}?",
  "What's double {n}?",
];
const half = [
  "What is half of {n}?",
  "What is a half of {n}?",
  "Halve {n}.",
  "How much is half of {n}?",
  "What's half of {n}?",
];

function twiceAndHalf(random: Random): Draft {
  const n = random.int(1, 50);
  const calculation = random.chance(0.5) ? calculate(n, "*", 2) : calculate(2 * n, "/", 2);
  const questions = calculation.operator === "*" ? twice : half;
  const wording = random.int(0, questions.length - 1);
  const question = fill(questions[wording], { n: calculation.a });
  return turn(question, sentence(calculation), calculationKeys([calculation], "twice and half", wording), {
    short: String(calculation.result),
    check: { number: calculation.result },
  });
}

function byZero(random: Random): Draft {
  const a = random.int(0, 20);
  const question = fill(random.pick(calculationQuestions["/"]), { a, b: 0 });
  return turn(question, "You cannot divide by 0.", [`by zero ${question}`]);
}

function addThree(random: Random): Draft {
  const [a, b, c] = [random.int(1, 20), random.int(1, 20), random.int(1, 20)];
  const first = calculate(a, "+", b);
  const second = calculate(first.result, "+", c);
  const key = `three ${[a, b, c].sort((x, y) => x - y).join(" ")}`;
  const question = fill(random.pick(threeAddends), { a, b, c });
  const keys = [key, ...calculationKeys([first, second], "three addends", 0)];
  return turn(question, `${working(first)} ${working(second)}`, keys, { check: { number: second.result } });
}

function comparison(random: Random): Draft {
  const digits = random.int(1, 3);
  const a = numberOf(random, digits);
  // As often as not of the same length, where the first digit does not decide by its place.
  const b = random.chance(0.1) ? a : numberOf(random, random.chance(0.6) ? digits : random.int(1, 3));
  const calculation = calculate(a, "-", b);
  const relation = a > b ? "larger than" : a < b ? "smaller than" : "equal to";
  const [low, high] = a < b ? [a, b] : [b, a];
  const forms = [which, whichSmaller, isLarger, isSmaller, compare];
  const form = random.int(0, forms.length - 1);
  const question = fill(random.pick(forms[form]), { a, b });
  const answers = [
    `${high} is larger than ${low}.`,
    `${low} is smaller than ${high}.`,
    `${a > b ? "Yes" : "No"}, ${a} is ${relation} ${b}.`,
    `${a < b ? "Yes" : "No"}, ${a} is ${relation} ${b}.`,
    `${a} is ${relation} ${b}.`,
  ];
  const answer = a === b && form < 2 ? `${a} is equal to ${b}.` : answers[form];
  return turn(question, answer, isTable(calculation) ? [`compare ${question}`] : [pairKey(calculation)]);
}

function evenOrOdd(random: Random): Draft {
  const n = numberOf(random, random.int(1, 3));
  const wording = random.int(0, parity.length - 1);
  const answer = n % 2 === 0 ? "even" : "odd";
  const keys = n <= 10 ? wordingKeys(`parity ${n}`, wording) : [`parity ${n}`];
  return turn(fill(parity[wording], { n }), `${n} is ${answer}.`, keys, { short: answer });
}
