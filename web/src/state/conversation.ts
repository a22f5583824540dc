// Conversations as data: turns, how an answer grows, and how it can end.
//
// Pure. Who asks the server is actions/ask.ts; who keeps them is actions/storage.ts.

import type { Answer, ChatMessage } from "../../../src/client/index.js";
import type { Problem } from "./problem.js";

export interface UserTurn {
  id: string;
  role: "user";
  text: string;
}

/** What an answer says about how it was made. */
export type AnswerFacts = Pick<Answer, "model" | "finishReason" | "usage" | "timings" | "seed">;

export interface AssistantTurn {
  id: string;
  role: "assistant";
  text: string;
  state: "running" | "done" | "stopped" | "failed";
  facts: AnswerFacts | null;
  problem: Problem | null;
}

export type Turn = UserTurn | AssistantTurn;

export interface Conversation {
  id: string;
  system: string;
  turns: readonly Turn[];
  /** Milliseconds since 1970. */
  updated: number;
}

export interface Conversations {
  list: readonly Conversation[];
  /** Of the one on the screen. */
  current: string;
}

export type ConversationAction =
  | { type: "new"; id: string; now: number }
  | { type: "open"; id: string }
  | { type: "delete"; id: string; fresh: string; now: number }
  | { type: "system"; text: string }
  | { type: "ask"; text: string; question: string; answer: string; now: number }
  | { type: "again"; answer: string; now: number }
  | { type: "text"; answer: string; text: string }
  | { type: "finished"; answer: string; facts: AnswerFacts }
  | { type: "stopped"; answer: string }
  | { type: "failed"; answer: string; problem: Problem };

export function emptyConversation(id: string, now: number): Conversation {
  return { id, system: "", turns: [], updated: now };
}

export function reduceConversations(state: Conversations, action: ConversationAction): Conversations {
  switch (action.type) {
    case "new": {
      const kept = state.list.filter((conversation) => conversation.turns.length > 0); // one empty sheet is enough
      const system = current(state).system;
      return { list: [{ ...emptyConversation(action.id, action.now), system }, ...kept], current: action.id };
    }
    case "open":
      return state.list.some(({ id }) => id === action.id) ? { ...state, current: action.id } : state;
    case "delete": {
      const rest = state.list.filter(({ id }) => id !== action.id);
      const list = rest.length > 0 ? rest : [emptyConversation(action.fresh, action.now)];
      return { list, current: list.some(({ id }) => id === state.current) ? state.current : list[0].id };
    }
    case "system":
      return change(state, (conversation) => ({ ...conversation, system: action.text }));
    case "ask":
      return change(state, (conversation) => ({
        ...conversation,
        updated: action.now,
        turns: [
          ...conversation.turns,
          { id: action.question, role: "user", text: action.text },
          newAnswer(action.answer),
        ],
      }));
    case "again":
      return change(state, (conversation) => ({
        ...conversation,
        updated: action.now,
        turns: [...upToLastQuestion(conversation.turns), newAnswer(action.answer)],
      }));
    case "text":
      return changeAnswer(state, action.answer, (turn) => ({ ...turn, text: turn.text + action.text }));
    case "finished":
      return changeAnswer(state, action.answer, (turn) => ({ ...turn, state: "done", facts: action.facts }));
    case "stopped":
      return changeAnswer(state, action.answer, (turn) => ({ ...turn, state: "stopped" }));
    case "failed":
      return changeAnswer(state, action.answer, (turn) => ({ ...turn, state: "failed", problem: action.problem }));
  }
}

export function current(state: Conversations): Conversation {
  return state.list.find(({ id }) => id === state.current) ?? state.list[0];
}

/** What the server is sent: everything before the answer in progress, without answers that never came. */
export function messagesOf({ system, turns }: Conversation): ChatMessage[] {
  const messages: ChatMessage[] = system.trim() === "" ? [] : [{ role: "system", content: system }];
  for (const turn of turns) {
    if (turn.role === "user") messages.push({ role: "user", content: turn.text });
    else if (turn.state !== "running" && turn.text !== "") messages.push({ role: "assistant", content: turn.text });
  }
  return messages;
}

/** The first question, shortened. */
export function titleOf({ turns }: Conversation): string {
  const first = turns[0]?.text.trim().replace(/\s+/g, " ") ?? "";
  if (first === "") return "New chat";
  return first.length > 60 ? `${first.slice(0, 57)}...` : first;
}

/** As stored ones are when the page opens: nothing can be running any more. */
export function settled(state: Conversations): Conversations {
  const list = state.list.map((conversation) => ({
    ...conversation,
    turns: conversation.turns.map((turn) =>
      turn.role === "assistant" && turn.state === "running" ? { ...turn, state: "stopped" as const } : turn,
    ),
  }));
  return { ...state, list };
}

function newAnswer(id: string): AssistantTurn {
  return { id, role: "assistant", text: "", state: "running", facts: null, problem: null };
}

function upToLastQuestion(turns: readonly Turn[]): readonly Turn[] {
  return turns.slice(0, turns.findLastIndex((turn) => turn.role === "user") + 1);
}

function change(state: Conversations, edit: (conversation: Conversation) => Conversation): Conversations {
  const { id } = current(state);
  return { ...state, list: state.list.map((item) => (item.id === id ? edit(item) : item)) };
}

/** The answer may be in a conversation that is no longer on the screen, or deleted. */
function changeAnswer(state: Conversations, id: string, edit: (turn: AssistantTurn) => AssistantTurn): Conversations {
  const list = state.list.map((conversation) => {
    if (!conversation.turns.some((turn) => turn.id === id)) return conversation;
    const turns = conversation.turns.map((turn) => (turn.id === id && turn.role === "assistant" ? edit(turn) : turn));
    return { ...conversation, turns };
  });
  return { ...state, list };
}
