// Conversations about calculations: going on from a result, and the same question with other numbers.

import {
  type Calculation,
  calculate,
  calculationKeys,
  expression,
  isTable,
  numberOf,
  type Operator,
  sentence,
} from "../calculation.js";
import type { Random } from "../random.js";
import { fill } from "../task.js";
import { calculationQuestions } from "../tasks/arithmetic.js";
import type { Draft } from "../types.js";

const goOn: Readonly<Record<Operator, readonly string[]>> = {
  "+": [
    "And plus {b}?",
    "Plus {b}?",
    "Now add {b}.",
    "Add {b} to that.",
    "And if I add {b}?",
    "What is that plus {b}?",
  ],
  "-": [
    "And minus {b}?",
    "Minus {b}?",
    "Now subtract {b}.",
    "Take away {b}.",
    "And if I take {b} away?",
    "What is that minus {b}?",
  ],
  "*": [
    "And times {b}?",
    "Times {b}?",
    "Now multiply by {b}.",
    "Multiply that by {b}.",
    "What is that times {b}?",
    "And if I multiply it by {b}?",
  ],
  "/": [
    "And divided by {b}?",
    "Divided by {b}?",
    "Now divide by {b}.",
    "Divide that by {b}.",
    "What is that divided by {b}?",
    "And if I divide it by {b}?",
  ],
};
const double = ["Double it.", "And twice that?", "Now double that.", "What is twice that?"];
const half = ["And half of that?", "Halve it.", "What is half of that?", "Now take half of it."];
const others = ["And {e}?", "What about {e}?", "And what is {e}?", "Now {e}.", "And {e}", "{e}?", "How about {e}?"];

/** "What is 5 + 3?" "And plus 4?" "Now times 2." */
export function calculationsGoOn(random: Random): Draft {
  const first = startOf(random);
  const calculations = [first];
  const turns: [string, string][] = [
    [fill(random.pick(calculationQuestions[first.operator]), first as never), sentence(first)],
  ];
  for (let left = random.int(1, 3); left > 0; left--) {
    const [question, next] = random.chance(0.12)
      ? twiceOrHalf(random, last(calculations))
      : nextOf(random, last(calculations));
    calculations.push(next);
    turns.push([question, sentence(next)]);
  }
  return draftOf(turns, calculations);
}

/** "What is 5 + 3?" "And 7 - 2?" */
export function otherCalculation(random: Random): Draft {
  const calculations = Array.from({ length: random.int(2, 3) }, () => startOf(random));
  const turns = calculations.map((calculation, i): [string, string] => [
    i === 0
      ? fill(random.pick(calculationQuestions[calculation.operator]), calculation as never)
      : fill(random.pick(others), { e: typed(random, calculation) }),
    sentence(calculation),
  ]);
  return draftOf(turns, calculations);
}

/** "3 + 3", or "3+3" */
function typed(random: Random, calculation: Calculation): string {
  return random.chance(0.6) ? expression(calculation) : expression(calculation).replaceAll(" ", "");
}

function draftOf(turns: [string, string][], calculations: Calculation[]): Draft {
  const { result } = last(calculations);
  return { turns, keys: calculationKeys(calculations, "go on", turns.length), check: { number: result } };
}

function last<T>(list: readonly T[]): T {
  return list[list.length - 1];
}

function startOf(random: Random): Calculation {
  const [x, y] = [numberOf(random, random.int(1, 2)), numberOf(random, random.int(1, 2))];
  switch (random.int(0, 5)) {
    case 0:
      return calculate(random.int(1, 12), "*", random.int(1, 12));
    case 1:
    case 2:
      return calculate(Math.max(x, y), "-", Math.min(x, y));
    default:
      return calculate(x, "+", y);
  }
}

/** A next step that stays between 0 and 999 and, for products and quotients, in the tables. */
function nextOf(random: Random, { result }: Calculation): [string, Calculation] {
  for (;;) {
    const operator = random.pick(["+", "+", "-", "-", "*", "/"] as const);
    const b = operator === "*" || operator === "/" ? random.int(2, 10) : numberOf(random, random.int(1, 2));
    const next = calculate(result, operator, b);
    const exact = Number.isInteger(next.result) && next.result >= 0 && next.result <= 999;
    const easy = operator === "+" || operator === "-" || isTable(next);
    if (exact && easy) return [fill(random.pick(goOn[operator]), { b }), next];
  }
}

function twiceOrHalf(random: Random, before: Calculation): [string, Calculation] {
  const { result } = before;
  if (result <= 50 && random.chance(0.5)) return [random.pick(double), calculate(result, "*", 2)];
  if (result % 2 === 0 && result <= 100) return [random.pick(half), calculate(result, "/", 2)];
  return nextOf(random, before);
}
