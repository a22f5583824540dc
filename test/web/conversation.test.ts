// Conversations: asking, growing, ending, and what the server is sent.

import { expect, test } from "vitest";
import {
  type ConversationAction,
  type Conversations,
  current,
  emptyConversation,
  messagesOf,
  reduceConversations,
  settled,
  titleOf,
} from "../../web/src/state/conversation.js";

const facts = { model: "lab", finishReason: "stop", usage: null, timings: null, seed: 1 };
const problem = { message: "No.", code: "invalid_request", requestId: null };
const start: Conversations = { list: [emptyConversation("c1", 0)], current: "c1" };

function after(...actions: ConversationAction[]): Conversations {
  return actions.reduce(reduceConversations, start);
}

const ask = (answer: string, text = "Hi"): ConversationAction => ({
  type: "ask",
  text,
  question: `q-${answer}`,
  answer,
  now: 5,
});
const say = (answer: string, text: string): ConversationAction => ({ type: "text", answer, text });

test("an answer grows and ends", () => {
  const state = after(ask("a"), say("a", "2 + "), say("a", "2"), { type: "finished", answer: "a", facts });
  expect(current(state).turns).toEqual([
    { id: "q-a", role: "user", text: "Hi" },
    { id: "a", role: "assistant", text: "2 + 2", state: "done", facts, problem: null },
  ]);
  expect(current(state).updated).toBe(5);
});

test("an answer goes on in a conversation that is no longer on the screen, and ends in one that was deleted", () => {
  const away = after(ask("a"), { type: "new", id: "c2", now: 6 }, say("a", "ok"));
  expect(current(away).id).toBe("c2");
  expect(away.list.find(({ id }) => id === "c1")?.turns[1].text).toBe("ok");
  const gone = [{ type: "delete", id: "c1", fresh: "c3", now: 7 } as const, say("a", "!")].reduce(
    reduceConversations,
    away,
  );
  expect(gone.list.map(({ id }) => id)).toEqual(["c2"]);
});

test("what is sent: the system prompt, every question, every answer that has text", () => {
  const state = after(
    { type: "system", text: "Be brief." },
    ask("a", "One?"),
    { type: "failed", answer: "a", problem },
    ask("b", "Two?"),
    say("b", "partly"),
    { type: "stopped", answer: "b" },
    ask("c", "Three?"),
    say("c", "begun"),
  );
  expect(messagesOf(current(state))).toEqual([
    { role: "system", content: "Be brief." },
    { role: "user", content: "One?" },
    { role: "user", content: "Two?" },
    { role: "assistant", content: "partly" },
    { role: "user", content: "Three?" },
  ]);
});

test("answering again replaces the last answer", () => {
  const state = after(
    ask("a"),
    say("a", "wrong"),
    { type: "stopped", answer: "a" },
    { type: "again", answer: "b", now: 9 },
  );
  expect(current(state).turns.map(({ id, text }) => [id, text])).toEqual([
    ["q-a", "Hi"],
    ["b", ""],
  ]);
});

test("new chats: one empty sheet is enough, the system prompt stays", () => {
  const state = after(
    { type: "system", text: "Be brief." },
    ask("a"),
    { type: "new", id: "c2", now: 1 },
    { type: "new", id: "c3", now: 2 },
  );
  expect(state.list.map(({ id }) => id)).toEqual(["c3", "c1"]);
  expect(current(state).system).toBe("Be brief.");
  const opened = reduceConversations(state, { type: "open", id: "c1" });
  expect(current(opened).id).toBe("c1");
  expect(reduceConversations(opened, { type: "open", id: "nowhere" })).toBe(opened);
});

test("deleting: the last one leaves an empty one, another one leaves the current one", () => {
  const two = after(ask("a"), { type: "new", id: "c2", now: 1 });
  expect(reduceConversations(two, { type: "delete", id: "c1", fresh: "f", now: 2 })).toMatchObject({ current: "c2" });
  const last = reduceConversations(start, { type: "delete", id: "c1", fresh: "f", now: 2 });
  expect(last).toEqual({ list: [emptyConversation("f", 2)], current: "f" });
});

test("after loading the page nothing is running", () => {
  const state = settled(after(ask("a"), say("a", "half")));
  expect(current(state).turns[1]).toMatchObject({ state: "stopped", text: "half" });
});

test("titles", () => {
  expect(titleOf(emptyConversation("c", 0))).toBe("New chat");
  expect(titleOf(current(after(ask("a", "  What\n is it? "))))).toBe("What is it?");
  expect(titleOf(current(after(ask("a", "x".repeat(99)))))).toHaveLength(60);
});
