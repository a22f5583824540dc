// Weekdays, months and the calendar: neighbours, distances, lengths, leap years.

import { ordinals } from "../facts/numbers.js";
import type { Random } from "../random.js";
import { wordingKeys } from "../split.js";
import { fill, taskOf, turn } from "../task.js";
import type { Draft, Task } from "../types.js";
import { counted, numbered } from "../words/english.js";

export const weekdays = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(" ");
export const months = "January February March April May June July August September October November December".split(
  " ",
);
const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const nth = [...ordinals, "eleventh", "twelfth"];

const after = [
  "What day comes after {day}?",
  "Which day comes after {day}?",
  "What is the day after {day}?",
  "What day follows {day}?",
  "Which day is after {day}?",
  "If today is {day}, what day is tomorrow?",
  "Today is {day}. What day is tomorrow?",
  "What is the next day after {day}?",
];
const before = [
  "What day comes before {day}?",
  "Which day comes before {day}?",
  "What is the day before {day}?",
  "Which day is before {day}?",
  "If today is {day}, what day was yesterday?",
  "Today is {day}. What day was yesterday?",
  "What day is right before {day}?",
  "Tell me the day before {day}.",
];
const later = [
  "What day is {days} after {day}?",
  "Which day is {days} after {day}?",
  "What weekday is {days} after {day}?",
  "If today is {day}, what day is it in {days}?",
  "Today is {day}. What day is it in {days}?",
  "Today is {day}. Which weekday is it {days} later?",
  "What day comes {days} after {day}?",
  "It is {day}. What day will it be in {days}?",
];
const earlier = [
  "What day is {days} before {day}?",
  "Which day is {days} before {day}?",
  "What weekday is {days} before {day}?",
  "If today is {day}, what day was it {days} ago?",
  "Today is {day}. What day was it {days} ago?",
  "Today is {day}. Which weekday was it {days} ago?",
  "What day comes {days} before {day}?",
  "It is {day}. What day was it {days} ago?",
];
const between = [
  "How many days are there from {from} to {to}?",
  "How many days is it from {from} to {to}?",
  "How many days after {from} is {to}?",
  "Count the days from {from} to {to}.",
  "How far is it from {from} to {to}?",
  "Today is {from}. In how many days is {to}?",
  "If today is {from}, how many days are left until {to}?",
  "From {from} to {to}, how many days is that?",
];
const monthAfter = [
  "What month comes after {month}?",
  "Which month comes after {month}?",
  "What is the month after {month}?",
  "What month follows {month}?",
  "Which month is after {month}?",
  "What is the next month after {month}?",
  "It is {month}. What is the next month?",
  "Tell me the month after {month}.",
];
const monthBefore = [
  "What month comes before {month}?",
  "Which month comes before {month}?",
  "What is the month before {month}?",
  "Which month is before {month}?",
  "What month is right before {month}?",
  "It is {month}. What was the last month?",
  "Tell me the month before {month}.",
  "Name the month before {month}.",
];
const monthLength = [
  "How many days does {month} have?",
  "How many days are in {month}?",
  "How many days are there in {month}?",
  "How long is {month}?",
  "How many days has {month}?",
  "Tell me the number of days in {month}.",
  "What is the length of {month}?",
  "{month} has how many days?",
];
const monthPlace = [
  "What is the {nth} month?",
  "What is the {nth} month of the year?",
  "Which month is the {nth} of the year?",
  "Name the {nth} month.",
  "Which is the {nth} month?",
  "Tell me the {nth} month of the year.",
  "What month is number {n}?",
  "Which month is number {n}?",
];
const dayPlace = [
  "What is the {nth} day of the week?",
  "Which day is the {nth} of the week?",
  "Name the {nth} day of the week.",
  "Tell me the {nth} day of the week.",
  "Which weekday is number {n}?",
  "What weekday is number {n}?",
];
const leap = [
  "Is {year} a leap year?",
  "Was {year} a leap year?",
  "Is the year {year} a leap year?",
  "Tell me if {year} is a leap year.",
  "Does {year} have 366 days?",
  "Does February have 29 days in {year}?",
  "Leap year or not: {year}?",
  "Is there a February 29 in {year}?",
];
const dateAfter = [
  "What date comes after {date}?",
  "What is the date after {date}?",
  "What is the day after {date}?",
  "Which date follows {date}?",
  "If today is {date}, what is tomorrow's date?",
  "Today is {date}. What is the date tomorrow?",
  "Tell me the date after {date}.",
  "What comes after {date}?",
];
const dateBefore = [
  "What date comes before {date}?",
  "What is the date before {date}?",
  "What is the day before {date}?",
  "Which date is before {date}?",
  "If today is {date}, what was yesterday's date?",
  "Today is {date}. What was the date yesterday?",
  "Tell me the date before {date}.",
  "What comes before {date}?",
];

export function dates(): Task {
  return taskOf("dates", [
    { name: "next day", weight: 4, draw: (random) => neighbour(random, "day", 1) },
    { name: "previous day", weight: 4, draw: (random) => neighbour(random, "day", -1) },
    { name: "days later", weight: 12, draw: (random) => shifted(random, 1) },
    { name: "days earlier", weight: 8, draw: (random) => shifted(random, -1) },
    { name: "days between", weight: 8, draw: distance },
    { name: "next month", weight: 4, draw: (random) => neighbour(random, "month", 1) },
    { name: "previous month", weight: 4, draw: (random) => neighbour(random, "month", -1) },
    { name: "month length", weight: 6, draw: lengthOfMonth },
    { name: "place in the year", weight: 4, draw: placeInYear },
    { name: "leap year", weight: 8, draw: leapYear },
    { name: "next date", weight: 8, draw: (random) => nextDate(random, 1) },
    { name: "previous date", weight: 6, draw: (random) => nextDate(random, -1) },
  ]);
}

export function neighbour(random: Random, unit: "day" | "month", step: 1 | -1): Draft {
  const cycle = unit === "day" ? weekdays : months;
  const at = random.int(0, cycle.length - 1);
  const found = cycle[(at + step + cycle.length) % cycle.length];
  const questions = unit === "day" ? (step === 1 ? after : before) : step === 1 ? monthAfter : monthBefore;
  const wording = random.int(0, questions.length - 1);
  const relation = step === 1 ? "after" : "before";
  return turn(
    fill(questions[wording], { [unit]: cycle[at] }),
    `The ${unit} ${relation} ${cycle[at]} is ${found}.`,
    wordingKeys(`${unit} ${relation} ${cycle[at]}`, wording),
    { short: found },
  );
}

function shifted(random: Random, direction: 1 | -1): Draft {
  const at = random.int(0, 6);
  const days = random.int(2, random.chance(0.7) ? 10 : 21);
  const found = weekdays[(at + direction * days + 7 * 3) % 7];
  const relation = direction === 1 ? "after" : "before";
  const question = fill(random.pick(direction === 1 ? later : earlier), { days: `${days} days`, day: weekdays[at] });
  const answer = `${counting(at, days, direction)}${days} days ${relation} ${weekdays[at]} is ${found}.`;
  return turn(question, answer, [`days ${relation} ${weekdays[at]} ${days}`]);
}

/** Whole weeks set apart, the other days one by one: "9 days are 1 week and 2 days. 1 Sunday, 2 Monday. " */
function counting(at: number, days: number, direction: 1 | -1): string {
  const [weeks, rest] = [Math.floor(days / 7), days % 7];
  const parts = [counted(weeks, ["week", "weeks"]), ...(rest > 0 ? [counted(rest, ["day", "days"])] : [])];
  const apart = weeks > 0 ? `${days} days are ${parts.join(" and ")}. ` : "";
  const passed = Array.from({ length: rest }, (_, i) => weekdays[(at + direction * (i + 1) + 7) % 7]);
  return apart + (rest > 0 ? `${numbered(passed)}. ` : "");
}

function distance(random: Random): Draft {
  const [from, to] = random.sample(weekdays, 2);
  const wording = random.int(0, between.length - 1);
  const days = (weekdays.indexOf(to) - weekdays.indexOf(from) + 7) % 7;
  const answer = `From ${from} to ${to} it is ${counted(days, ["day", "days"])}.`;
  return turn(fill(between[wording], { from, to }), answer, wordingKeys(`days from ${from} to ${to}`, wording), {
    short: String(days),
  });
}

function lengthOfMonth(random: Random): Draft {
  const at = random.int(0, 11);
  const wording = random.int(0, monthLength.length - 1);
  const inLeapYear = at === 1 && random.chance(0.5);
  const month = inLeapYear ? "February in a leap year" : months[at];
  const days = inLeapYear ? 29 : monthLengths[at];
  return turn(
    fill(monthLength[wording], { month }),
    `${months[at]} has ${days} days.`,
    wordingKeys(`length ${month}`, wording),
    {
      short: String(days),
    },
  );
}

function placeInYear(random: Random): Draft {
  const ofWeek = random.chance(0.35);
  const cycle = ofWeek ? weekdays : months;
  const at = random.int(0, cycle.length - 1);
  const questions = ofWeek ? dayPlace : monthPlace;
  const wording = random.int(0, questions.length - 1);
  const answer = ofWeek
    ? `The ${nth[at]} day of the week is ${cycle[at]}.`
    : `The ${nth[at]} month of the year is ${cycle[at]}.`;
  return turn(
    fill(questions[wording], { nth: nth[at], n: at + 1 }),
    answer,
    wordingKeys(`place ${cycle[at]}`, wording),
    {
      short: cycle[at],
    },
  );
}

/** The Gregorian rule. */
export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function leapYear(random: Random): Draft {
  // Half of them leap years, and full centuries, where the rule is different, often enough.
  const century = random.chance(0.15);
  const year = century ? 100 * random.int(16, 24) : random.int(1800, 2199);
  const chosen = !century && random.chance(0.35) ? year - (year % 4) : year;
  const is = isLeapYear(chosen);
  const answer = is ? `Yes, ${chosen} is a leap year.` : `No, ${chosen} is not a leap year.`;
  const wording = random.int(0, leap.length - 1);
  const keys = chosen % 100 === 0 ? wordingKeys(`leap ${chosen}`, wording) : [`leap ${chosen}`];
  return turn(fill(leap[wording], { year: chosen }), answer, keys, { short: is ? "Yes" : "No" });
}

/** Dates of a common year, the ends of months more often than others; from February 28 on to March 1. */
function nextDate(random: Random, step: 1 | -1): Draft {
  const month = random.int(0, 11);
  const length = monthLengths[month];
  const day = random.chance(0.4) ? (step === 1 ? length : 1) : random.int(1, length);
  const next = new Date(Date.UTC(2023, month, day + step)); // 2023: not a leap year
  const date = `${months[month]} ${day}`;
  const found = `${months[next.getUTCMonth()]} ${next.getUTCDate()}`;
  const questions = step === 1 ? dateAfter : dateBefore;
  const wording = random.int(0, questions.length - 1);
  const relation = step === 1 ? "after" : "before";
  // Ends of months are facts; the other dates are held out whatever the wording.
  const atEnd = next.getUTCMonth() !== month;
  const content = `date ${relation} ${date}`;
  const keys = atEnd ? wordingKeys(content, wording) : [content];
  return turn(fill(questions[wording], { date }), `The day ${relation} ${date} is ${found}.`, keys, { short: found });
}
