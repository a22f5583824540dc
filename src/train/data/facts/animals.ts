// Facts about animals: sounds, young, homes, legs, food, and which is bigger.

import { paired } from "../words/english.js";
import type { Relation } from "./relation.js";

/** Animal: what it does with its voice. */
export const sounds = paired(`
dog: barks; cat: meows; cow: moos; sheep: bleats; horse: neighs; pig: oinks; duck: quacks; frog: croaks; lion: roars;
bee: buzzes; mouse: squeaks; owl: hoots; snake: hisses; wolf: howls; rooster: crows; donkey: brays; bird: sings;
goose: honks; hen: clucks; crow: caws; elephant: trumpets; bear: growls; turkey: gobbles`);

const young = paired(`
dog: puppy; cat: kitten; cow: calf; horse: foal; sheep: lamb; pig: piglet; hen: chick; duck: duckling; goose: gosling;
swan: cygnet; bear: cub; lion: cub; tiger: cub; frog: tadpole; kangaroo: joey; goat: kid; deer: fawn; owl: owlet;
eagle: eaglet; elephant: calf; whale: calf; wolf: pup; seal: pup`);

const homes = paired(`
bee: hive; bird: nest; spider: web; lion: den; horse: stable; pig: sty; rabbit: burrow; ant: anthill; fox: den;
bear: cave; hen: coop; snail: shell`);

const legs = paired(`
dog: 4; cat: 4; cow: 4; horse: 4; pig: 4; sheep: 4; frog: 4; mouse: 4; lion: 4; elephant: 4; rabbit: 4; fox: 4; goat: 4;
bird: 2; duck: 2; hen: 2; owl: 2; spider: 8; ant: 6; bee: 6; fly: 6; beetle: 6; butterfly: 6; fish: 0; snake: 0;
snail: 0; whale: 0; shark: 0`);

const food = paired(`
cow: grass; horse: grass; sheep: grass; rabbit: grass; lion: meat; tiger: meat; wolf: meat; shark: fish; penguin: fish;
seal: fish; panda: bamboo; koala: leaves; giraffe: leaves; caterpillar: leaves; frog: insects; spider: insects;
squirrel: nuts; anteater: ants`);

/** From small to big, far enough apart that nobody disagrees. */
const bySize = ["ant", "mouse", "rabbit", "goat", "horse", "elephant", "whale"];
const sizes = bySize.flatMap((small, i) => bySize.slice(i + 1).map((big): [string, string] => [small, big]));

export const animals: readonly Relation[] = [
  {
    name: "sound",
    facts: sounds,
    questions: [
      "What sound does {as} make?",
      "What does {as} do with its voice?",
      "Which sound does {as} make?",
      "What noise does {as} make?",
      "How does {as} sound?",
      "Tell me what sound {as} makes.",
      "What do you hear from {as}?",
      "Do you know what sound {as} makes?",
    ],
    answer: "{As} {o}.",
  },
  {
    name: "young animal",
    facts: young,
    questions: [
      "What is a baby {s} called?",
      "What do you call a baby {s}?",
      "What is the name for a baby {s}?",
      "What is the word for a young {s}?",
      "What is a young {s} called?",
      "Tell me what a baby {s} is called.",
      "How do you call the baby of {as}?",
      "A baby {s} is called what?",
    ],
    answer: "A baby {s} is called {ao}.",
  },
  {
    name: "animal home",
    facts: homes,
    questions: [
      "Where does {as} live?",
      "What is the home of {as}?",
      "What does {as} live in?",
      "Where is the home of {as}?",
      "Tell me where {as} lives.",
      "In what does {as} live?",
      "What is the home of {as} called?",
      "Do you know where {as} lives?",
    ],
    answer: "{As} lives in {ao}.",
  },
  {
    name: "legs",
    facts: legs,
    questions: [
      "How many legs does {as} have?",
      "How many legs has {as}?",
      "What number of legs does {as} have?",
      "Tell me how many legs {as} has.",
      "Count the legs of {as}.",
      "How many legs are there on {as}?",
      "On how many legs does {as} walk?",
      "Do you know how many legs {as} has?",
    ],
    answer: "{As} has {o} legs.",
  },
  {
    name: "animal food",
    facts: food,
    questions: [
      "What does {as} eat?",
      "What do you feed {as}?",
      "What is the food of {as}?",
      "Tell me what {as} eats.",
      "What food does {as} eat?",
      "What does {as} like to eat?",
      "Do you know what {as} eats?",
      "{As} eats what?",
    ],
    answer: "{As} eats {o}.",
  },
  {
    name: "bigger animal",
    facts: sizes,
    questions: [
      "Which is bigger, {as} or {ao}?",
      "Which is bigger, {ao} or {as}?",
      "What is bigger, {as} or {ao}?",
      "What is bigger, {ao} or {as}?",
      "Which animal is bigger, {as} or {ao}?",
      "Which animal is bigger, {ao} or {as}?",
      "Is {as} or {ao} bigger?",
      "Is {ao} or {as} bigger?",
    ],
    answer: "{Ao} is bigger than {as}.",
    short: "{Ao}",
  },
  {
    name: "smaller animal",
    facts: sizes,
    questions: [
      "Which is smaller, {as} or {ao}?",
      "Which is smaller, {ao} or {as}?",
      "What is smaller, {as} or {ao}?",
      "What is smaller, {ao} or {as}?",
      "Which animal is smaller, {as} or {ao}?",
      "Which animal is smaller, {ao} or {as}?",
      "Is {as} or {ao} smaller?",
      "Is {ao} or {as} smaller?",
    ],
    answer: "{As} is smaller than {ao}.",
    short: "{As}",
  },
];
