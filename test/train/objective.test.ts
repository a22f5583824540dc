// Rows of an objective against a dense definition: every row of [noisy A; noisy B; clean], every key, every
// target, written down as block-diffusion papers write them.

import { describe, expect, test } from "vitest";
import { blocksOf, type Copy, drawCopies, drawWindows, mark, type Sequence } from "../../src/train/noise.js";
import {
  batchOf,
  diffusionRows,
  nextTokenRows,
  type ObjectiveOptions,
  type Rows,
  rowsOf,
  targetCount,
} from "../../src/train/objective.js";
import { hash } from "../../src/util/rng.js";
import { plainNoise } from "./noise-options.js";

const maskToken = 99;
const options: ObjectiveOptions = { ...plainNoise, attention: "context-causal", blockLength: 4, maskToken };

/** A prompt, an answer, and for some a second turn of both. */
function sequenceOf(seed: number): Sequence {
  const length = 2 + (hash(seed, 0, 0) % 17);
  const prompt = 1 + (hash(seed, 1, 0) % (length - 1));
  const again = hash(seed, 2, 0) % 2 === 0 ? length : prompt + 1 + (hash(seed, 3, 0) % length);
  return {
    tokens: Int32Array.from({ length }, (_, p) => p),
    learn: Uint8Array.from({ length }, (_, p) => (p >= prompt && (p < again || p > again + 2) ? 1 : 0)),
  };
}

type Part = "A" | "B" | "clean";
interface Place {
  part: Part;
  position: number;
}

/** Which part and position each row stands for. Copies come in order, clean rows last. */
function placesOf(rows: Rows, [a]: readonly Copy[], blockLength: number): Place[] {
  const asks = (block: number) => a.subarray(block * blockLength, (block + 1) * blockLength).includes(mark.asked);
  const blocksOfA = Array.from({ length: a.length / blockLength }, (_, b) => b).filter(asks).length;
  return rows.positions.map((position, r): Place => {
    if (rows.kinds[r] === "clean") return { part: "clean", position };
    return { part: r < blocksOfA * blockLength ? "A" : "B", position };
  });
}

/** Fast-dLLM v2 (M_BD, M_OBC, M_BC); clean rows causal where the model is context-causal. */
function sees(q: Place, k: Place, { blockLength, attention }: ObjectiveOptions): boolean {
  const [bq, bk] = [Math.floor(q.position / blockLength), Math.floor(k.position / blockLength)];
  if (q.part !== "clean") return k.part === q.part ? bq === bk : k.part === "clean" && bq > bk;
  if (k.part !== "clean") return false;
  return attention === "block-causal" ? bq >= bk : q.position >= k.position;
}

/** What a place predicts and with which weight: the token after it. */
function prediction(place: Place, { tokens, learn }: Sequence, copies: readonly Copy[], o: ObjectiveOptions) {
  const next = place.position + 1;
  const border = next % o.blockLength === 0;
  if (place.part !== "clean") {
    if (border || copies[place.part === "A" ? 0 : 1]?.[next] !== mark.asked) return null;
    return { token: next < tokens.length ? tokens[next] : o.padding!, weight: 1 };
  }
  if (next >= tokens.length || learn[next] === 0) return null;
  const weight = border ? 1 : o.attention === "context-causal" ? o.cleanWeight : 0;
  return weight === 0 ? null : { token: tokens[next], weight };
}

describe.each(["block-causal", "context-causal"] as const)("%s", (attention) => {
  test.each([null, 50])("rows are those of the dense definition, padding %s", (padding) => {
    for (let seed = 0; seed < 150; seed++) {
      const o = { ...options, attention, padding, fullMaskShare: seed % 4 === 0 ? 1 : 0 };
      const sequence = sequenceOf(seed);
      const copies = drawCopies(sequence, o, seed);
      const rows = diffusionRows(sequence, o, blocksOf(copies, o.blockLength));
      const places = placesOf(rows, copies, o.blockLength);
      const kept = new Set(places.map(({ part, position }) => `${part}${position}`));
      expect(kept.size).toBe(places.length);

      const all: Place[] = (["A", "B", "clean"] as const).flatMap((part) => {
        const length = part === "clean" ? sequence.tokens.length : copies[0].length;
        return Array.from({ length }, (_, position) => ({ part, position }));
      });
      for (const place of all) {
        const expected = prediction(place, sequence, copies, o);
        const r = places.findIndex((each) => each.part === place.part && each.position === place.position);
        if (r < 0) {
          expect(expected, `seed ${seed}: ${place.part}${place.position} predicts but is left out`).toBeNull();
          continue;
        }
        expect(rows.targets[r]).toBe(expected === null ? -1 : expected.token);
        expect(rows.weights[r]).toBe(expected === null ? 0 : expected.weight);
        const [a, b, c, d] = rows.keys.slice(4 * r, 4 * r + 4);
        const found = places.flatMap((each, k) => ((k >= a && k < b) || (k >= c && k < d) ? [each] : []));
        // A clean row sees no position past the end of the text: there is none.
        const seen = all.filter((k) => sees(place, k, o));
        const names = (list: Place[]) => list.map(({ part, position }) => `${part}${position}`).sort();
        expect(names(found), `seed ${seed}: ${place.part}${place.position}`).toEqual(names(seen));
        const copy = place.part === "clean" ? undefined : copies[place.part === "A" ? 0 : 1];
        const past = place.position >= sequence.tokens.length;
        const known = past ? (padding ?? maskToken) : sequence.tokens[place.position];
        expect(rows.tokens[r]).toBe(copy !== undefined && copy[place.position] !== mark.shown ? maskToken : known);
      }
    }
  });
});

describe("masks", () => {
  test("cover each token to be learnt in exactly one copy, prompts and first tokens of blocks in none", () => {
    for (let seed = 0; seed < 100; seed++) {
      const sequence = sequenceOf(seed);
      const [a, b] = drawCopies(sequence, options, seed);
      for (let p = 0; p < a.length; p++) {
        const may = sequence.learn[p] === 1 && p % options.blockLength !== 0;
        expect(a[p] + b[p]).toBe(may ? mark.asked : mark.shown);
      }
    }
  });

  test("have a level for each block, uniform in [0, 1]", () => {
    const blockLength = 64;
    const sequence = { tokens: new Int32Array(64 * 200), learn: new Uint8Array(64 * 200).fill(1) };
    const [mask] = drawCopies(sequence, { ...options, blockLength }, 7);
    const shares = Array.from({ length: 200 }, (_, b) => {
      const block = mask.subarray(b * blockLength + 1, (b + 1) * blockLength);
      return block.filter((each) => each === mark.asked).length / block.length;
    });
    const below = (level: number) => shares.filter((share) => share < level).length / shares.length;
    for (const level of [0.1, 0.25, 0.5, 0.75, 0.9]) expect(Math.abs(below(level) - level)).toBeLessThan(0.1);
  });

  test("cover everything in a quarter of the sequences, when asked to", () => {
    const sequence = { tokens: new Int32Array(32), learn: new Uint8Array(32).fill(1) };
    let full = 0;
    for (let number = 0; number < 1000; number++) {
      const rows = rowsOf(
        sequence,
        { ...options, blockLength: 32, fullMaskShare: 0.25 },
        { seed: 1, step: 2, sequence: number },
      );
      if (rows.kinds.filter((kind) => kind === "noisy").length === 32) full++;
    }
    expect(Math.abs(full / 1000 - 0.25)).toBeLessThan(0.06); // some draws of t mask everything by themselves
  });

  test("go from left to right in sub-blocks, when asked to", () => {
    const starts = new Set<number>();
    for (let seed = 0; seed < 300; seed++) {
      const sequence = sequenceOf(seed);
      const o = { ...options, blockLength: 16, subBlockShare: 1, padding: seed % 2 === 0 ? 50 : null };
      const copies = drawCopies(sequence, o, seed);
      expect(copies.length).toBe(1);
      const [mask] = copies;
      for (let first = 0; first < mask.length; first += 16) {
        const free = Array.from({ length: 15 }, (_, i) => first + 1 + i).filter((p) =>
          p < sequence.tokens.length ? sequence.learn[p] === 1 : o.padding !== null,
        );
        const masked = free.filter((p) => mask[p] !== mark.shown);
        expect(mask.subarray(first, first + 16).filter((each) => each !== mark.shown).length).toBe(masked.length); // no others
        const known = free.filter((p) => mask[p] === mark.shown);
        // Known and masked are mixed in one sub-block only, that of the last known token.
        const last = known.at(-1) ?? first;
        const mixed = new Set(masked.filter((p) => p < last).map((p) => p - (p % 4)));
        expect(mixed.size).toBeLessThanOrEqual(1);
        for (const start of mixed) {
          expect(last - (last % 4)).toBe(start);
          starts.add(start % 16);
        }
      }
    }
    expect([...starts].sort((a, b) => a - b)).toEqual([0, 4, 8, 12]);
  });

  test("mark what lies after the sub-block, and mask sub-blocks whole, when asked to", () => {
    const sequence = { tokens: new Int32Array(64), learn: new Uint8Array(64).fill(1) };
    for (const wholeSubBlockShare of [0, 0.5, 1]) {
      const o = { ...options, blockLength: 32, subBlock: 8, subBlockShare: 1, wholeSubBlockShare };
      let whole = 0;
      for (let seed = 0; seed < 300; seed++) {
        const [mask] = drawCopies(sequence, o, seed);
        for (const first of [0, 32]) {
          const ahead = mask.indexOf(mark.ahead, first);
          const end = ahead < 0 || ahead >= first + 32 ? first + 32 : ahead;
          expect(end % 8).toBe(0);
          expect(mask.subarray(end, first + 32).every((each) => each === mark.ahead)).toBe(true);
          const start = Math.max(end - 8, first + 1); // the first token of a block is never masked
          expect(mask.subarray(first, start).every((each) => each === mark.shown)).toBe(true);
          if (mask.subarray(start, end).every((each) => each === mark.asked)) whole++;
        }
      }
      // Of those drawn by a level t ~ U(0, 1), about one in nine is masked whole: the mean of t^8.
      expect(Math.abs(whole / 600 - (wholeSubBlockShare + (1 - wholeSubBlockShare) * 0.11))).toBeLessThan(0.06);
    }
  });

  test("let what lies after the sub-block count as much as asked", () => {
    const sequence = { tokens: Int32Array.from({ length: 32 }, (_, p) => p), learn: new Uint8Array(32).fill(1) };
    for (const aheadWeight of [0, 0.25, 1]) {
      const o = { ...options, blockLength: 32, subBlock: 8, subBlockShare: 1, wholeSubBlockShare: 1, aheadWeight };
      for (let seed = 0; seed < 40; seed++) {
        const [mask] = drawCopies(sequence, o, seed);
        const rows = diffusionRows(sequence, o, blocksOf([mask], 32));
        for (let p = 1; p < 32; p++) {
          const weight = mask[p] === mark.asked ? 1 : mask[p] === mark.ahead ? aheadWeight : 0;
          expect(rows.weights[p - 1]).toBe(weight);
          expect(rows.targets[p - 1]).toBe(weight > 0 ? p : -1);
          expect(rows.tokens[p]).toBe(mask[p] === mark.shown ? p : maskToken);
        }
        const weights = rows.weights.slice(0, 32).reduce((sum, weight) => sum + weight, 0);
        expect(targetCount(rows, 32)).toBe(weights);
      }
    }
  });

  test("have sub-blocks of their own in each copy, when more are asked for", () => {
    const sequence = { tokens: new Int32Array(64), learn: new Uint8Array(64).fill(1) };
    const o = { ...options, blockLength: 32, subBlock: 8, subBlockShare: 1, subBlockCopies: 2, wholeSubBlockShare: 1 };
    let same = 0;
    for (let seed = 0; seed < 400; seed++) {
      const copies = drawCopies(sequence, o, seed);
      expect(copies.length).toBe(2);
      const [a, b] = copies.map((copy) => copy.indexOf(mark.asked));
      if (a === b) same++;
      const rows = diffusionRows(sequence, { ...o, aheadWeight: 0 }, blocksOf(copies, 32));
      expect(rows.kinds.filter((kind) => kind === "noisy").length).toBe(128);
    }
    expect(Math.abs(same / 400 - 0.25)).toBeLessThan(0.08); // four sub-blocks, drawn independently
  });

  test("go from left to right in the share of the sequences that is asked for", () => {
    const sequence = { tokens: new Int32Array(32), learn: new Uint8Array(32).fill(1) };
    const o = { ...options, blockLength: 32, fullMaskShare: 0.25, subBlockShare: 0.5 };
    const counts = { full: 0, leftToRight: 0, both: 0 };
    for (let seed = 0; seed < 1000; seed++) {
      const [mask, complement] = drawCopies(sequence, o, seed);
      if (complement !== undefined) counts.both++;
      else if (mask.includes(mark.shown, 1)) counts.leftToRight++;
      else counts.full++;
    }
    expect(Math.abs(counts.both / 1000 - 0.25)).toBeLessThan(0.06);
    expect(Math.abs(counts.leftToRight / 1000 - 0.5)).toBeLessThan(0.16); // those of the first sub-block may be full
  });

  test("differ with seed, step and sequence, and are the same for the same three", () => {
    const sequence = { tokens: new Int32Array(64), learn: new Uint8Array(64).fill(1) };
    const drawn = (seed: number, step: number, number: number) =>
      JSON.stringify(rowsOf(sequence, { ...options, blockLength: 32 }, { seed, step, sequence: number }));
    const first = drawn(1, 2, 3);
    expect(drawn(1, 2, 3)).toBe(first);
    for (const other of [drawn(2, 2, 3), drawn(1, 3, 3), drawn(1, 2, 4)]) expect(other).not.toBe(first);
  });
});

describe("windows", () => {
  const windowRows = (sequence: Sequence, o: ObjectiveOptions, seed: number) =>
    diffusionRows(sequence, o, drawWindows(sequence, o, seed));
  const o = { ...options, blockLength: 8, subBlock: 4, windowShare: 1 };

  test.each([
    [null, 1],
    [50, 1],
    [null, 0],
    [50, 0],
  ])("begin in an answer and see what decoding shows them, padding %s, whole %s", (padding, whole) => {
    const starts = new Set<number>();
    let hidden = 0; // of the tokens of windows that are not masked whole
    for (let seed = 0; seed < 200; seed++) {
      const sequence = sequenceOf(seed);
      const { tokens, learn } = sequence;
      const isLearnt = (p: number) => (p < tokens.length ? learn[p] === 1 : padding !== null);
      const rows = windowRows(sequence, { ...o, padding, wholeWindowShare: whole }, seed);
      const noisy = rows.kinds.filter((kind) => kind === "noisy").length;
      expect(noisy % 4).toBe(0);
      expect(rows.positions.slice(noisy)).toEqual([...rows.positions.slice(noisy).keys()]);
      for (let r = 0; r < noisy; r += 4) {
        const first = rows.positions[r];
        const isMasked = (i: number) => rows.tokens[r + i] === maskToken;
        expect(learn[first]).toBe(1);
        expect(isMasked(0)).toBe(whole === 1);
        starts.add(first % 8);
        let inside = true; // until the answer ends
        let asked = 0;
        for (let i = 0; i < 4; i++) {
          const p = first + i + 1;
          inside &&= isLearnt(p);
          const token = p < tokens.length ? tokens[p] : padding;
          if (!inside && i < 3) expect(isMasked(i + 1)).toBe(true); // nothing is known behind the end
          const predicts = inside && (i < 3 ? isMasked(i + 1) : rows.targets[r + 3] >= 0);
          if (whole === 1) expect(predicts).toBe(inside);
          if (!predicts && inside && i < 3) expect(rows.tokens[r + i + 1]).toBe(token);
          if (predicts) asked++;
          if (inside && whole === 0) hidden += predicts ? 1 : -1;
          expect(rows.positions[r + i]).toBe(first + i);
          expect(rows.targets[r + i], `seed ${seed}, row ${r + i}`).toBe(predicts ? token : -1);
          expect(rows.weights[r + i]).toBe(predicts ? 1 : 0);
          expect(rows.keys.slice(4 * (r + i), 4 * (r + i) + 4)).toEqual([noisy, noisy + first, r, r + 4]);
        }
        expect(asked).toBeGreaterThan(0);
      }
    }
    expect(starts.size).toBe(8); // blocks do not matter
    if (whole === 0) expect(hidden).toBeGreaterThan(0); // those with nothing to ask are left out
  });

  test("begin with each answer's first token, and predict the others once in each copy", () => {
    const sequence = { tokens: Int32Array.from({ length: 64 }, (_, p) => p), learn: new Uint8Array(64).fill(1, 10) };
    sequence.learn.fill(0, 30, 33); // a second answer from 33 on
    for (const windowCopies of [1, 2]) {
      const predicted = new Float64Array(64);
      const distances = new Float64Array(4);
      for (let seed = 0; seed < 400; seed++) {
        const { kinds, targets, positions, tokens } = windowRows(sequence, { ...o, windowCopies }, seed);
        expect([tokens[0], positions[0], targets[0]]).toEqual([maskToken, 10, 11]);
        for (const [r, kind] of kinds.entries()) {
          if (kind !== "noisy" || targets[r] < 0) continue;
          predicted[targets[r]]++;
          if (targets[r] === 50) distances[r % 4]++;
        }
      }
      for (let p = 0; p < 64; p++) {
        const unmasked = p <= 10 || (p >= 30 && p <= 33);
        const twice = (p > 10 && p < 15) || (p > 33 && p < 38); // by the first window and the second
        if (unmasked || !twice) expect(predicted[p], `position ${p}`).toBe(unmasked ? 0 : 400 * windowCopies);
        else expect(predicted[p]).toBeGreaterThan(400 * windowCopies - 1);
      }
      for (const count of distances) expect(Math.abs(count / windowCopies - 100)).toBeLessThan(35);
    }
  });

  test("are masked whole in the share that is asked for, and by a level otherwise", () => {
    const sequence = { tokens: new Int32Array(200), learn: new Uint8Array(200).fill(1, 1) };
    for (const wholeWindowShare of [0, 0.6, 1]) {
      const windows = Array.from({ length: 100 }, (_, seed) =>
        drawWindows(sequence, { ...o, wholeWindowShare }, seed),
      ).flat();
      const whole = windows.filter(({ marks }) => marks[0] === mark.beyond);
      expect(whole.length / windows.length).toBeCloseTo(wholeWindowShare, 1);
      expect(whole.every(({ marks }) => !marks.includes(mark.shown))).toBe(true);
      const inside = windows.filter(({ first, marks }) => marks[0] === mark.shown && first < 190);
      const shares = inside.map(({ marks }) => marks.filter((each) => each === mark.asked).length);
      // Each number of masks from 0 to 4 equally often: the level is uniform.
      for (let n = 0; n <= 4 && inside.length > 0; n++)
        expect(Math.abs(shares.filter((each) => each === n).length / inside.length - 0.2)).toBeLessThan(0.04);
    }
  });

  test("take the share of the sequences that is asked for, and leave the others as they were", () => {
    const sequence = { tokens: new Int32Array(32), learn: new Uint8Array(32).fill(1) };
    const all = { ...options, blockLength: 32, subBlock: 8, fullMaskShare: 0.25, subBlockShare: 0.25 };
    let windows = 0;
    for (let number = 0; number < 1000; number++) {
      const draw = { seed: 1, step: 2, sequence: number };
      const rows = rowsOf(sequence, { ...all, windowShare: 0.4 }, draw);
      if (rows.keys[3] - rows.keys[2] === 8) windows++;
      else expect(rows).toEqual(rowsOf(sequence, all, draw));
    }
    expect(Math.abs(windows / 1000 - 0.4)).toBeLessThan(0.06);
  });
});

describe("the divisor", () => {
  test("is the number of tokens to be learnt, however they are masked", () => {
    for (let seed = 0; seed < 60; seed++) {
      const sequence = sequenceOf(seed);
      const learnt = sequence.learn.reduce((sum, learn) => sum + learn, 0);
      for (const nextTokenShare of [0, 1]) {
        for (const fullMaskShare of [0, 1]) {
          const o = { ...options, nextTokenShare, fullMaskShare };
          const rows = rowsOf(sequence, o, { seed, step: 0, sequence: 0 });
          expect(targetCount(rows, o.blockLength)).toBe(learnt);
        }
      }
    }
  });

  test("makes the weights of a step a mean", () => {
    const sequences = [3, 4, 5].map((seed) => nextTokenRows(sequenceOf(seed)));
    const count = sequences.reduce((sum, rows) => sum + targetCount(rows, 4), 0);
    const batch = batchOf(sequences, count);
    expect(batch.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6);
  });
});

test("next-token rows are causal, predict what follows, and end with the last target", () => {
  const learn = Uint8Array.of(0, 0, 1, 1, 0, 0);
  const rows = nextTokenRows({ tokens: Int32Array.of(10, 11, 12, 13, 14, 15), learn });
  expect(rows.tokens).toEqual([10, 11, 12]);
  expect(rows.targets).toEqual([-1, 12, 13]);
  expect(rows.keys).toEqual([0, 1, 1, 1, 0, 2, 2, 2, 0, 3, 3, 3]);
});

test("a batch keeps its sequences apart", () => {
  const [a, b] = [sequenceOf(1), sequenceOf(2)].map((sequence) =>
    rowsOf(sequence, options, { seed: 1, step: 1, sequence: 1 }),
  );
  const batch = batchOf([a, b], 1);
  const border = a.tokens.length;
  expect([...batch.sequences]).toEqual([0, border, border + b.tokens.length]);
  for (let r = 0; r < batch.tokens.length; r++) {
    const keys = batch.keys.subarray(4 * r, 4 * r + 4);
    const [low, high] = r < border ? [0, border] : [border, batch.tokens.length];
    for (const key of keys) expect(key >= low && key <= high).toBe(true);
    expect(keys[1] - keys[0] + keys[3] - keys[2]).toBeGreaterThan(0);
  }
});
