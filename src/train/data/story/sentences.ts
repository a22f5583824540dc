// The sentences of stories: the form of each, and what it needs and changes in the world. The writer
// fills forms in, the parser recognises them, and both follow the same rules.
//
// Slots: {x} and {y} are names, {he} {his} the pronouns of x (of whoever acted last, where x has no
// name in the form); {adjective} {animal} describe who is introduced.

import type { State } from "./world.js";

export interface Slots {
  x: string;
  y: string;
  adjective: string;
  animal: string;
  place: string;
  color: string;
  object: string;
  object2: string;
}

export interface Form {
  text: string;
  /** A story may end with it. */
  ends?: true;
  /** Changes the world. @returns what contradicts the story so far, or null */
  apply(state: State, slots: Slots): string | null;
}

/** The first complaint, or null. */
function all(...complaints: (string | null)[]): string | null {
  return complaints.find((complaint) => complaint !== null) ?? null;
}

function introduce(state: State, name: string, animal: string): string | null {
  if (state.animals.has(name)) return `${name} is introduced twice`;
  if (state.animals.size === 2) return "there is a third character";
  state.animals.set(name, animal);
  return null;
}

function known(state: State, ...names: string[]): string | null {
  const stranger = names.find((name) => !state.animals.has(name));
  return stranger === undefined ? null : `${stranger} was not introduced`;
}

function go(state: State, place: string, ...names: string[]): null {
  for (const name of names) state.whereabouts.set(name, place);
  state.places.add(place);
  return null;
}

function isAt(state: State, name: string, place: string): string | null {
  return state.whereabouts.get(name) === place ? null : `${name} is not at the place "${place}"`;
}

function together(state: State): string | null {
  const [first, second] = state.animals.keys();
  if (second === undefined) return "there is nobody else";
  const where = state.whereabouts.get(first);
  return where !== undefined && where === state.whereabouts.get(second) ? null : "they are not at the same place";
}

/** A new thing with its color. */
function bring(state: State, name: string, { color, object }: Slots): string | null {
  if (state.holders.has(object)) return `there is already a ${object}`;
  const wanted = state.colors.get(object);
  if (wanted !== undefined && wanted !== color) return `the ${object} was ${wanted}`;
  state.colors.set(object, color);
  return hand(state, object, name);
}

function hand(state: State, object: string, name: string): null {
  state.holders.set(object, name);
  state.hadBefore.set(object, (state.hadBefore.get(object) ?? new Set()).add(name));
  return null;
}

function holds(state: State, name: string, object: string): string | null {
  return state.holders.get(object) === name ? null : `${name} does not have the ${object}`;
}

function hasColor(state: State, { object, color }: Slots): string | null {
  return state.colors.get(object) === color ? null : `the ${object} is not ${color}`;
}

function give(state: State, from: string, to: string, object: string): string | null {
  const complaint = all(known(state, from, to), holds(state, from, object), together(state));
  if (complaint !== null) return complaint;
  state.gift = { from, to };
  return hand(state, object, to);
}

export const forms = {
  open: {
    text: "Once upon a time there was a {adjective} {animal} named {x}.",
    apply: (state, { x, animal }) => introduce(state, x, animal),
  },
  was: {
    text: "{x} was a {adjective} {animal}.",
    apply: (state, { x, animal }) => introduce(state, x, animal),
  },
  live: {
    text: "{He} lived {at}.",
    apply: (state, { x, place }) => go(state, place, x),
  },
  had: {
    text: "{He} had a {color} {object}.",
    apply: (state, slots) => bring(state, slots.x, slots),
  },
  friend: {
    text: "{His} friend {y} was {an animal}.",
    apply: (state, { y, animal }) => introduce(state, y, animal),
  },
  friendHad: {
    text: "{x} had a {color} {object}.",
    apply: (state, slots) => all(known(state, slots.x), bring(state, slots.x, slots)),
  },
  go: {
    text: "One day {he} went {to}.",
    apply: (state, { x, place }) => go(state, place, x),
  },
  goOn: {
    text: "Then {he} went {to}.",
    apply: (state, { x, place }) =>
      state.whereabouts.get(x) === place ? `${x} is already there` : go(state, place, x),
  },
  goTogether: {
    text: "One day they went {to} together.",
    apply: (state, { place }) => all(go(state, place, ...state.animals.keys()), together(state)),
  },
  find: {
    text: "There {he} found a {color} {object}.",
    apply: (state, slots) => bring(state, slots.x, slots),
  },
  meet: {
    text: "Then {he} met {y}, a {adjective} {animal}.",
    apply: (state, { x, y, animal }) => {
      const here = state.whereabouts.get(x);
      return here === undefined ? `nobody knows where ${x} is` : all(introduce(state, y, animal), go(state, here, y));
    },
  },
  seek: {
    text: "{x} was looking for {his} {object}.",
    apply: (state, { x, object }) =>
      all(
        known(state, x),
        state.colors.has(object) ? null : `there is no ${object}`,
        state.holders.get(object) === x ? `${x} has the ${object}` : null,
      ),
  },
  ask: {
    text: '"Is this your {object}?" asked {x}.',
    apply: (state, { x, object }) => all(known(state, x), holds(state, x, object), together(state)),
  },
  give: {
    text: "{x} gave the {object} to {y}.",
    apply: (state, { x, y, object }) => give(state, x, y, object),
  },
  giveBack: {
    text: "{x} gave the {object} back to {y}.",
    apply: (state, { x, y, object }) =>
      all(state.hadBefore.get(object)?.has(y) ? null : `${y} never had the ${object}`, give(state, x, y, object)),
  },
  lend: {
    text: "There {x} lent the {object} to {y}.",
    apply: (state, { x, y, object }) => give(state, x, y, object),
  },
  thank: {
    text: '"Thank you, {y}!" said {x}.',
    ends: true,
    apply: (state, { x, y }) => (state.gift?.from === y && state.gift.to === x ? null : `${x} got nothing from ${y}`),
  },
  lose: {
    text: "There {he} lost the {object}.",
    apply: (state, { x, object }) => {
      const complaint = holds(state, x, object);
      if (complaint === null) state.holders.set(object, state.whereabouts.get(x) ?? "nowhere");
      return complaint;
    },
  },
  strangerFinds: {
    text: "{x}, a {adjective} {animal}, found the {object}.",
    apply: (state, { x, animal, object }) => {
      const where = state.holders.get(object);
      if (where === undefined || state.animals.has(where)) return `the ${object} was not lost`;
      return all(introduce(state, x, animal), go(state, where, x), hand(state, object, x));
    },
  },
  want: {
    text: "{He} wanted a {color} {object}.",
    apply: (state, { color, object }) => {
      state.colors.set(object, color);
      return state.holders.has(object) ? `there is already a ${object}` : null;
    },
  },
  play: {
    text: "They played with the {object} all day.",
    apply: (state, { object }) =>
      all(together(state), state.animals.has(state.holders.get(object) ?? "") ? null : `nobody has the ${object}`),
  },
  playThere: {
    text: "They played there all day.",
    apply: (state) => together(state),
  },
  swap: {
    text: "There they swapped the {object} and the {object2}.",
    apply: (state, { object, object2 }) => {
      const [one, two] = [state.holders.get(object), state.holders.get(object2)];
      if (one === undefined || two === undefined || one === two) return "there is nothing to swap";
      return all(together(state), hand(state, object, two), hand(state, object2, one));
    },
  },
  home: {
    text: "Then {he} went home.",
    apply: (state, { x }) => go(state, "home", x),
  },
  homeTogether: {
    text: "Then they went home.",
    apply: (state) => all(together(state), go(state, "home", ...state.animals.keys())),
  },
  nowHas: {
    text: "Now {x} had the {color} {object}.",
    ends: true,
    apply: (state, slots) => all(holds(state, slots.x, slots.object), hasColor(state, slots)),
  },
  nowBoth: {
    text: "Now {x} had the {object} and {y} had the {object2}.",
    ends: true,
    apply: (state, { x, y, object, object2 }) => all(holds(state, x, object), holds(state, y, object2)),
  },
  homeWith: {
    text: "In the evening {he} was at home with the {color} {object}.",
    ends: true,
    apply: (state, slots) =>
      all(isAt(state, slots.x, "home"), holds(state, slots.x, slots.object), hasColor(state, slots)),
  },
  eveningBoth: {
    text: "In the evening {x} and {y} were {at}.",
    ends: true,
    apply: (state, { x, y, place }) => all(isAt(state, x, place), isAt(state, y, place)),
  },
  friends: {
    text: "They were good friends.",
    ends: true,
    apply: (state) => (state.animals.size === 2 ? null : "there is nobody else"),
  },
} satisfies Record<string, Form>;

export type FormName = keyof typeof forms;
