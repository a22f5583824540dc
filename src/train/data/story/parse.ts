// Reads a story: recognises each sentence, follows who is where and has what, and says where the
// story contradicts itself or is no story of this grammar.

import type { StoryRequest, Verdict } from "../types.js";
import { withArticle } from "../words/english.js";
import { allNames, pronounsOf } from "../words/names.js";
import { type Form, forms, type Slots } from "./sentences.js";
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

export type StoryParser = (text: string) => ParsedStory;

export interface ParsedStory {
  /** The first one; null when the story is sound. */
  problem: string | null;
  /** Every sentence is one of the grammar, the last one an ending; they may contradict each other. */
  parses: boolean;
  sentences: number;
  state: State;
}

interface Pattern {
  form: Form;
  /** Matches at the place where the last sentence ended; its groups are named like the slots. */
  expression: RegExp;
}

/** Compiles the grammar. */
export function storyParser(): StoryParser {
  const patterns = Object.values(forms).map((form: Form): Pattern => ({ form, expression: expressionOf(form.text) }));
  return (text) => parse(text, patterns);
}

function parse(text: string, patterns: readonly Pattern[]): ParsedStory {
  const state = emptyState();
  let contradiction: string | null = null;
  let sentences = 0;
  let ended = false;
  for (let at = 0; at <= text.length; sentences++) {
    const found = match(text, at, patterns);
    if (found === null) {
      const problem = `no sentence of a story: ${JSON.stringify(text.slice(at, at + 60))}`;
      return { problem: contradiction ?? problem, parses: false, sentences, state };
    }
    const complaint = follow(state, found.form, found.groups);
    if (complaint !== null) contradiction ??= `sentence ${sentences + 1}: ${complaint}`;
    at = found.end + 1; // behind the space; behind the text, after the last sentence
    ended = found.form.ends === true;
  }
  return { problem: contradiction ?? (ended ? null : "the story does not end"), parses: ended, sentences, state };
}

function match(text: string, at: number, patterns: readonly Pattern[]) {
  for (const { form, expression } of patterns) {
    expression.lastIndex = at;
    const result = expression.exec(text);
    if (result !== null) return { form, groups: result.groups ?? {}, end: expression.lastIndex };
  }
  return null;
}

/** Checks the pronouns, then lets the sentence happen. */
function follow(state: State, form: Form, groups: Record<string, string>): string | null {
  const x = groups.x ?? state.actor ?? "";
  const pronoun = (groups.he ?? groups.his)?.toLowerCase();
  if (pronoun !== undefined) {
    if (x === "") return `nobody knows who "${pronoun}" is`;
    const { he, his } = pronounsOf(x);
    if (pronoun !== (groups.he === undefined ? his : he)) return `${x} is not "${pronoun}"`;
  }
  const place = groups.place === undefined ? undefined : placeNamed(groups.place);
  const animal = groups.animal?.replace(/^an? /, "");
  const complaint = form.apply(state, { ...groups, x, place, animal } as Slots);
  state.actor = x === "" ? state.actor : x;
  return complaint;
}

function placeNamed(phrase: string): string {
  return [...Object.keys(places), "home"].find((place) => at(place) === phrase || to(place) === phrase) as string;
}

function expressionOf(text: string): RegExp {
  const anyPlace = [...Object.keys(places), "home"];
  const slots: Record<string, string> = {
    x: group("x", allNames),
    y: group("y", allNames),
    adjective: group("adjective", adjectives),
    animal: group("animal", storyAnimals),
    "an animal": group("animal", storyAnimals.map(withArticle)),
    at: group("place", anyPlace.map(at)),
    to: group("place", anyPlace.map(to)),
    color: group("color", storyColors),
    object: group("object", storyObjects),
    object2: group("object2", storyObjects),
    he: group("he", ["he", "she"]),
    He: group("he", ["He", "She"]),
    his: group("his", ["his", "her"]),
    His: group("his", ["His", "Her"]),
  };
  const source = text.replace(/[.?]/g, "\\$&").replace(/\{([\w ]+)\}/g, (_, slot: string) => slots[slot]);
  return new RegExp(`${source}(?= |$)`, "y");
}

function group(name: string, alternatives: readonly string[]): string {
  return `(?<${name}>${alternatives.join("|")})`;
}

/** Shortest and longest story of each length that can be asked for, in sentences. */
const lengths = { short: [4, 6], long: [7, 8] } as const;
const allowed = [4, 8] as const;

/** Whether a text is a sound story that has what was asked for. */
export function checkStory(parser: StoryParser, text: string, request: StoryRequest): Omit<Verdict, "exact"> {
  const { problem, parses, sentences, state } = parser(text);
  const lack = missing(request, sentences, state);
  const story = { parses, consistent: problem === null, complete: parses && lack === null };
  return { ok: problem === null && lack === null, reason: problem ?? lack, story };
}

function missing(request: StoryRequest, sentences: number, { animals, colors, places: been }: State): string | null {
  const [least, most] = request.length === undefined ? allowed : lengths[request.length];
  if (sentences < least || sentences > most) return `${sentences} sentences, expected ${least} to ${most}`;
  const [hero, friend]: ([name: string, animal: string] | undefined)[] = [...animals];
  const lacks = (wanted: string | undefined, has: boolean) => wanted !== undefined && !has;
  if (lacks(request.animal, hero?.[1] === request.animal)) return `the hero is no ${request.animal}`;
  if (lacks(request.name, hero?.[0] === request.name)) return `the hero is not ${request.name}`;
  if (lacks(request.friend, friend?.[1] === request.friend)) return `there is no ${request.friend}`;
  if (lacks(request.object, colors.has(request.object ?? ""))) return `there is no ${request.object}`;
  const colored = request.object === undefined ? [...colors.values()] : [colors.get(request.object)];
  if (lacks(request.color, colored.includes(request.color ?? "")))
    return `no ${request.object ?? "thing"} is ${request.color}`;
  if (lacks(request.place, been.has(request.place ?? ""))) return `nobody was ${at(request.place ?? "")}`;
  return null;
}
