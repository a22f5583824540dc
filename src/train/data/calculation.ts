// Sums, differences, products and quotients of whole numbers: how they are drawn, what counts as
// the same calculation, and how one is told.
//
// Addition and subtraction are drawn by carry chain: the longest run of columns that carry (or
// borrow) in a row. Drawn blindly, long chains are rare, and they are what models get wrong.

import type { Random } from "./random.js";
import { wordingKeys } from "./split.js";

export type Operator = "+" | "-" | "*" | "/";

export interface Calculation {
  a: number;
  operator: Operator;
  b: number;
  result: number;
}

export function calculate(a: number, operator: Operator, b: number): Calculation {
  const results = { "+": a + b, "-": a - b, "*": a * b, "/": a / b };
  return { a, operator, b, result: results[operator] };
}

/** Longest run of carries in a + b; in a - b, of borrows. */
export function carryChain({ a, operator, b, result }: Calculation): number {
  if (operator === "*" || operator === "/") return 0;
  const [small, other] = operator === "+" ? [a, b] : result >= 0 ? [b, result] : [a, -result];
  let [run, longest, carry] = [0, 0, 0];
  for (let x = small, y = other; x > 0 || y > 0 || carry > 0; x = Math.floor(x / 10), y = Math.floor(y / 10)) {
    carry = (x % 10) + (y % 10) + carry > 9 ? 1 : 0;
    run = carry === 1 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** Whether this is a table that is learnt by heart: sums and differences up to 10, products up to 12 x 12 or 100. */
export function isTable({ a, operator, b, result }: Calculation): boolean {
  if (operator === "+" || operator === "-") return a <= 10 && b <= 10;
  const [x, y, product] = operator === "*" ? [a, b, result] : [b, result, a];
  return (x <= 12 && y <= 12) || product <= 100;
}

/**
 * The canonical content of calculations: the unordered operands of each, whatever the operation
 * (of a quotient, its two factors). Tables are to be known by heart and have no key of their own;
 * where nothing else is asked, the wording is what is held out.
 * @param name of the questions that `wording` counts
 */
export function calculationKeys(calculations: readonly Calculation[], name: string, wording: number): string[] {
  const hard = calculations.filter((each) => !isTable(each)).map(pairKey);
  return hard.length > 0 ? hard : wordingKeys(`${name} ${calculations.map(expression).join(" ")}`, wording);
}

export function pairKey({ a, operator, b, result }: Calculation): string {
  const [x, y] = operator === "/" ? [b, result] : [a, b];
  return `pair ${Math.min(x, y)} ${Math.max(x, y)}`;
}

/** "2 + 2" */
export function expression({ a, operator, b }: Calculation): string {
  return `${a} ${operator} ${b}`;
}

/** "2 + 2 = 4.", as a line of working. */
export function working(calculation: Calculation): string {
  return `${expression(calculation)} = ${calculation.result}.`;
}

/**
 * "2 + 2 equals 4."; a product beyond the tables is told in two parts that are in them:
 * "87 * 9 equals 720 + 63, which is 783."; a negative difference the other way around:
 * "4 - 17 equals -(17 - 4), which is -13."
 */
export function sentence(calculation: Calculation): string {
  const { a, operator, b, result } = calculation;
  if (operator === "*" && !isTable(calculation)) {
    const [long, digit] = a > b ? [a, b] : [b, a];
    const ones = long % 10;
    if (ones > 0) {
      return `${expression(calculation)} equals ${(long - ones) * digit} + ${ones * digit}, which is ${result}.`;
    }
  }
  if (operator === "-" && result < 0) return `${expression(calculation)} equals -(${b} - ${a}), which is ${result}.`;
  return `${expression(calculation)} equals ${result}.`;
}

/** Whether the answer is one number that needs no working. */
export function isDirect(calculation: Calculation): boolean {
  return calculation.result >= 0 && (calculation.operator !== "*" || isTable(calculation));
}

/** A number of so many digits; the only one that begins with 0 is 0. */
export function numberOf(random: Random, digits: number): number {
  return random.int(digits === 1 ? 0 : 10 ** (digits - 1), 10 ** digits - 1);
}

/** Two numbers of these lengths whose sum has a longest carry chain of `chain` columns. */
export function addends(random: Random, digitsA: number, digitsB: number, chain: number): [number, number] {
  return columns(random, [digitsA, digitsB], chain, true, (x, y, carry) => x + y + carry > 9);
}

/** A minuend and a subtrahend, not larger, of these lengths with a longest run of `chain` borrows. */
export function difference(random: Random, digitsA: number, digitsB: number, chain: number): [number, number] {
  return columns(random, [digitsA, digitsB], chain, false, (x, y, borrow) => x - y - borrow < 0);
}

/**
 * The columns that carry are drawn among all that make this chain, then digits that carry so.
 * @param top whether the last column may carry
 */
function columns(
  random: Random,
  digits: readonly [number, number],
  chain: number,
  top: boolean,
  carries: (x: number, y: number, carry: number) => boolean,
): [number, number] {
  const count = Math.max(...digits);
  const pattern = random.pick(carryPatterns(count, Math.min(...digits), chain, top));
  let [a, b, carry] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const carryOut = (pattern >> i) & 1;
    let [x, y] = [0, 0];
    do {
      x = digit(random, i, digits[0]);
      y = digit(random, i, digits[1]);
    } while (carries(x, y, carry) !== (carryOut === 1));
    a += x * 10 ** i;
    b += y * 10 ** i;
    carry = carryOut;
  }
  return [a, b];
}

function digit(random: Random, column: number, digits: number): number {
  if (column >= digits) return 0;
  return random.int(column === digits - 1 && digits > 1 ? 1 : 0, 9);
}

/** As bits: column i carries. Beyond the shorter number a column carries only what is carried into it. */
function carryPatterns(count: number, shared: number, chain: number, top: boolean): number[] {
  const patterns: number[] = [];
  for (let bits = 0; bits < 1 << count; bits++) {
    let [run, longest, possible] = [0, 0, top || bits >> (count - 1) === 0];
    for (let i = 0; i < count; i++) {
      const carries = (bits >> i) & 1;
      if (carries === 1 && i >= shared && ((bits >> (i - 1)) & 1) === 0) possible = false;
      run = carries === 1 ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    if (possible && longest === chain) patterns.push(bits);
  }
  return patterns;
}
