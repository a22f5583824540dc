// Facts about English: opposites, plurals, past tenses, kinds of things.

import { listed, paired } from "../words/english.js";
import type { Relation } from "./relation.js";

/** Each word occurs once, so every word has one opposite. */
export const opposites = paired(`
hot: cold; big: small; tall: short; fast: slow; old: young; good: bad; happy: sad; full: empty; open: closed;
light: dark; high: low; hard: soft; wet: dry; clean: dirty; loud: quiet; strong: weak; rich: poor; thick: thin;
wide: narrow; early: late; left: right; up: down; in: out; on: off; over: under; near: far; first: last; day: night;
black: white; yes: no; true: false; always: never; all: none; many: few; more: less; begin: end; start: stop;
come: go; give: take; buy: sell; push: pull; win: lose; love: hate; laugh: cry; live: die; ask: answer; sit: stand;
sleep: wake; remember: forget; show: hide; inside: outside; above: below; before: after; front: back; top: bottom;
north: south; east: west; summer: winter; friend: enemy; war: peace; easy: difficult; sweet: sour; sharp: blunt;
deep: shallow; smooth: rough; alive: dead; awake: asleep; noisy: silent; polite: rude; safe: dangerous;
same: different; cheap: expensive; arrive: leave; lost: found; winner: loser; odd: even; warm: cool; beautiful: ugly;
possible: impossible; visible: invisible; with: without; everything: nothing; everybody: nobody`);

const plurals = paired(`
child: children; man: men; woman: women; foot: feet; tooth: teeth; goose: geese; mouse: mice; person: people; ox: oxen;
sheep: sheep; fish: fish; deer: deer; leaf: leaves; knife: knives; wife: wives; life: lives; wolf: wolves; half: halves;
shelf: shelves; loaf: loaves; thief: thieves; baby: babies; city: cities; story: stories; country: countries;
family: families; cherry: cherries; lady: ladies; party: parties; box: boxes; fox: foxes; bus: buses; glass: glasses;
dress: dresses; brush: brushes; dish: dishes; watch: watches; church: churches; peach: peaches; bench: benches;
potato: potatoes; tomato: tomatoes; hero: heroes; photo: photos; piano: pianos; cat: cats; dog: dogs; house: houses;
tree: trees; book: books; apple: apples; car: cars; hand: hands; horse: horses; day: days; boy: boys; key: keys;
toy: toys; monkey: monkeys; star: stars`);

const pastTenses = paired(`
go: went; come: came; see: saw; eat: ate; drink: drank; sing: sang; swim: swam; run: ran; give: gave; take: took;
make: made; have: had; do: did; say: said; get: got; find: found; think: thought; buy: bought; bring: brought;
catch: caught; teach: taught; fight: fought; sleep: slept; keep: kept; feel: felt; leave: left; meet: met; lose: lost;
sell: sold; tell: told; hold: held; stand: stood; sit: sat; win: won; begin: began; break: broke; speak: spoke;
write: wrote; drive: drove; ride: rode; rise: rose; fly: flew; grow: grew; know: knew; throw: threw; draw: drew;
build: built; send: sent; spend: spent; hear: heard; fall: fell; forget: forgot; choose: chose; wear: wore;
play: played; walk: walked; jump: jumped; look: looked; help: helped; call: called; ask: asked; work: worked;
love: loved; want: wanted; start: started; stop: stopped; cry: cried; try: tried; cut: cut; put: put; hit: hit`);

/** Category: its members. Nothing is in two categories. */
const members = paired(`
bird: robin, eagle, owl, swan, parrot, penguin, duck, goose, crow, sparrow, ostrich, flamingo
fish: shark, salmon, tuna, trout, carp
insect: bee, ant, fly, butterfly, beetle, mosquito
reptile: snake, lizard, crocodile
mammal: dog, cat, horse, cow, whale, bat, elephant, lion, tiger, mouse, dolphin, monkey
fruit: apple, banana, pear, plum, cherry, grape, lemon, peach, strawberry, mango
vegetable: carrot, onion, cabbage, potato, spinach, broccoli
tool: hammer, saw, drill, shovel, screwdriver
flower: rose, tulip, daisy, lily
musical instrument: piano, guitar, violin, drum, flute, trumpet
vehicle: car, bus, truck, bicycle
piece of furniture: table, chair, bed, sofa, desk
color: red, blue, green, yellow, purple, pink, brown
metal: iron, gold, silver, copper
sport: tennis, football, basketball, hockey
drink: milk, tea, coffee, juice
language: French, German, Spanish, Italian, Greek, Japanese`);

const categories = members.flatMap(([category, things]) =>
  things.split(", ").map((thing): [string, string] => [thing, category]),
);
/** Without an article: "gold is a metal". */
const uncountable = new Set(
  listed(`
spinach; broccoli; red; blue; green; yellow; purple; pink; brown; iron; gold; silver; copper; tennis; football;
basketball; hockey; milk; tea; coffee; juice; French; German; Spanish; Italian; Greek; Japanese`),
);

const categoryQuestions = [
  "What is {as}?",
  "What kind of thing is {as}?",
  "What sort of thing is {as}?",
  "Tell me what {as} is.",
  "Can you tell me what {as} is?",
  "Do you know what {as} is?",
  "{As} is what kind of thing?",
  "What type of thing is {as}?",
  "Say what {as} is.",
];

function withoutArticle(template: string): string {
  return template.replaceAll("{as}", "{s}").replaceAll("{As}", "{S}");
}

export const language: readonly Relation[] = [
  {
    name: "opposite",
    facts: [...opposites, ...opposites.map(([left, right]): [string, string] => [right, left])],
    questions: [
      "What is the opposite of {s}?",
      "What's the opposite of {s}?",
      "Tell me the opposite of {s}.",
      "What is the opposite of the word {s}?",
      "Which word is the opposite of {s}?",
      "What word means the opposite of {s}?",
      "Give me the opposite of {s}.",
      "Say the opposite of {s}.",
      "Name the opposite of {s}.",
      "{S} is the opposite of what?",
      "Opposite of {s}?",
    ],
    answer: "The opposite of {s} is {o}.",
  },
  {
    name: "plural",
    facts: plurals,
    questions: [
      "What is the plural of {s}?",
      "What's the plural of {s}?",
      "Tell me the plural of {s}.",
      "What is the plural of the word {s}?",
      "Give me the plural of {s}.",
      "What is the plural form of {s}?",
      "How do you say more than one {s}?",
      "One {s}, two what?",
      "Plural of {s}?",
    ],
    answer: "The plural of {s} is {o}.",
  },
  {
    name: "past tense",
    facts: pastTenses,
    questions: [
      "What is the past tense of {s}?",
      "What's the past tense of {s}?",
      "Tell me the past tense of {s}.",
      "What is the past tense of the verb {s}?",
      "Give me the past tense of {s}.",
      "What is the past of {s}?",
      "Put the verb {s} in the past tense.",
      "Past tense of {s}?",
    ],
    answer: "The past tense of {s} is {o}.",
  },
  {
    name: "kind of thing",
    facts: categories.filter(([thing]) => !uncountable.has(thing)),
    questions: categoryQuestions,
    answer: "{As} is {ao}.",
  },
  {
    name: "kind of stuff",
    facts: categories.filter(([thing]) => uncountable.has(thing)),
    questions: categoryQuestions.map(withoutArticle),
    answer: "{S} is {ao}.",
  },
];
