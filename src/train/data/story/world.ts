// The world of stories: who and what can be in one, where it can happen, and what is true at a
// moment of it.

export const storyAnimals =
  "fox bear cat dog duck frog mouse rabbit horse owl goat goose lion monkey wolf penguin hedgehog squirrel".split(" ");
export const adjectives = "little kind brave clever quiet happy friendly gentle".split(" ");
export const storyObjects = "kite ball hat key book lamp shell boat scarf drum bell ring".split(" ");
export const storyColors = "red blue green yellow black white".split(" ");

/** Place: where one is. */
export const places: Readonly<Record<string, string>> = {
  forest: "in the forest",
  garden: "in the garden",
  park: "in the park",
  valley: "in the valley",
  river: "at the river",
  lake: "at the lake",
  market: "at the market",
  beach: "at the beach",
  hill: "on the hill",
  island: "on the island",
};

/** "in the forest"; "at home" */
export function at(place: string): string {
  return place === "home" ? "at home" : places[place];
}

/** "to the forest"; "home" */
export function to(place: string): string {
  return place === "home" ? "home" : `to the ${place}`;
}

/** What is true after some sentences of a story. */
export interface State {
  /** Name: animal; in the order in which they appear. */
  animals: Map<string, string>;
  /** Name: place. */
  whereabouts: Map<string, string>;
  /** Object: who has it, or the place where it lies. */
  holders: Map<string, string>;
  colors: Map<string, string>;
  /** Object: who has had it. */
  hadBefore: Map<string, Set<string>>;
  /** Who gave something to whom last. */
  gift: { from: string; to: string } | null;
  /** Whom "he" or "she" means. */
  actor: string | null;
  places: Set<string>;
}

export function emptyState(): State {
  return {
    animals: new Map(),
    whereabouts: new Map(),
    holders: new Map(),
    colors: new Map(),
    hadBefore: new Map(),
    gift: null,
    actor: null,
    places: new Set(),
  };
}
