// Stories about animals, on request. The only task whose answer is not a function of the question:
// what the request leaves open is drawn, everything else follows.

import type { Random } from "../random.js";
import { checkStory, storyParser } from "../story/parse.js";
import { places, storyAnimals, storyColors, storyObjects } from "../story/world.js";
import { type Story, writeStory } from "../story/write.js";
import { expectedAnswer, taskOf, turn } from "../task.js";
import type { StoryRequest, Task } from "../types.js";
import { withArticle } from "../words/english.js";
import { allNames, names } from "../words/names.js";

const wishes = [
  "Tell me {story}.",
  "Tell {story}.",
  "Write {story}.",
  "Write me {story}.",
  "Can you tell me {story}?",
  "I want to hear {story}.",
  "Please tell me {story}.",
  "Make up {story}.",
  "Give me {story}.",
  "I would like {story}.",
];

export function stories(): Task {
  const parser = storyParser();
  return taskOf(
    "stories",
    [
      {
        name: "story",
        weight: 1,
        draw: (random) => {
          const request = drawRequest(random);
          const story = writeStory(random, request);
          return turn(askFor(random, request), story.text, [storyKey(request, story)], { check: { story: request } });
        },
      },
    ],
    (example, answer) => ({
      ...checkStory(parser, answer, example.check?.story ?? {}),
      exact: answer === expectedAnswer(example),
    }),
  );
}

/** Each thing that can be asked for is asked for about as often as not. */
export function drawRequest(random: Random): StoryRequest {
  const animal = random.chance(0.95) ? random.pick(storyAnimals) : undefined;
  if (animal === undefined) return {};
  const object = random.chance(0.4) ? random.pick(storyObjects) : undefined;
  const request: StoryRequest = {
    animal,
    name: random.chance(0.45) ? random.pick(random.chance(0.6) ? names : allNames) : undefined,
    friend: random.chance(0.3) ? random.pick(storyAnimals.filter((each) => each !== animal)) : undefined,
    object,
    color: object !== undefined && random.chance(0.6) ? random.pick(storyColors) : undefined,
    place: random.chance(0.3) ? random.pick(Object.keys(places)) : undefined,
    length: random.chance(0.3) ? random.pick(["short", "long"] as const) : undefined,
  };
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
}

/** "Tell me a short story about a fox named Tom and a duck with a red kite in the forest." */
export function askFor(random: Random, request: StoryRequest): string {
  const { animal, name, friend, object, color, place, length } = request;
  const parts = [length === undefined ? "a story" : `a ${length} story`];
  if (animal !== undefined) parts.push(`about ${withArticle(animal)}`);
  if (name !== undefined) parts.push(`${random.pick(["named", "called"])} ${name}`);
  if (friend !== undefined) parts.push(`and ${withArticle(friend)}`);
  if (object !== undefined) parts.push(`with a ${color === undefined ? "" : `${color} `}${object}`);
  if (place !== undefined) parts.push(places[place]);
  return random.pick(wishes).replace("{story}", parts.join(" "));
}

/** Who and what is in it: the same cast with the same things is the same story, however it is told. */
export function storyKey(request: StoryRequest, { hero, state }: Story): string {
  const things = [...state.colors].map(([object, color]) => `${color} ${object}`);
  return `story ${request.animal ?? ""} ${hero} ${things.join(" ")}`;
}
