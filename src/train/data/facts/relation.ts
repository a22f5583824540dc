// The shape of facts: a relation holds between many pairs and is asked for in several wordings.
//
// Slots of the templates: {s} and {o} are subject and object, {as} and {ao} have their article, and
// {S}, {O}, {As}, {Ao} are these with a capital. An object such as "60 seconds" also gives {number} and
// {units}.

import type { Random } from "../random.js";
import { wordingKeys } from "../split.js";
import { fill, turn } from "../task.js";
import type { Draft, Kind } from "../types.js";
import { capitalised, listed, withArticle } from "../words/english.js";

export interface Relation {
  name: string;
  /** How often one of its facts is asked, relative to a fact of another relation. */
  weight?: number;
  facts: readonly (readonly [subject: string, object: string])[];
  questions: readonly string[];
  answer: string;
  /** The core of the answer. Default: the object. */
  short?: string;
}

/** A relation as a kind of question. What is held out is a wording of a fact, not the fact. */
export function relationKind(relation: Relation): Kind {
  const { name, facts, weight = 1 } = relation;
  return { name, weight: weight * facts.length, draw: (random) => drawFact(random, relation) };
}

export function drawFact(random: Random, relation: Relation, fact = random.pick(relation.facts)): Draft {
  const { name, questions, answer, short = "{o}" } = relation;
  const wording = random.int(0, questions.length - 1);
  const values = slots(fact);
  const question = fill(questions[wording], values).replace(/s's\b/g, "s'"); // "the United States' capital"
  return turn(question, fill(answer, values), wordingKeys(`${name} ${fact[0]}`, wording), {
    short: fill(short, values),
  });
}

export function slots([s, o]: readonly [string, string]): Record<string, string> {
  const [as, ao] = [withArticle(s), withArticle(o)];
  const [number, ...units] = o.split(" ");
  const capitals = { S: capitalised(s), O: capitalised(o), As: capitalised(as), Ao: capitalised(ao) };
  return { s, o, as, ao, ...capitals, number, units: units.join(" ") };
}

/** Facts with questions of their own: "question | question | ... = answer (core)", one a line. */
export function singleFacts(name: string, lines: string): Kind {
  const facts = listed(lines).map((line) => {
    const [, questions, answer, short] = /^(.+) = ([^(]+?)(?: \((.+)\))?$/.exec(line) as RegExpExecArray;
    return { questions: questions.split(" | "), answer, short };
  });
  return {
    name,
    weight: facts.length,
    draw: (random) => {
      const { questions, answer, short } = random.pick(facts);
      const wording = random.int(0, questions.length - 1);
      return turn(questions[wording], answer, wordingKeys(`${name} ${answer}`, wording), { short });
    },
  };
}
