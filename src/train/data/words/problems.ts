// The texts of word problems. {a}, {b}, {c} are the numbers in the order of the steps, {aThings} a number
// with its noun; {he}, {his}, {him} go with {name}. The steps say what is calculated, the conclusion
// ends in the result.

import type { Operator } from "../calculation.js";

export interface Problem {
  text: string;
  steps: readonly Operator[];
  conclusion: string;
}

function problems(steps: readonly Operator[], texts: readonly (readonly [string, string])[]): Problem[] {
  return texts.map(([text, conclusion]) => ({ text, steps, conclusion }));
}

const has = "{name} has {result}.";
const left = "{name} has {result} left.";
const total = "There are {result}.";
const together = "Together they have {result}.";
const each = "Each gets {result}.";

export const oneStep: Readonly<Record<string, readonly Problem[]>> = {
  add: problems(
    ["+"],
    [
      ["{name} has {aThings} and buys {b} more. How many {things} does {name} have?", has],
      ["{name} has {aThings} and finds {b} more. How many {things} does {he} have now?", has],
      ["{name} had {aThings}. Then {he} got {b} more. How many {things} does {name} have now?", has],
      ["{name} has {aThings}. {other} gives {him} {b} more. How many {things} does {name} have?", has],
      ["If {name} has {aThings} and gets {b} more, how many {things} does {he} have?", has],
      ["{name} picks {aThings} in the morning and {b} in the evening. How many {things} does {he} have?", has],
      ["There are {aThings} on the table. {name} puts {b} more on it. How many {things} are there?", total],
      ["There are {aThings} in a box and {b} in a bag. How many {things} are there in all?", total],
      ["A shop has {aThings} and gets {b} more. How many {things} are there now?", total],
      ["{name} has {aThings} and {other} has {b}. How many {things} do they have together?", together],
      ["{name} has {aThings}. {other} has {bThings}. How many {things} do they have in all?", together],
      ["{name} found {aThings} and {other} found {b}. How many {things} do they have together?", together],
    ],
  ),
  subtract: problems(
    ["-"],
    [
      ["{name} has {aThings} and gives away {b}. How many {things} are left?", left],
      ["{name} has {aThings} and loses {b}. How many {things} does {he} have left?", left],
      ["{name} had {aThings} and sold {b}. How many {things} does {name} have left?", left],
      ["{name} has {aThings}. {he} gives {b} to {other}. How many {things} does {name} have left?", left],
      ["If {name} has {aThings} and uses {b}, how many {things} are left?", left],
      ["{name} had {aThings}, but {b} broke. How many {things} does {he} have left?", left],
      ["{name} has {aThings}. {other} takes {b} of them. How many {things} does {name} have left?", left],
      ["Of {name}'s {aThings}, {b} are gone. How many {things} are left?", left],
      ["There are {aThings} in a box. {name} takes out {b}. How many {things} are there now?", total],
      ["There were {aThings} on the table. {b} fell down. How many {things} are there now?", total],
    ],
  ),
  difference: problems(
    ["-"],
    [
      [
        "{name} has {aThings} and {other} has {b}. How many more {things} does {name} have?",
        "{name} has {result} more.",
      ],
      [
        "{other} has {bThings} and {name} has {a}. How many more {things} does {name} have?",
        "{name} has {result} more.",
      ],
      [
        "{name} found {aThings}, {other} found {b}. How many more {things} did {name} find?",
        "{name} has {result} more.",
      ],
      ["{name} needs {aThings} and has {b}. How many {things} are missing?", "{name} needs {result}."],
      ["{name} wants {aThings}. {he} has {b}. How many more {things} does {he} need?", "{name} needs {result}."],
      ["{name} has {bThings} but needs {a}. How many {things} does {he} still need?", "{name} needs {result}."],
    ],
  ),
  multiply: problems(
    ["*"],
    [
      ["There are {a} boxes with {bThings} each. How many {things} are there?", total],
      ["There are {a} bags. Each bag has {bThings}. How many {things} are there in all?", total],
      ["There are {a} rows of {bThings}. How many {things} are there?", total],
      ["{a} children have {bThings} each. How many {things} are there in all?", total],
      ["{name} has {a} boxes with {bThings} in each box. How many {things} does {name} have?", has],
      ["{name} buys {a} bags of {bThings}. How many {things} does {he} have?", has],
      ["{name} gets {bThings} a day. How many {things} does {he} have after {a} days?", has],
      ["If {name} fills {a} baskets with {bThings} each, how many {things} does {he} have?", has],
    ],
  ),
  divide: problems(
    ["/"],
    [
      ["{name} shares {aThings} among {b} friends. How many {things} does each friend get?", each],
      ["{aThings} are shared by {b} children. How many {things} does each child get?", each],
      ["{b} children share {aThings}. How many {things} does each child get?", each],
      ["{name} gives {aThings} to {b} friends, the same number to each. How many does each get?", each],
      ["If {b} friends share {aThings}, how many {things} does each get?", each],
      [
        "{name} puts {aThings} into {b} boxes, the same number in each. How many {things} are in a box?",
        "A box has {result}.",
      ],
      ["There are {aThings} in {b} equal bags. How many {things} are in each bag?", "A bag has {result}."],
      ["{aThings} fill {b} equal boxes. How many {things} are in each box?", "A box has {result}."],
    ],
  ),
};

export const twoSteps: Readonly<Record<string, readonly Problem[]>> = {
  "add, then subtract": problems(
    ["+", "-"],
    [
      ["{name} has {aThings} and buys {b} more. Then {he} gives away {c}. How many {things} are left?", left],
      ["{name} had {aThings}. {he} found {b} and lost {c}. How many {things} does {name} have left?", left],
      ["{name} has {aThings}. {other} gives {him} {b}. {name} uses {c}. How many {things} does {he} have left?", left],
      ["{name} picks {aThings} and then {b} more. {he} gives {c} to {other}. How many {things} are left?", left],
      ["If {name} has {aThings}, gets {b} and sells {c}, how many {things} are left?", left],
      ["A box has {aThings}. {name} puts in {b} and takes out {c}. How many {things} are there now?", total],
    ],
  ),
  "subtract, then add": problems(
    ["-", "+"],
    [
      ["{name} has {aThings} and gives away {b}. Then {he} buys {c} more. How many {things} does {name} have?", has],
      ["{name} had {aThings}. {he} lost {b} and found {c}. How many {things} does {name} have now?", has],
      ["{name} has {aThings}. {he} sells {b} and gets {c}. How many {things} does {he} have?", has],
      ["If {name} has {aThings}, uses {b} and buys {c}, how many {things} does {he} have?", has],
      ["{name} has {aThings}. {other} takes {b} and later brings {c}. How many {things} does {name} have?", has],
      ["A box has {aThings}. {name} takes out {b} and puts in {c}. How many {things} are there now?", total],
    ],
  ),
  "subtract twice": problems(
    ["-", "-"],
    [
      ["{name} has {aThings}. {he} gives {b} to {other} and loses {c}. How many {things} are left?", left],
      ["{name} had {aThings}, sold {b} and then {c} more. How many {things} does {he} have left?", left],
      ["{name} has {aThings}. {he} uses {b} today and {c} tomorrow. How many {things} are left?", left],
      ["If {name} has {aThings} and gives away {b} and then {c}, how many {things} are left?", left],
    ],
  ),
  "add twice": problems(
    ["+", "+"],
    [
      ["{name} has {aThings}. {he} finds {b} and then {c} more. How many {things} does {name} have?", has],
      ["{name} had {aThings}, bought {b} and got {c}. How many {things} does {he} have now?", has],
      ["If {name} has {aThings}, gets {b} and finds {c}, how many {things} does {he} have?", has],
      ["There are {aThings} in a box, {b} in a bag and {c} on the table. How many {things} are there?", total],
    ],
  ),
  "multiply, then add": problems(
    ["*", "+"],
    [
      ["{name} has {a} boxes with {bThings} each and {c} more. How many {things} does {name} have?", has],
      ["{name} buys {a} bags of {bThings} and finds {c}. How many {things} does {he} have?", has],
      ["There are {a} rows of {bThings} and {c} more. How many {things} are there?", total],
      ["There are {a} boxes with {bThings} each. {name} brings {c} more. How many {things} are there?", total],
    ],
  ),
  "multiply, then subtract": problems(
    ["*", "-"],
    [
      ["{name} has {a} boxes with {bThings} each and gives away {c}. How many {things} are left?", left],
      ["{name} buys {a} bags of {bThings} and uses {c}. How many {things} does {he} have left?", left],
      ["There are {a} boxes with {bThings} each. {c} break. How many {things} are there now?", total],
      ["There are {a} rows of {bThings}. {name} takes {c}. How many {things} are there now?", total],
    ],
  ),
  "add, then divide": problems(
    ["+", "/"],
    [
      ["{name} has {aThings} and buys {b}. {c} friends share them. How many {things} does each get?", each],
      [
        "{name} has {aThings} and {other} has {b}. They put them into {c} equal bags. How many are in a bag?",
        "A bag has {result}.",
      ],
      ["{name} found {aThings} and then {b} more. {c} children share them. How many {things} does each get?", each],
    ],
  ),
};
