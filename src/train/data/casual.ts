// How people type: without the capital or the question mark, with a greeting before the question
// or a "please" behind it. Changes the wording of a question, never what it asks.

import type { Random } from "./random.js";

const openings = ["Hi! ", "Hello! ", "Hey, ", "Please: ", "Quick question: ", "Question: ", "OK. ", "Now: ", "So, "];
const asPeopleDo = 0.3; // of all questions

/** The question, or one of its casual forms. */
export function casual(question: string, random: Random): string {
  if (!random.chance(asPeopleDo)) return question;
  switch (random.int(0, 5)) {
    case 0:
      return lowerFirst(question);
    case 1:
      return withoutEnd(question);
    case 2:
      return question.toLowerCase();
    case 3:
      return withoutEnd(question.toLowerCase());
    case 4:
      return question.replace(/(?<=\w)\?$/, ", please?");
    default:
      return random.pick(openings) + question;
  }
}

function withoutEnd(text: string): string {
  return text.replace(/ ?[.?!]$/, "");
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
