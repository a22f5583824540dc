// Folds the one generator into a whole answer, for tests.

import type { GenerateEvent, GenerateInput, GenerateOptions, Model } from "../../src/engine/types.js";

export interface Folded {
  text: string;
  tokens: number[];
  events: GenerateEvent[];
  finish: Extract<GenerateEvent, { type: "finish" }>;
}

export async function answer(model: Model, input: GenerateInput | string, options?: GenerateOptions): Promise<Folded> {
  const messages = typeof input === "string" ? { messages: [{ role: "user" as const, content: input }] } : input;
  const events: GenerateEvent[] = [];
  for await (const event of model.generate(messages, options)) events.push(event);
  const texts = events.filter((event) => event.type === "text");
  const finish = events[events.length - 1];
  if (finish.type !== "finish") throw new Error(`the last event is ${finish.type}`);
  return {
    text: texts.map((event) => event.text).join(""),
    tokens: texts.flatMap((event) => event.tokens),
    events,
    finish,
  };
}
