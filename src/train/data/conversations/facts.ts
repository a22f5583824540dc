// The same question about another subject: "And of Italy?"

import { drawFact, type Relation } from "../facts/relation.js";
import type { Random } from "../random.js";
import { fill } from "../task.js";
import { relations } from "../tasks/facts.js";
import type { Draft } from "../types.js";
import { withArticle } from "../words/english.js";

/** By relation: the article of the subject in a short question. */
const articles: Readonly<Record<string, "a" | "">> = {
  capital: "",
  continent: "",
  "language of a country": "",
  opposite: "",
  plural: "",
  "past tense": "",
  color: "a",
  sound: "a",
  legs: "a",
  "animal food": "a",
  "number in words": "",
};
const another = [
  "And {s}?",
  "What about {s}?",
  "How about {s}?",
  "And for {s}?",
  "Now {s}.",
  "{s}?",
  "And what about {s}?",
];

/** Relations whose questions can be cut down to their subject. */
export function shortenable(): Relation[] {
  return relations().filter(({ name }) => name in articles);
}

export function aboutAnother(random: Random, among: readonly Relation[]): Draft {
  const relation = random.pick(among);
  const subjects = random.sample(relation.facts, random.int(2, 3));
  const drafts = subjects.map((fact, i) => {
    const draft = drawFact(random, relation, fact);
    if (i === 0) return draft;
    const wording = random.int(0, another.length - 1);
    const subject = articles[relation.name] === "a" ? withArticle(fact[0]) : fact[0];
    const question = fill(another[wording], { s: subject });
    const turns: [string, string][] = [[question, draft.turns[0][1]]];
    return { turns, keys: [`${relation.name} ${fact[0]} + ${wording}`] };
  });
  return { turns: drafts.flatMap(({ turns }) => turns), keys: drafts.flatMap(({ keys }) => keys) };
}
