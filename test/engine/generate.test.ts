// generate() on the default model: what a caller may rely on.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeModes } from "../../src/decode/types.js";
import { modeFor } from "../../src/engine/options.js";
import type { GenerateEvent, Model } from "../../src/engine/types.js";
import { heldOut, loadDefault } from "./default-model.js";
import { answer } from "./fold.js";

let model: Model;
beforeAll(async () => {
  model = await loadDefault();
});
afterAll(() => model.dispose());

describe("answers", () => {
  it.each(["autoregressive", "iterative", "adaptive", "verified"] as const)("2 + 2 in %s mode", async (decodeMode) => {
    const { text, finish } = await answer(model, "What is 2+2?", { maxTokens: 50, decodeMode });
    expect(text).toBe("2 + 2 equals 4.");
    expect(finish.reason).toBe("stop");
  });

  it("verified equals autoregressive on 200 held-out questions", { timeout: 120_000 }, async () => {
    const questions = heldOut(200);
    const ask = (decodeMode: "verified" | "autoregressive") =>
      Promise.all(questions.map(({ question }) => answer(model, question, { decodeMode, maxTokens: 96 })));
    const verified = await ask("verified");
    const autoregressive = await ask("autoregressive");
    for (let i = 0; i < questions.length; i++) expect(verified[i].tokens).toEqual(autoregressive[i].tokens);
    const forwards = (answers: typeof verified) => answers.reduce((sum, each) => sum + each.finish.timings.forwards, 0);
    expect(forwards(verified)).toBeLessThan(forwards(autoregressive));
  });

  it.each(decodeModes)("max_tokens cuts the answer and never changes it (%s)", async (decodeMode) => {
    const { question } = heldOut(1)[0];
    const whole = await answer(model, question, { decodeMode, maxTokens: 70, ignoreStop: true });
    expect(whole.tokens).toHaveLength(70);
    for (const maxTokens of [1, 2, 31, 32, 33]) {
      const cut = await answer(model, question, { decodeMode, maxTokens, ignoreStop: true });
      expect(cut.tokens).toEqual(whole.tokens.slice(0, maxTokens));
      expect(cut.finish).toMatchObject({ reason: "length", usage: { completionTokens: maxTokens } });
    }
  });

  it("prompts of every length around a block are answered alike in verified and autoregressive mode", async () => {
    const filler = model.tokenize({ prompt: "count sort reverse repeat largest smallest ".repeat(20) });
    for (const length of [1, 2, 31, 32, 33, 63, 64, 65, 96]) {
      const tokens = filler.slice(0, length);
      const options = { maxTokens: 40, ignoreStop: true };
      const [ar, verified] = await Promise.all([
        answer(model, { tokens }, { ...options, decodeMode: "autoregressive" }),
        answer(model, { tokens }, { ...options, decodeMode: "verified" }),
      ]);
      expect(verified.tokens).toEqual(ar.tokens);
      const diffusion = await answer(model, { tokens }, { ...options, decodeMode: "iterative" });
      expect(diffusion.tokens).toHaveLength(40);
      expect(diffusion.tokens).not.toContain(model.info.maskToken);
    }
  });

  it("a user may type the mask token", async () => {
    const prompt = `${model.detokenize([model.info.maskToken!])} What is 2+2?`;
    const { finish } = await answer(model, prompt, { maxTokens: 20 });
    expect(finish.usage.completionTokens).toBeGreaterThan(0);
  });
});

describe("stops", () => {
  it("ends before a stop string, wherever token borders fall", async () => {
    const whole = await answer(model, "What is 2+2?");
    for (let at = 1; at < whole.text.length - 1; at++) {
      const stop = whole.text.slice(at, at + 2);
      const { text, tokens, finish } = await answer(model, "What is 2+2?", { stop: ["never", stop] });
      expect(text).toBe(whole.text.slice(0, whole.text.indexOf(stop)));
      expect(finish.reason).toBe("stop");
      expect(model.detokenize(tokens).startsWith(text)).toBe(true);
      expect(whole.tokens.slice(0, tokens.length)).toEqual(tokens);
    }
  });

  it("counts the stop token as generated and keeps it out of the text", async () => {
    const { tokens, finish } = await answer(model, "What is 2+2?");
    expect(finish.usage.completionTokens).toBe(tokens.length + 1);
  });
});

describe("options", () => {
  const bad: [string, object, string, string | null][] = [
    ["unknown mode", { decodeMode: "magic" }, "invalid_request", "decode_mode"],
    ["block size", { blockSize: 16 }, "block_size_mismatch", "block_size"],
    ["sub-block", { smallBlockSize: 7 }, "invalid_request", "small_block_size"],
    ["threshold", { threshold: 1.5 }, "invalid_request", "threshold"],
    [
      "a threshold that nothing is compared with",
      { decodeMode: "verified", threshold: 0.9 },
      "invalid_request",
      "threshold",
    ],
    ["a threshold of greedy", { decodeMode: "greedy", threshold: 0.9 }, "invalid_request", "threshold"],
    [
      "sub-blocks of single steps",
      { decodeMode: "autoregressive", smallBlockSize: 8 },
      "invalid_request",
      "small_block_size",
    ],
    ["rows left out of no block", { decodeMode: "iterative", dualCache: true }, "invalid_request", "dual_cache"],
    ["temperature", { temperature: -1 }, "invalid_request", "temperature"],
    ["top_p", { topP: 2 }, "invalid_request", "top_p"],
    ["max_tokens", { maxTokens: 0 }, "invalid_request", "max_tokens"],
    ["context", { maxTokens: 100_000 }, "context_length_exceeded", "max_tokens"],
    ["logprobs", { logprobs: 21 }, "invalid_request", "top_logprobs"],
    ["empty stop", { stop: [""] }, "invalid_request", "stop"],
  ];
  it.each(bad)("refuses a bad %s and says why", async (_, options, code, param) => {
    await expect(answer(model, "Hi", options)).rejects.toMatchObject({ name: "UnmaskError", code, param });
  });

  it("refuses prompts that do not fit, or that are no tokens of this model", async () => {
    const long = { tokens: Array(model.info.contextLength).fill(5) };
    await expect(answer(model, long)).rejects.toMatchObject({ code: "context_length_exceeded" });
    const text = "word ".repeat(800_000); // not encoded: that would take seconds
    await expect(answer(model, { prompt: text })).rejects.toMatchObject({
      code: "context_length_exceeded",
      message: expect.stringContaining("at least"),
    });
    for (const tokens of [[], [-1], [model.info.vocabulary], [1.5]]) {
      await expect(answer(model, { tokens })).rejects.toMatchObject({ code: "invalid_request" });
    }
  });

  it.each(["autoregressive", "iterative"] as const)("seeds decide sampled answers (%s)", async (decodeMode) => {
    const ask = (seed: number) =>
      answer(model, "Tell me a story.", { decodeMode, temperature: 1.5, seed, maxTokens: 40 });
    const [one, again, other] = await Promise.all([ask(1), ask(1), ask(2)]);
    expect(again.tokens).toEqual(one.tokens);
    expect(other.tokens).not.toEqual(one.tokens);
    expect(one.finish.seed).toBe(1);
  });

  it("a threshold without a mode asks for iterative, where there is one", async () => {
    const modes = model.info.decodeModes;
    expect(model.info.defaults.decodeMode).toBe("verified");
    expect(modeFor({ threshold: 0.5 }, "verified", modes)).toBe("iterative");
    expect(modeFor({ threshold: 0.5 }, "adaptive", modes)).toBe("adaptive");
    expect(modeFor({ threshold: 0.5, decodeMode: "verified" }, "verified", modes)).toBe("verified");
    expect(modeFor({ threshold: 0.5 }, "autoregressive", ["autoregressive"])).toBe("autoregressive");
    expect(modeFor({}, "verified", modes)).toBe("verified");
    const question = "How does a diffusion language model work?";
    const [plain, iterative] = [
      await answer(model, question, { threshold: 0.5 }),
      await answer(model, question, { threshold: 0.5, decodeMode: "iterative" }),
    ];
    expect(plain.tokens).toEqual(iterative.tokens);
    expect(plain.finish.timings.rows).toBe(iterative.finish.timings.rows);
  });

  it("verified says what autoregressive says with the same seed, however it samples", { timeout: 60_000 }, async () => {
    const questions = heldOut(40);
    const ask = (decodeMode: "verified" | "autoregressive") =>
      Promise.all(
        questions.map(({ question }, seed) => {
          const sampling = {
            temperature: 0.3 + (seed % 5) * 0.3,
            topP: seed % 2 === 0 ? 1 : 0.9,
            topK: (seed % 3) * 20,
          };
          return answer(model, question, { decodeMode, seed, maxTokens: 60, logprobs: 1, ...sampling });
        }),
      );
    const [verified, autoregressive] = [await ask("verified"), await ask("autoregressive")];
    const told = (answers: typeof verified) =>
      answers.map(({ events }) => events.flatMap((event) => (event.type === "text" ? event.logprobs! : [])));
    expect(told(verified)).toEqual(told(autoregressive));
    const forwards = (answers: typeof verified) => answers.reduce((sum, each) => sum + each.finish.timings.forwards, 0);
    expect(forwards(verified)).toBeLessThan(forwards(autoregressive));
  });

  it("reports logprobs that belong to the tokens", async () => {
    const { events, tokens } = await answer(model, "What is 2+2?", { logprobs: 3, decodeMode: "autoregressive" });
    const logprobs = events.flatMap((event) => (event.type === "text" ? event.logprobs! : []));
    expect(logprobs.map((each) => each.token)).toEqual(tokens);
    for (const { token, logprob, top } of logprobs) {
      expect(top).toHaveLength(3);
      expect(top[0]).toMatchObject({ token, logprob }); // greedy: the chosen one is the first
      expect(top[0].logprob).toBeGreaterThanOrEqual(top[1].logprob);
      expect(top.reduce((sum, each) => sum + Math.exp(each.logprob), 0)).toBeLessThanOrEqual(1.0001);
    }
  });
});

describe("denoising events", () => {
  it.each(["adaptive", "iterative", "greedy", "verified"] as const)(
    "tell the whole story of an answer (%s)",
    async (decodeMode) => {
      const { events, tokens, finish } = await answer(model, "What is 12 + 7?", { decodeMode, denoising: true });
      const denoising = events.filter(
        (event): event is Extract<GenerateEvent, { type: "denoising" }> => event.type === "denoising",
      );
      const committed = new Map<number, number>();
      let forward = -1;
      for (const event of denoising) {
        expect(event.forward).toBeGreaterThanOrEqual(forward);
        forward = event.forward;
        for (const { position, token, probability, top } of event.commits) {
          expect(committed.has(position)).toBe(false);
          committed.set(position, token);
          expect(probability).toBeGreaterThan(0);
          expect(probability).toBeLessThanOrEqual(1);
          expect(top.length).toBeLessThanOrEqual(5);
          expect(event.masked).not.toContain(position);
        }
      }
      const start = finish.usage.promptTokens;
      expect(tokens.map((_, i) => committed.get(start + i))).toEqual(tokens);
      expect(forward).toBeLessThanOrEqual(finish.timings.forwards);
    },
  );
});

describe("logits", () => {
  it("say what greedy decoding says, in causal attention", async () => {
    const prompt = model.tokenize({ messages: [{ role: "user", content: "What is 2+2?" }] });
    const { tokens } = await answer(model, { tokens: prompt }, { decodeMode: "autoregressive", maxTokens: 8 });
    const all = [...prompt, ...tokens];
    const { vocabulary } = model.info;
    const logits = await model.logits(all, { attention: "causal" });
    expect(logits).toHaveLength(all.length * vocabulary);
    for (let i = prompt.length - 1; i < all.length - 1; i++) {
      const row = logits.subarray(i * vocabulary, (i + 1) * vocabulary);
      expect(row.indexOf(Math.max(...row))).toBe(all[i + 1]);
    }
  });

  it("differ by attention kind exactly where the masks do", async () => {
    const tokens = model.tokenize({ prompt: "What is 12 + 7? ".repeat(8) }).slice(0, 40);
    const [causal, context, block] = await Promise.all(
      (["causal", "context-causal", "block-causal"] as const).map((attention) => model.logits(tokens, { attention })),
    );
    const row = (logits: Float32Array, i: number) =>
      logits.subarray(i * model.info.vocabulary, (i + 1) * model.info.vocabulary);
    expect(row(context, 31)).toEqual(row(causal, 31)); // before the last block: causal
    expect(row(context, 33)).not.toEqual(row(causal, 33));
    expect(row(block, 5)).not.toEqual(row(causal, 5));
    expect(row(context, 39)).not.toEqual(row(block, 39)); // the clean rows before it are causal
  });
});
