// Conversations: questions that lean on what was said before, system messages that change the form of
// the answer or nothing at all, questions about a story, and unrelated questions one after the other.

import { aboutAnother, shortenable } from "../conversations/facts.js";
import { calculationsGoOn, otherCalculation } from "../conversations/numbers.js";
import { nameIsRemembered, saidAgain, thanked } from "../conversations/people.js";
import { storyAndQuestion, toldByUser } from "../conversations/stories.js";
import { daysGoOn, listGoesOn, problemGoesOn, wordGoesOn } from "../conversations/subjects.js";
import type { Random } from "../random.js";
import { taskOf } from "../task.js";
import type { Draft, Task } from "../types.js";
import { neutralSystems, nothingElse, numberOnly } from "../words/instructions.js";
import { nouns, thingWords } from "../words/nouns.js";

/** @param tasks the tasks whose questions may occur in a conversation */
export function followUps(tasks: readonly Task[]): Task {
  const named = (...wanted: string[]) => tasks.filter(({ name }) => wanted.includes(name));
  const drawFrom = (from: readonly Task[]) => (random: Random) => random.weighted(random.pick(from).kinds).draw(random);
  const anything = drawFrom(tasks);
  const question = drawFrom(named("arithmetic", "word-problems", "facts", "lists", "dates", "spelling"));
  const numeric = drawFrom(named("arithmetic", "word-problems", "dates", "facts"));
  const factual = drawFrom(named("facts", "dates", "spelling"));
  const relations = shortenable();
  const [words, things] = [nouns(), thingWords()];
  return taskOf("follow-ups", [
    { name: "calculate on", weight: 14, draw: calculationsGoOn },
    { name: "another calculation", weight: 6, draw: otherCalculation },
    { name: "another fact", weight: 12, draw: (random) => aboutAnother(random, relations) },
    { name: "list", weight: 14, draw: (random) => listGoesOn(random, things) },
    { name: "days and months", weight: 5, draw: daysGoOn },
    { name: "word", weight: 6, draw: (random) => wordGoesOn(random, words) },
    { name: "word problem", weight: 6, draw: problemGoesOn },
    { name: "name", weight: 5, draw: (random) => nameIsRemembered(random, question) },
    { name: "said again", weight: 2, draw: (random) => saidAgain(random, question) },
    { name: "thanks", weight: 3, draw: (random) => thanked(random, question) },
    { name: "story and question", weight: 6, draw: storyAndQuestion },
    { name: "story told by the user", weight: 6, draw: toldByUser },
    { name: "several questions", weight: 8, draw: (random) => several(random, anything) },
    {
      name: "neutral system",
      weight: 10,
      draw: (random) => ({ ...anything(random), system: random.pick(neutralSystems) }),
    },
    { name: "only the number", weight: 7, draw: (random) => shortened(random, numeric, numberOnly, /^-?\d+$/) },
    { name: "only the answer", weight: 5, draw: (random) => shortened(random, factual, nothingElse, /^[\w ]+$/) },
  ]);
}

/** Two or three questions that have nothing to do with each other. */
function several(random: Random, draw: (random: Random) => Draft): Draft {
  const drafts = Array.from({ length: random.int(2, 3) }, () => draw(random));
  return {
    turns: drafts.flatMap(({ turns }) => turns),
    keys: drafts.flatMap(({ keys }) => keys),
    check: drafts[drafts.length - 1].check,
    ...(random.chance(0.3) ? { system: random.pick(neutralSystems) } : {}),
  };
}

/** One or two questions under a system message that wants only the core of every answer. */
function shortened(random: Random, draw: (random: Random) => Draft, systems: readonly string[], form: RegExp): Draft {
  const drafts: Draft[] = [];
  const wanted = random.int(1, 2);
  while (drafts.length < wanted) {
    const draft = draw(random);
    if (draft.short !== undefined && form.test(draft.short)) drafts.push(draft);
  }
  return {
    system: random.pick(systems),
    turns: drafts.map(({ turns, short }) => [turns[0][0], short as string]),
    keys: drafts.flatMap(({ keys }) => keys),
    check: drafts[drafts.length - 1].check,
  };
}
