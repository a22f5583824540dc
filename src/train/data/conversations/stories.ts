// Questions about a story, whether the model has told it or the user.

import type { Random } from "../random.js";
import { at, type State } from "../story/world.js";
import { type Story, writeStory } from "../story/write.js";
import { askFor, drawRequest, storyKey } from "../tasks/stories.js";
import type { Draft } from "../types.js";
import { withArticle } from "../words/english.js";

/** A story on request, then one or two questions about its end. */
export function storyAndQuestion(random: Random): Draft {
  const request = drawRequest(random);
  const story = writeStory(random, request);
  const asked = random.sample(questionsAbout(random, story), random.int(1, 2));
  return { turns: [[askFor(random, request), story.text], ...asked], keys: [storyKey(request, story)] };
}

/** The user tells a story and asks about it. */
export function toldByUser(random: Random): Draft {
  const request = drawRequest(random);
  const story = writeStory(random, request);
  const [[question, answer], ...others] = random.sample(questionsAbout(random, story), random.int(1, 2));
  return { turns: [[`${story.text} ${question}`, answer], ...others], keys: [storyKey(request, story)] };
}

/** Everything that can be asked, with its answer. */
function questionsAbout(random: Random, { state }: Story): [string, string][] {
  const questions: [string, string][] = [];
  for (const [name, animal] of state.animals) {
    const what = random.pick([`What animal is ${name}?`, `What is ${name}?`, `Which animal is ${name}?`]);
    questions.push([what, `${name} is ${withArticle(animal)}.`]);
    const where = state.whereabouts.get(name);
    const ask = random.pick([`Where is ${name} now?`, `Where is ${name}?`, `Where is ${name} at the end?`]);
    if (where !== undefined) questions.push([ask, `${name} is ${at(where)}.`]);
  }
  for (const [object, color] of state.colors) questions.push(...aboutThing(random, state, object, color));
  return questions;
}

function aboutThing(random: Random, { animals, holders }: State, object: string, color: string): [string, string][] {
  const holder = holders.get(object);
  const who = random.pick([
    `Who has the ${object} now?`,
    `Who has the ${object}?`,
    `Who has the ${object} at the end?`,
  ]);
  const tone = random.pick([`What color is the ${object}?`, `Which color does the ${object} have?`]);
  return [
    [tone, `The ${object} is ${color}.`],
    ...(holder !== undefined && animals.has(holder) ? [[who, `${holder} has the ${object}.`] as [string, string]] : []),
  ];
}
