// Facts of everyday life: colors, the body, tools, jobs, units, shapes.

import { paired } from "../words/english.js";
import type { Relation } from "./relation.js";

/** Things that are counted, with an article. */
const colorsOfThings = paired(`
banana: yellow; lemon: yellow; strawberry: red; tomato: red; cherry: red; carrot: orange; pumpkin: orange;
cucumber: green; pea: green; frog: green; swan: white; polar bear: white; crow: black; flamingo: pink; ruby: red;
emerald: green; fire truck: red; cloud: white`);

const colorsOfStuff = paired(`
snow: white; milk: white; salt: white; rice: white; flour: white; coal: black; grass: green; spinach: green;
blood: red; chocolate: brown; coffee: brown; the sky: blue; the sea: blue`);

const mixtures = paired(`
blue and yellow: green; red and yellow: orange; red and blue: purple; black and white: gray; red and white: pink;
yellow and blue: green; yellow and red: orange; blue and red: purple; white and black: gray; white and red: pink`);

const senses = paired(`
see: eyes; hear: ears; smell: nose; taste: tongue; bite: teeth; walk: feet; think: brain; breathe: lungs; kiss: lips`);

const bodyParts = paired(`
eyes: 2 eyes; ears: 2 ears; noses: 1 nose; mouths: 1 mouth; arms: 2 arms; hands: 2 hands; legs: 2 legs; feet: 2 feet;
knees: 2 knees; fingers: 10 fingers; toes: 10 toes; heads: 1 head; thumbs: 2 thumbs; elbows: 2 elbows;
shoulders: 2 shoulders; hearts: 1 heart; lungs: 2 lungs`);

const tools = paired(`
cut paper: scissors; write on paper: a pen; eat soup: a spoon; open a lock: a key; hit a nail: a hammer;
sweep the floor: a broom; dry your hands: a towel; brush your teeth: a toothbrush; sew a button: a needle;
dig a hole: a shovel; cut bread: a knife; tell the time: a clock; look at the stars: a telescope; comb your hair: a comb;
draw a line: a ruler; take a picture: a camera; wash your hands: soap; keep dry in the rain: an umbrella;
cut wood: a saw; call a friend: a phone`);

const jobs = paired(`
puts out fires: firefighter; teaches children: teacher; flies a plane: pilot; bakes bread: baker; catches fish: fisherman;
cuts hair: barber; grows corn: farmer; cooks in a restaurant: chef; treats sick people: doctor; treats sick animals: vet;
repairs teeth: dentist; delivers letters: mail carrier; drives a bus: bus driver; plays in films: actor; writes books: writer;
paints pictures: painter; builds houses: builder; takes photos: photographer; leads a ship: captain; repairs cars: mechanic;
flies to space: astronaut; sells meat: butcher; works with wood: carpenter`);

/** Bigger unit: how many of the smaller ones it has. */
const units = paired(`
minute: 60 seconds; hour: 60 minutes; day: 24 hours; week: 7 days; year: 12 months; decade: 10 years;
century: 100 years; meter: 100 centimeters; kilometer: 1000 meters; centimeter: 10 millimeters; kilogram: 1000 grams;
dollar: 100 cents; foot: 12 inches; yard: 3 feet; pound: 16 ounces; dozen: 12 pieces; liter: 1000 milliliters;
ton: 1000 kilograms; quarter of an hour: 15 minutes; half hour: 30 minutes; weekend: 2 days; leap year: 366 days`);

const shapes = paired(`
triangle: 3 sides; square: 4 sides; rectangle: 4 sides; pentagon: 5 sides; hexagon: 6 sides; heptagon: 7 sides;
octagon: 8 sides; cube: 6 faces`);

const products = paired(`
bees: honey; cows: milk; hens: eggs; spiders: webs; bakers: bread; painters: pictures; birds: nests; poets: poems`);

export const everyday: readonly Relation[] = [
  {
    name: "color",
    facts: colorsOfThings,
    questions: colorQuestions("{as}"),
    answer: "{As} is {o}.",
  },
  {
    name: "color of stuff",
    facts: colorsOfStuff,
    questions: colorQuestions("{s}"),
    answer: "{S} is {o}.",
  },
  {
    name: "mixed colors",
    facts: mixtures,
    questions: [
      "What color do {s} make?",
      "What do you get when you mix {s}?",
      "Which color do {s} make?",
      "What color do you get when you mix {s}?",
      "Mix {s}. What color is it?",
      "What does mixing {s} give?",
      "{S} make which color?",
      "Tell me what color {s} make.",
    ],
    answer: "{S} make {o}.",
  },
  {
    name: "senses",
    weight: 2,
    facts: senses,
    questions: [
      "What do you {s} with?",
      "What do people {s} with?",
      "With what do you {s}?",
      "What do we {s} with?",
      "Which part of the body do you {s} with?",
      "What part of the body do you use to {s}?",
      "What do you need to {s}?",
      "Tell me what people {s} with.",
    ],
    answer: "You {s} with your {o}.",
  },
  {
    name: "body",
    facts: bodyParts,
    questions: [
      "How many {s} does a person have?",
      "How many {s} do people have?",
      "How many {s} does a human have?",
      "How many {s} does everybody have?",
      "Tell me how many {s} a person has.",
      "What number of {s} does a person have?",
      "A person has how many {s}?",
      "How many {s} has a person?",
    ],
    answer: "A person has {o}.",
    short: "{number}",
  },
  {
    name: "tool for a task",
    facts: tools,
    questions: [
      "What do you use to {s}?",
      "What do you need to {s}?",
      "With what do you {s}?",
      "What can I use to {s}?",
      "What do people use to {s}?",
      "What should I use to {s}?",
      "I want to {s}. What do I need?",
      "Tell me what I need to {s}.",
    ],
    answer: "You {s} with {o}.",
  },
  {
    name: "job",
    facts: jobs,
    questions: [
      "Who {s}?",
      "What do you call a person who {s}?",
      "Which person {s}?",
      "What is the job of somebody who {s}?",
      "What is a person who {s} called?",
      "Tell me who {s}.",
      "What is the name for somebody who {s}?",
      "Somebody who {s} is called what?",
    ],
    answer: "{Ao} {s}.",
  },
  {
    name: "unit",
    facts: units,
    questions: [
      "How many {units} are in {as}?",
      "How many {units} are there in {as}?",
      "How many {units} does {as} have?",
      "{As} has how many {units}?",
      "How many {units} make {as}?",
      "How many {units} is {as}?",
      "Tell me how many {units} are in {as}.",
      "What is {as} in {units}?",
    ],
    answer: "{As} has {o}.",
    short: "{number}",
  },
  {
    name: "shape",
    facts: shapes,
    questions: [
      "How many {units} does {as} have?",
      "How many {units} are on {as}?",
      "How many {units} has {as}?",
      "{As} has how many {units}?",
      "Tell me how many {units} {as} has.",
      "What number of {units} does {as} have?",
      "Count the {units} of {as}.",
      "Do you know how many {units} {as} has?",
    ],
    answer: "{As} has {o}.",
    short: "{number}",
  },
  {
    name: "product",
    facts: products,
    questions: [
      "What do {s} make?",
      "What do we get from {s}?",
      "What do {s} give us?",
      "Tell me what {s} make.",
      "What is it that {s} make?",
      "What can you get from {s}?",
      "Which thing do {s} make?",
      "Do you know what {s} make?",
    ],
    answer: "{S} make {o}.",
  },
];

function colorQuestions(thing: string): string[] {
  return [
    `What color is ${thing}?`,
    `What colour is ${thing}?`,
    `Which color is ${thing}?`,
    `Tell me the color of ${thing}.`,
    `What is the color of ${thing}?`,
    `Which color does ${thing} have?`,
    `What is the usual color of ${thing}?`,
    `Do you know what color ${thing} is?`,
    `Say what color ${thing} is.`,
  ];
}
