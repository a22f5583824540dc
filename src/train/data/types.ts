// What training data consists of: examples, the tasks that make them, and the verdict on an answer.
//
// An example is a conversation whose assistant turns are to be learnt, or plain text of a user's
// own. It is also a test question: everything before its last message is the prompt.

import type { Random } from "./random.js";

export interface Message {
  role: "system" | "user" | "assistant";
  content: string;
}

/** Facts about the right answer that its text alone does not give. */
export interface Check {
  /** The number that the answer must end in (word problems). */
  number?: number;
  /** Longest run of carries or borrows in the calculation, for reports. */
  carries?: number;
  /** The answer must be a story that parses, keeps its state and has what was asked for. */
  story?: StoryRequest;
}

/** What a request for a story asks for; what is absent is free. */
export interface StoryRequest {
  animal?: string;
  name?: string;
  friend?: string; // the second animal
  object?: string;
  color?: string;
  place?: string;
  length?: "short" | "long";
}

export interface ChatExample {
  task: string;
  /** What it is within its task: "carry 2", "capital". */
  kind: string;
  messages: Message[];
  check?: Check;
}

export interface TextExample {
  task: "text";
  text: string;
}

export type Example = ChatExample | TextExample;

/** Content is in one of them for all seeds; see split.ts. */
export type Split = "train" | "heldout";

export interface Verdict {
  ok: boolean;
  /** The text is the expected one, letter by letter. */
  exact: boolean;
  /** Why not ok; null when ok. */
  reason: string | null;
  /** Of stories only. */
  story?: StoryVerdict;
}

/** What is right about a story; all three make it ok. */
export interface StoryVerdict {
  /** Every sentence is one of the grammar, the last one an ending. */
  parses: boolean;
  /** It parses, and no sentence contradicts those before it. */
  consistent: boolean;
  /** It parses, and has what was asked for. */
  complete: boolean;
}

/** A conversation before it is known which split it belongs to. */
export interface Draft {
  system?: string;
  /** [question, answer] of each turn. */
  turns: [string, string][];
  /** The last answer when only its core is wanted: "4" for "2 + 2 equals 4.". */
  short?: string;
  /** Canonical content; the split is decided by these. */
  keys: string[];
  check?: Check;
}

/** A sort of question within a task. */
export interface Kind {
  name: string;
  /** Relative to the other kinds of its task. */
  weight: number;
  /** Times as often in training as among held-out questions, where there is more to learn or less. Default: 1. */
  practice?: number;
  draw(random: Random): Draft;
}

export interface Task {
  name: string;
  kinds: readonly Kind[];
  /** An example of this split; the same random numbers give the same example. */
  generate(random: Random, split: Split): ChatExample;
  /** Judges an answer to the last question of an example of this task. */
  check(example: ChatExample, answer: string): Verdict;
}
