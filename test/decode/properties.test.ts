// What holds for every mode, model, prompt and option. drive() checks each turn: legal spans over
// written K/V only, append-only settling, maxTokens, one finish, committed K/V that equal a clean
// recomputation. Here its inputs are random, and runs are compared with each other.

import fc from "fast-check";
import { expect, test } from "vitest";
import { type DecodeMode, dualCaches, leftToRight } from "../../src/decode/types.js";
import type { AttentionKind } from "../../src/model/types.js";
import { defaults, drive, type Input, maskToken, vocabulary } from "./drive.js";
import { predictedPositions } from "./script.js";

const inputs: fc.Arbitrary<Input> = fc
  .record({
    mode: fc.constantFrom<DecodeMode>("adaptive", "iterative", "greedy", "verified", "autoregressive"),
    attention: fc.constantFrom<AttentionKind>("block-causal", "context-causal"),
    shift: fc.boolean(),
    blockLength: fc.constantFrom(32, 32, 32, 64, 16, 8, 4, 1),
    subBlock: fc.constantFrom(1, 4, 8, 16, 32, 64),
    dualCache: fc.constantFrom(...dualCaches),
    threshold: fc.constantFrom(0.1, 0.5, 0.9, 0.9375, 1),
    maxTokens: fc.integer({ min: 1, max: 90 }),
    stopTokens: fc.subarray([0, 1, 2, 3, maskToken]),
    temperature: fc.constantFrom(0, 0, 0.8),
    seed: fc.integer(),
    top: fc.constantFrom(0, 3, 20),
    // The prompt may hold the mask token and stop tokens.
    n: fc.oneof(fc.constantFrom(31, 32, 33, 63, 64, 65), fc.integer({ min: 1, max: 100 })),
    salt: fc.nat(),
    cachedPages: fc.nat(3),
  })
  .map(({ mode, attention, shift, blockLength, subBlock, n, salt, cachedPages, ...rest }) => {
    return {
      prompt: Array.from({ length: n }, (_, i) => (salt + i * i) % vocabulary),
      cached: Math.min(cachedPages, Math.floor((n - 1) / 32)) * 32,
      options: {
        ...defaults,
        ...rest,
        mode,
        subBlock: blockLength % subBlock === 0 ? subBlock : blockLength,
      },
      facts: {
        attention: mode === "verified" ? "context-causal" : attention,
        blockLength,
        shift: shift || leftToRight(mode),
        maskToken,
      },
    };
  });

const maxRows = fc.constantFrom(1, 32, 50, 256);

test("every turn of every decoder is legal, however little context there is", () => {
  fc.assert(
    fc.property(inputs, maxRows, fc.nat(40), (input, rows, room) => {
      const { prompt, options, facts } = input;
      const least = prompt.length + options.maxTokens;
      const contextLength = Math.ceil((least + room) / facts.blockLength) * facts.blockLength;
      drive({ ...input, contextLength }, { maxRows: rows });
    }),
    { numRuns: 300 },
  );
});

test("neither cache hits nor prefill chunks change anything, sampling included", () => {
  fc.assert(
    fc.property(inputs, maxRows, (input, rows) => {
      const plain = drive({ ...input, cached: 0 });
      const cached = drive(input, { maxRows: rows });
      expect(cached.settled).toEqual(plain.settled);
      expect(cached.reason).toBe(plain.reason);
    }),
    { numRuns: 100 },
  );
});

test("a smaller maxTokens gives a prefix of the longer answer", () => {
  fc.assert(
    fc.property(inputs, fc.integer({ min: 1, max: 90 }), (input, maxTokens) => {
      const longer = drive(input);
      const shorter = drive({ ...input, options: { ...input.options, maxTokens } });
      const length = Math.min(longer.tokens.length, shorter.tokens.length);
      expect(shorter.settled.slice(0, length)).toEqual(longer.settled.slice(0, length));
      if (maxTokens <= input.options.maxTokens) expect(shorter.tokens.length).toBe(length);
    }),
    { numRuns: 100 },
  );
});

test("a stop token gives a prefix of the answer without it", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const free = drive({ ...input, options: { ...input.options, stopTokens: [] } });
      const stopped = drive(input);
      expect(free.settled.slice(0, stopped.tokens.length)).toEqual(stopped.settled);
    }),
    { numRuns: 100 },
  );
});

test("a prompt of mask tokens is known: only positions behind it are asked about", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const prompt = input.prompt.map(() => maskToken);
      const { spans } = drive({ ...input, prompt });
      const predicted = spans.flatMap((span) => predictedPositions(span, input.facts.shift));
      expect(Math.min(...predicted)).toBe(prompt.length);
    }),
    { numRuns: 50 },
  );
});

test("threshold 1 takes one forward for each position", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      fc.pre(input.options.mode === "iterative");
      const { denoised } = drive({ ...input, options: { ...input.options, threshold: 1 } });
      for (const event of denoised) expect(event.commits.length).toBe(1);
    }),
    { numRuns: 50 },
  );
});
