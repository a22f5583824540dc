// Word problems of one and two steps. The answer shows the working, a line for each step, and ends
// in the number that was asked for.

import { type Calculation, calculate, calculationKeys, numberOf, type Operator, working } from "../calculation.js";
import type { Random } from "../random.js";
import { exactCheck, expectedAnswer, fill, taskOf, turn } from "../task.js";
import type { ChatExample, Draft, Task, Verdict } from "../types.js";
import { counted } from "../words/english.js";
import { numberOnly } from "../words/instructions.js";
import { allNames, pronounsOf } from "../words/names.js";
import { countables } from "../words/nouns.js";
import { oneStep, type Problem, twoSteps } from "../words/problems.js";

export function wordProblems(): Task {
  const kinds = [
    ...Object.entries(oneStep).map(([name, problems]) => ({ name, problems, weight: 2 })),
    ...Object.entries(twoSteps).map(([name, problems]) => ({ name, problems, weight: 1.2 })),
  ];
  return taskOf(
    "word-problems",
    kinds.map(({ name, problems, weight }) => ({ name, weight, draw: (random) => draw(random, problems) })),
    check,
  );
}

function draw(random: Random, problems: readonly Problem[]): Draft {
  const wording = random.int(0, problems.length - 1);
  const { text, steps, conclusion } = problems[wording];
  const [name, other] = random.sample(allNames, 2);
  const noun = random.pick(countables);
  const numbers = operands(random, steps);
  const calculations = calculationsOf(steps, numbers);
  const result = calculations[calculations.length - 1].result;
  const [a, b, c] = numbers;
  const values = {
    ...{ name, other, ...pronounsOf(name), things: noun[1] },
    ...{ a, b, c, aThings: counted(a, noun), bThings: counted(b, noun), cThings: counted(c ?? 0, noun) },
    result: counted(result, noun),
  };
  const short = steps.length === 1 ? String(result) : undefined;
  const brief = short !== undefined && random.chance(0.08);
  const question = grammatical(fill(text, values)) + (brief ? ` ${random.pick(numberOnly)}` : "");
  const answer = brief ? short : [...calculations.map(working), grammatical(fill(conclusion, values))].join(" ");
  const keys = calculationKeys(calculations, `problem ${steps.join("")}`, wording);
  return turn(question, answer, keys, { short, check: { number: result } });
}

/** Numbers that keep every step in range: no negative results, at most three digits before the last
 * step, products from the tables, exact quotients. */
function operands(random: Random, steps: readonly Operator[]): number[] {
  const [first, second] = steps;
  const numbers = operandsOf(random, first);
  if (second === undefined) return numbers;
  const { result } = calculate(numbers[0], first, numbers[1]);
  if (result > 999) return operands(random, steps);
  if (second === "+") return [...numbers, positive(random)];
  if (second === "-" && result > 0) return [...numbers, random.int(1, result)];
  const divisors = [2, 3, 4, 5, 6, 7, 8, 9, 10].filter((divisor) => result % divisor === 0 && result / divisor <= 12);
  if (second === "/" && divisors.length > 0) return [...numbers, random.pick(divisors)];
  return operands(random, steps);
}

function operandsOf(random: Random, operator: Operator): number[] {
  switch (operator) {
    case "+":
      return [positive(random), positive(random)];
    case "-": {
      const [x, y] = [positive(random), positive(random)];
      return [Math.max(x, y), Math.min(x, y)];
    }
    case "*":
      return [random.int(2, 12), random.int(2, 12)];
    default: {
      const divisor = random.int(2, 12);
      return [divisor * random.int(1, 12), divisor];
    }
  }
}

function positive(random: Random): number {
  return Math.max(1, numberOf(random, random.pick([1, 1, 2, 2, 2, 2, 3])));
}

function calculationsOf(steps: readonly Operator[], [a, b, c]: readonly number[]): Calculation[] {
  const first = calculate(a, steps[0], b);
  return steps.length === 1 ? [first] : [first, calculate(first.result, steps[1], c)];
}

/** Capitals at the beginning of sentences, and verbs in the singular behind a 1. */
function grammatical(text: string): string {
  return text
    .replace(/(^|[.?!] )([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase())
    .replace(/\b(There|there) are 1 /g, "$1 is 1 ")
    .replace(/\b(There|there) were 1 /g, "$1 was 1 ")
    .replace(/ 1 are /g, " 1 is ")
    .replace(/ 1 break\b/g, " 1 breaks");
}

/** Right when the last number of the answer is the one that was asked for; exactly right where no number is known. */
function check(example: ChatExample, answer: string): Verdict {
  const wanted = example.check?.number;
  if (wanted === undefined) return exactCheck(example, answer);
  const exact = answer === expectedAnswer(example);
  const last = answer.match(/-?\d+/g)?.at(-1);
  const ok = last !== undefined && Number(last) === wanted;
  return { ok, exact, reason: ok ? null : `the last number is ${last ?? "missing"}, expected ${wanted}` };
}
