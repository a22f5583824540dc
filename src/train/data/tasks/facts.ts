// Facts: a closed list of things that are true. What is held out is a wording of a fact: every fact
// is taught, but not with every question.

import { animals } from "../facts/animals.js";
import { everyday } from "../facts/everyday.js";
import { geography } from "../facts/geography.js";
import { language } from "../facts/language.js";
import { numbers, ordinals } from "../facts/numbers.js";
import { type Relation, relationKind, singleFacts } from "../facts/relation.js";
import { everydayLife, planets, skyAndEarth } from "../facts/world.js";
import { taskOf } from "../task.js";
import type { Task } from "../types.js";

export function relations(): Relation[] {
  return [...geography, ...language, ...animals, ...everyday, ...numbers, ...planetRelations()];
}

export function facts(): Task {
  return taskOf("facts", [
    ...relations().map(relationKind),
    singleFacts("sky and earth", skyAndEarth),
    singleFacts("everyday life", everydayLife),
  ]);
}

function planetRelations(): Relation[] {
  const positions = planets.map((planet, i): [string, string] => [planet, ordinals[i]]);
  return [
    {
      name: "planet at a place",
      facts: positions,
      questions: [
        "What is the {o} planet from the sun?",
        "Which planet is the {o} from the sun?",
        "Name the {o} planet from the sun.",
        "What planet is the {o} from the sun?",
        "Tell me the {o} planet from the sun.",
        "Counted from the sun, what is the {o} planet?",
        "Which is the {o} planet?",
        "What is the {o} planet?",
      ],
      answer: "The {o} planet from the sun is {s}.",
      short: "{s}",
    },
    {
      name: "kind of celestial body",
      facts: planets.map((planet): [string, string] => [planet, "planet"]),
      questions: ["What is {s}?", "What kind of thing is {s}?", "Tell me what {s} is.", "Do you know what {s} is?"],
      answer: "{S} is {ao}.",
      short: "{Ao}",
    },
  ];
}
