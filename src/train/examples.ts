// Training files to sequences of tokens: conversations through the model's own chat template, plain
// text as it is.
//
// A conversation is tokenised in the pieces in which it is used: what the engine would be given as
// the prompt of an answer, then the answer with the token that stops it. Only answers are marked as
// to be learnt. Every example is a sequence of its own, so no attention and no block reaches from one
// into another.

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { ChatTemplate } from "../text/template.js";
import type { Tokenizer } from "../text/tokenizer.js";
import { UnmaskError } from "../util/errors.js";
import type { Sequence } from "./objective.js";

const message = z.object({ role: z.string(), content: z.string() });
const lineSchema = z.union([
  z.looseObject({ messages: z.array(message).min(1) }),
  z.looseObject({ text: z.string().min(1) }),
]);

export interface TextTools {
  tokenizer: Tokenizer;
  template: ChatTemplate;
}

/** All sequences of the training files, as two long arrays. */
export class Examples {
  #tokens = new Int32Array(1 << 16);
  #learn = new Uint8Array(1 << 16);
  readonly #ends: number[] = [];

  get count(): number {
    return this.#ends.length;
  }

  /** Of all sequences. */
  get tokens(): number {
    return this.#ends.at(-1) ?? 0;
  }

  add(tokens: readonly number[], learn: readonly boolean[]): void {
    const start = this.tokens;
    const end = start + tokens.length;
    if (end > this.#tokens.length) {
      const size = Math.max(end, 2 * this.#tokens.length);
      const [grownTokens, grownLearn] = [new Int32Array(size), new Uint8Array(size)];
      grownTokens.set(this.#tokens);
      grownLearn.set(this.#learn);
      [this.#tokens, this.#learn] = [grownTokens, grownLearn];
    }
    this.#tokens.set(tokens, start);
    for (const [i, each] of learn.entries()) this.#learn[start + i] = each && i > 0 ? 1 : 0;
    this.#ends.push(end);
  }

  /** Cut to the first `length` tokens. @param all learn prompts too */
  get(i: number, length: number, all: boolean): Sequence {
    const start = i === 0 ? 0 : this.#ends[i - 1];
    const end = Math.min(this.#ends[i], start + length);
    const tokens = this.#tokens.subarray(start, end);
    const learn = all ? new Uint8Array(tokens.length).fill(1, 1) : this.#learn.subarray(start, end);
    return { tokens, learn };
  }
}

/**
 * Reads JSON lines of {messages} or {text}, and any other file as one text.
 * @param length texts longer than this are cut into pieces of it
 * @throws UnmaskError file_not_found, invalid_json, and invalid_request for lines that are neither form or hold
 *   nothing to learn, with file and line
 */
export async function readExamples(files: readonly string[], tools: TextTools, length: number): Promise<Examples> {
  const examples = new Examples();
  for (const file of files) {
    if (!/\.jsonl?$/i.test(file)) {
      let text = "";
      for await (const line of linesOf(file)) text += `${line}\n`;
      addText(examples, text.trimEnd(), tools, length, file);
      continue;
    }
    let number = 0;
    for await (const line of linesOf(file)) {
      number++;
      if (line.trim() === "") continue;
      const where = `${file}:${number}`;
      const example = parseLine(line, where);
      if ("messages" in example) addChat(examples, example.messages as Message[], tools, where);
      else addText(examples, example.text as string, tools, length, where);
    }
  }
  if (examples.count > 0) return examples;
  throw nothing(files.join(", "), "no examples", "Give at least one line of {messages} or {text}.");
}

type Message = z.infer<typeof message>;

async function* linesOf(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file, "utf8");
  const failed = new Promise<never>((_, reject) => stream.once("error", reject));
  failed.catch(() => {});
  try {
    await Promise.race([new Promise((resolve) => stream.once("open", resolve)), failed]);
  } catch (cause) {
    const text = `The training file ${file} cannot be read: ${(cause as Error).message}. Correct data.files.`;
    throw new UnmaskError("file_not_found", text, { param: "data.files", cause });
  }
  yield* createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
}

function parseLine(line: string, where: string): z.infer<typeof lineSchema> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    const text = `${where}: not JSON: ${(cause as Error).message}. Every line must be one JSON object.`;
    throw new UnmaskError("invalid_json", text, { param: "data.files", cause });
  }
  const result = lineSchema.safeParse(value);
  if (result.success) return result.data;
  throw nothing(
    where,
    "neither a conversation nor a text",
    'Use {"messages": [{"role", "content"}, ...]} or {"text"}.',
  );
}

function addText(examples: Examples, text: string, { tokenizer }: TextTools, length: number, where: string): void {
  const tokens = tokenizer.encode(text, { special: false });
  if (tokens.length === 0) throw nothing(where, "a text that is no tokens", "Remove it or fill it.");
  if (tokenizer.addBos && tokenizer.bosId !== null) tokens.unshift(tokenizer.bosId);
  const end = tokenizer.tokenNamed("<|endoftext|>") ?? tokenizer.eosId;
  if (end !== null) tokens.push(end);
  for (let start = 0; start < tokens.length; start += length) {
    const piece = tokens.slice(start, start + length);
    if (piece.length > 1) examples.add(piece, new Array(piece.length).fill(true));
  }
}

function addChat(examples: Examples, messages: readonly Message[], tools: TextTools, where: string): void {
  const { tokenizer, template } = tools;
  const stops = new Set(tokenizer.stopIds);
  const tokens: number[] = [];
  const learn: boolean[] = [];
  let written = ""; // what the tokens so far say
  const append = (text: string, toLearn: boolean) => {
    if (!text.startsWith(written)) {
      throw nothing(where, "a conversation whose beginning the chat template changes later", "Leave it out.");
    }
    const piece = tokenizer.encode(text.slice(written.length), { special: true });
    const stop = toLearn ? piece.findIndex((token) => stops.has(token)) : -1;
    if (toLearn && stop < 0) {
      throw nothing(where, "an answer that the chat template ends with no stop token", "Use a template that does.");
    }
    for (const [i, token] of piece.entries()) {
      tokens.push(token);
      learn.push(toLearn && i <= stop);
    }
    written = text;
  };
  for (const [i, { role, content }] of messages.entries()) {
    if (role !== "assistant") continue;
    if (content.trim() === "") throw nothing(where, "an empty answer", "Remove it or fill it.");
    append(template.render(messages.slice(0, i)), false);
    append(template.render(messages.slice(0, i + 1), { addGenerationPrompt: false }), true);
  }
  if (tokens.length === 0) throw nothing(where, "no assistant message", "There is nothing to learn from it.");
  if (tokenizer.addBos && tokenizer.bosId !== null && tokens[0] !== tokenizer.bosId) {
    tokens.unshift(tokenizer.bosId);
    learn.unshift(false);
  }
  const last = learn.lastIndexOf(true); // what the template puts after the last answer teaches nothing
  examples.add(tokens.slice(0, last + 1), learn.slice(0, last + 1));
}

function nothing(where: string, what: string, remedy: string): UnmaskError {
  return new UnmaskError("invalid_request", `${where}: ${what}. ${remedy}`, { param: "data.files" });
}
