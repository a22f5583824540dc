// Writes a story: a plot, a cast and things, sentence by sentence. Where the request says nothing,
// they are drawn; everything else in a story follows from these few choices.

import type { Random } from "../random.js";
import type { StoryRequest } from "../types.js";
import { capitalised, withArticle } from "../words/english.js";
import { names, pronounsOf } from "../words/names.js";
import { type FormName, forms, type Slots } from "./sentences.js";
import {
  adjectives,
  at,
  emptyState,
  places,
  type State,
  storyAnimals,
  storyColors,
  storyObjects,
  to,
} from "./world.js";

interface Plot {
  length: "short" | "middle" | "long";
  /** Whether a second animal, a thing and a place are in it. */
  friend: boolean;
  object: boolean;
  steps: readonly string[];
}

/** Each step: a form, then "friend" if the friend does it, "second" for the other thing, "elsewhere" for the other place. */
export const plots: readonly Plot[] = [
  plot("short", "open, go, find, home, homeWith"),
  plot("short", "open, go, meet, playThere, friends"),
  plot("short", "open, friend, goTogether, playThere, eveningBoth"),
  plot("short", "was, live, find, meet, give, nowHas friend"),
  plot("middle", "open, had, go, meet, give, thank friend, nowHas friend"),
  plot("middle", "open, had, friend, friendHad friend second, goTogether, swap, nowBoth swapped"),
  plot("middle", "open, live, goOn elsewhere, find, home, homeWith"),
  plot("long", "open, live elsewhere, go, find, meet, seek friend, give, nowHas friend"),
  plot("long", "open, go, find, meet, seek friend, ask, give, thank friend"),
  plot("long", "open, had, go, lose, strangerFinds friend, giveBack friend, thank, nowHas"),
  plot("long", "was, friend, friendHad friend, goTogether, lend friend, play, giveBack, nowHas friend"),
  plot("long", "open, want, go, meet, friendHad friend, give friend, thank, nowHas"),
];

function plot(length: Plot["length"], text: string): Plot {
  const steps = text.split(", ");
  const of = (names: string) => steps.some((step) => names.split(" ").includes(step.split(" ")[0]));
  return { length, friend: of("friend meet strangerFinds"), object: of("find had friendHad want"), steps };
}

export interface Story {
  text: string;
  /** After the last sentence. */
  state: State;
  hero: string;
  friend: string | null;
}

/** A story that has what is asked for. */
export function writeStory(random: Random, request: StoryRequest): Story {
  const fitting = plots.filter(
    (each) =>
      (request.length === undefined || each.length === request.length) &&
      (request.friend === undefined || each.friend) &&
      ((request.object === undefined && request.color === undefined) || each.object),
  );
  const chosen = random.pick(fitting);
  const other = <T>(list: readonly T[], taken: T): T => random.pick(list.filter((each) => each !== taken));
  const hero = request.name ?? random.pick(names);
  const friend = other(names, hero);
  const animal = request.animal ?? random.pick(storyAnimals);
  const object = request.object ?? random.pick(storyObjects);
  const color = request.color ?? random.pick(storyColors);
  const place = request.place ?? random.pick(Object.keys(places));
  const heroAdjective = random.pick(adjectives);
  const cast = {
    hero: { name: hero, animal, adjective: heroAdjective },
    friend: {
      name: friend,
      animal: request.friend ?? other(storyAnimals, animal),
      adjective: other(adjectives, heroAdjective),
    },
    places: [place, other(Object.keys(places), place)],
    objects: [object, other(storyObjects, object)],
    colors: [color, other(storyColors, color)],
  };
  const state = emptyState();
  const sentences = chosen.steps.map((step) => sentence(step, cast, state));
  return { text: sentences.join(" "), state, hero, friend: chosen.friend ? friend : null };
}

interface Character {
  name: string;
  animal: string;
  adjective: string;
}

interface Cast {
  hero: Character;
  friend: Character;
  places: string[];
  objects: string[];
  colors: string[];
}

/** Introduces y, not x. */
const introducesOther: readonly string[] = ["meet", "friend"] satisfies FormName[];

function sentence(step: string, cast: Cast, state: State): string {
  const [name, ...options] = step.split(" ") as [FormName, ...string[]];
  const [x, y] = options.includes("friend") ? [cast.friend, cast.hero] : [cast.hero, cast.friend];
  const introduced = introducesOther.includes(name) ? y : x;
  const which = options.includes("second") ? 1 : 0;
  const [first, second] = options.includes("swapped") ? [1, 0] : [0, 1];
  const slots: Slots = {
    x: x.name,
    y: y.name,
    adjective: introduced.adjective,
    animal: introduced.animal,
    place: cast.places[options.includes("elsewhere") ? 1 : 0],
    color: cast.colors[which],
    object: cast.objects[name === "nowBoth" ? first : which],
    object2: cast.objects[name === "nowBoth" ? second : 1],
  };
  const complaint = forms[name].apply(state, slots);
  if (complaint !== null) throw new Error(`the plot step "${step}" contradicts its story: ${complaint}`);
  return render(forms[name].text, slots);
}

function render(text: string, slots: Slots): string {
  const { he, his } = pronounsOf(slots.x);
  return text.replace(/\{([\w ]+)\}/g, (_, slot: string) => {
    switch (slot) {
      case "he":
        return he;
      case "He":
        return capitalised(he);
      case "his":
        return his;
      case "His":
        return capitalised(his);
      case "at":
        return at(slots.place);
      case "to":
        return to(slots.place);
      case "an animal":
        return withArticle(slots.animal);
      default:
        return slots[slot as keyof Slots];
    }
  });
}
