// Batching, caching and cancelling must not show in the answers, and must not lose a page.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DecodeMode, decodeModes } from "../../src/decode/types.js";
import type { GenerateOptions, Model } from "../../src/engine/types.js";
import { heldOut, loadDefault } from "./default-model.js";
import { answer, type Folded } from "./fold.js";

const idle = async (model: Model) => {
  while (model.stats().running + model.stats().waiting > 0) await new Promise(setImmediate);
};

describe("batching", () => {
  let model: Model;
  beforeAll(async () => {
    model = await loadDefault({ prefixCache: false });
  });
  afterAll(() => model.dispose());

  it("gives 16 mixed requests the bits they get alone", async () => {
    const requests = heldOut(16).map(({ question }, i) => {
      const decodeMode: DecodeMode = decodeModes[i % decodeModes.length];
      const options: GenerateOptions = {
        decodeMode,
        maxTokens: 20 + 3 * i,
        logprobs: 2,
        ...(decodeMode === "autoregressive" ? {} : { smallBlockSize: [8, 16, 32][i % 3] }),
      };
      if (i % 2 === 1) Object.assign(options, { temperature: 0.8, seed: i, topP: 0.9 });
      return { question: i % 4 === 0 ? question.repeat(6) : question, options };
    });
    const alone: Folded[] = [];
    for (const { question, options } of requests) alone.push(await answer(model, question, options));
    const before = model.stats().forwards;
    const together = await Promise.all(requests.map(({ question, options }) => answer(model, question, options)));
    const texts = (answers: typeof alone) =>
      answers.map(({ events }) => events.flatMap((event) => (event.type === "text" ? event.logprobs! : [])));
    expect(texts(together)).toEqual(texts(alone));
    // About as many as the longest takes alone: nobody waits for anybody but to begin.
    const longest = Math.max(...alone.map(({ finish }) => finish.timings.forwards + finish.timings.promptForwards));
    expect(model.stats().forwards - before).toBeLessThan(longest + requests.length / 2);
  });

  it("gives windows as long as a block the rows they take, however few are allowed", async () => {
    const narrow = await loadDefault({ maxRows: 1 });
    const questions = heldOut(6).map(({ question }) => question);
    for (const decodeMode of ["verified", "iterative", "greedy"] as const) {
      const options: GenerateOptions = { decodeMode, smallBlockSize: 32, maxTokens: 70, ignoreStop: true };
      const wide = await Promise.all(questions.map((question) => answer(model, question, options)));
      const found = await Promise.all(questions.map((question) => answer(narrow, question, options)));
      expect(found.map(({ tokens }) => tokens)).toEqual(wide.map(({ tokens }) => tokens));
    }
    await narrow.dispose();
  });

  it("runs more requests than fit, in order, and gives every page back", async () => {
    const small = await loadDefault({ kvMemory: 98_304 * 12, prefixCache: false });
    try {
      expect(small.info.kvPages).toBe(12);
      const finished: number[] = [];
      const ask = async (i: number) => {
        const folded = await answer(small, "What is 2+2?", { maxTokens: 40, ignoreStop: true });
        finished.push(i);
        return folded;
      };
      const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => ask(i)));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(finished).toEqual([...finished].sort((a, b) => a - b));
      await idle(small);
      expect(small.stats().pages).toEqual({ total: 12, free: 12, cached: 0, inUse: 0 });
      await expect(answer(small, "Hi", { maxTokens: 450 })).rejects.toMatchObject({ code: "context_length_exceeded" });
    } finally {
      await small.dispose();
    }
  });
});

describe("prefix cache", () => {
  const prompt = (model: Model, n: number) => ({
    tokens: model.tokenize({ prompt: "one two three four five ".repeat(40) }).slice(0, n),
  });

  it.each(decodeModes)("a hit changes nothing but cached_tokens (%s)", async (decodeMode) => {
    const [cached, plain] = await Promise.all([loadDefault(), loadDefault({ prefixCache: false })]);
    try {
      for (const n of [64, 65, 95, 96, 97]) {
        const options: GenerateOptions = { decodeMode, maxTokens: 40, ignoreStop: true, logprobs: 1 };
        const cold = await answer(plain, prompt(plain, n), options);
        await answer(cached, prompt(cached, n), options);
        const warm = await answer(cached, prompt(cached, n), options);
        const logprobs = ({ events }: typeof cold) =>
          events.flatMap((event) => (event.type === "text" ? event.logprobs! : []));
        expect(logprobs(warm)).toEqual(logprobs(cold));
        expect(cold.finish.usage.cachedTokens).toBe(0);
        expect(warm.finish.usage.cachedTokens).toBe(Math.floor((n - 1) / 32) * 32);
      }
    } finally {
      await Promise.all([cached.dispose(), plain.dispose()]);
    }
  });

  it("continues a conversation from the pages of its last turn", async () => {
    const model = await loadDefault();
    try {
      const messages = [{ role: "user" as const, content: "one two three four five six seven eight nine ten" }];
      const first = await answer(model, { messages }, { maxTokens: 60, ignoreStop: true });
      const tokens = [...model.tokenize({ messages }), ...first.tokens];
      const second = await answer(model, { tokens }, { maxTokens: 4 });
      expect(second.finish.usage.cachedTokens).toBeGreaterThan(first.finish.usage.promptTokens);
    } finally {
      await model.dispose();
    }
  });

  it("evicts when the pool is full and still answers alike", async () => {
    const [small, plain] = await Promise.all([
      loadDefault({ kvMemory: 98_304 * 10 }),
      loadDefault({ prefixCache: false }),
    ]);
    try {
      for (const { question } of heldOut(12)) {
        const text = question.repeat(4);
        const options: GenerateOptions = { maxTokens: 30, decodeMode: "verified" };
        expect((await answer(small, text, options)).text).toBe((await answer(plain, text, options)).text);
      }
      const { pages } = small.stats();
      expect(pages.free + pages.cached).toBe(10);
    } finally {
      await Promise.all([small.dispose(), plain.dispose()]);
    }
  });
});

describe("cancelling", () => {
  let model: Model;
  beforeAll(async () => {
    model = await loadDefault();
  });
  afterAll(() => model.dispose());

  it("an abort stops the work within one forward", async () => {
    const abort = new AbortController();
    const generator = model.generate(
      { prompt: "Tell me" },
      { maxTokens: 400, ignoreStop: true, signal: abort.signal, decodeMode: "autoregressive" },
    );
    for (let i = 0; i < 3; i++) await generator.next();
    const { forwards } = model.stats();
    abort.abort();
    await expect(generator.next().then(() => generator.next())).rejects.toMatchObject({ code: "aborted" });
    await idle(model);
    expect(model.stats().forwards - forwards).toBeLessThanOrEqual(1);
  });

  it("leaving the loop early stops the work too", async () => {
    for await (const event of model.generate({ prompt: "Tell me" }, { maxTokens: 400, ignoreStop: true })) {
      if (event.type === "text") break;
    }
    const { forwards } = model.stats();
    await idle(model);
    expect(model.stats().forwards - forwards).toBeLessThanOrEqual(1);
  });

  it("a signal that is aborted already runs nothing", async () => {
    const { forwards } = model.stats();
    await expect(answer(model, "Hi", { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
    expect(model.stats().forwards).toBe(forwards);
  });

  it("after 1,000 cancelled requests no page is missing", async () => {
    const questions = heldOut(50);
    let random = 7;
    const cancelled = async (i: number) => {
      const abort = new AbortController();
      const decodeMode = decodeModes[i % decodeModes.length];
      const { question } = questions[i % questions.length];
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      let left = (random >>> 16) % 4;
      if (left === 0) setImmediate(() => abort.abort());
      const input = { messages: [{ role: "user" as const, content: question.repeat(1 + (i % 3)) }] };
      try {
        for await (const _ of model.generate(input, {
          decodeMode,
          maxTokens: 60,
          ignoreStop: true,
          signal: abort.signal,
        })) {
          if (--left <= 0) abort.abort();
        }
      } catch (error) {
        expect(error).toMatchObject({ code: "aborted" });
      }
    };
    for (let round = 0; round < 20; round++)
      await Promise.all(Array.from({ length: 50 }, (_, i) => cancelled(round * 50 + i)));
    await idle(model);
    const { pages } = model.stats();
    expect(pages.inUse).toBe(0);
    expect(pages.free + pages.cached).toBe(pages.total);
  });

  it("dispose fails what runs and what waits, and waits for the forward", async () => {
    const own = await loadDefault();
    const running = Array.from({ length: 20 }, () =>
      answer(own, "Tell me a story.", { maxTokens: 300, ignoreStop: true }),
    );
    const settled = Promise.allSettled(running);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await own.dispose();
    for (const result of await settled) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "disposed" } });
    }
    await expect(answer(own, "Hi")).rejects.toMatchObject({ code: "disposed" });
    await own.dispose();
  });
});
