// Servers, their facts, and what is asked of them.

import { describe, expect, test } from "vitest";
import { UnmaskClientError } from "../../src/client/index.js";
import { addressProblem, currentBackend, ownServer, reduceBackends } from "../../web/src/state/backends.js";
import { divisors, factPhrases, factsOf } from "../../web/src/state/facts.js";
import { problemOf } from "../../web/src/state/problem.js";
import { inMode, noSettings, numberIn, optionsOf } from "../../web/src/state/settings.js";
import { createStore } from "../../web/src/state/store.js";

const card = {
  id: "unmask-5m",
  owned_by: "unmask",
  meta: {
    n_ctx: 512,
    n_params: 4990208,
    size: 1775840,
    architecture: "bitnet",
    weight_type: "I2_S",
    block_length: 32,
    decode_modes: ["adaptive", "autoregressive"],
    defaults: { decode_mode: "adaptive", threshold: 0.9, small_block_size: 8, dual_cache: "shifted", max_tokens: 256 },
    backend: "native avx2",
    threads: 1,
  },
};
const facts = factsOf(card);
const others = factsOf({
  id: "llama",
  owned_by: "llamacpp",
  meta: { n_params: 7e9, size: 4.5 * 2 ** 30, n_ctx_train: 8192 },
});

describe("facts", () => {
  test("of unmask", () => {
    expect(facts).toMatchObject({ denoising: true, blockLength: 32, defaults: { decodeMode: "adaptive" } });
    expect(factPhrases(facts).join(", ")).toBe(
      "bitnet, 5.0 M parameters, I2_S, 1.7 MiB, blocks of 32, context 512, native avx2, 1 thread",
    );
  });

  test("of other servers: what is not said is not shown", () => {
    expect(others).toMatchObject({ denoising: false, decodeModes: [], defaults: null });
    expect(factPhrases(others)).toEqual(["7.0 B parameters", "4608 MiB", "context 8192"]);
    expect(factPhrases(factsOf({ id: "bare" }))).toEqual([]);
  });

  test("a causal model on unmask sends no denoising events", () => {
    expect(factsOf({ ...card, meta: { ...card.meta, block_length: null } }).denoising).toBe(false);
  });
});

describe("options", () => {
  const set = {
    decodeMode: "autoregressive" as const,
    threshold: 0.5,
    smallBlockSize: 16,
    temperature: 0,
    topP: 0.9,
    seed: 3,
    maxTokens: 20,
  };

  test("everything that is set goes out, nothing else", () => {
    const adaptive = { ...set, decodeMode: "adaptive" as const };
    expect(optionsOf(adaptive, facts)).toEqual(adaptive);
    const { threshold: _, smallBlockSize: __, ...others } = set; // autoregressive
    expect(optionsOf(set, facts)).toEqual(others);
    expect(optionsOf(noSettings, facts)).toEqual({});
  });

  test("a mode gets no option that it has no use for", () => {
    const { threshold: _, ...verified } = { ...set, decodeMode: "verified" as const };
    expect(inMode("verified", set)).toEqual(verified);
    expect(inMode("adaptive", set)).toEqual({ ...set, decodeMode: "adaptive" });
    expect(optionsOf({ ...set, decodeMode: null }, facts).threshold).toBe(0.5); // the server chooses a mode that has one
  });

  test("other servers never see what only unmask has", () => {
    expect(optionsOf(set, others)).toEqual({ temperature: 0, topP: 0.9, seed: 3, maxTokens: 20 });
  });

  test("what this model does not have is left out", () => {
    const options = optionsOf({ ...noSettings, decodeMode: "greedy", smallBlockSize: 5 }, facts);
    expect(options).toEqual({});
  });

  test("numbers in fields", () => {
    expect(numberIn(" 0.5 ", 0, 1)).toBe(0.5);
    for (const wrong of ["", " ", "x", "1.5", "-1", "NaN"]) expect(numberIn(wrong, 0, 1)).toBeNull();
    expect(numberIn("2.5", 0, 9, true)).toBeNull();
  });

  test("sub-blocks divide the block", () => {
    expect(divisors(32)).toEqual([1, 2, 4, 8, 16, 32]);
  });
});

test("servers are added, chosen and removed; the page's own stays", () => {
  const start = { list: [ownServer], current: ownServer.id };
  const added = reduceBackends(start, { type: "add", id: "b", url: "http://localhost:8080", apiKey: "" });
  expect(currentBackend(added)).toEqual({ id: "b", name: "localhost:8080", url: "http://localhost:8080", apiKey: "" });
  expect(currentBackend(reduceBackends(added, { type: "key", id: "b", apiKey: "k" })).apiKey).toBe("k");
  expect(reduceBackends(added, { type: "choose", id: "nowhere" })).toBe(added);
  expect(reduceBackends(added, { type: "remove", id: "b" })).toEqual(start);
  expect(reduceBackends(start, { type: "remove", id: ownServer.id })).toBe(start);
});

test("addresses", () => {
  expect(addressProblem("http://127.0.0.1:8080")).toBeNull();
  for (const wrong of ["", "localhost", "localhost:8080", "file:///etc"]) expect(addressProblem(wrong)).not.toBeNull();
});

test("failures as sentences", () => {
  const refused = new UnmaskClientError("invalid_request", "threshold is 2.", { requestId: "r" });
  expect(problemOf(refused)).toEqual({ message: "threshold is 2.", code: "invalid_request", requestId: "r" });
  expect(problemOf(new UnmaskClientError("connection_failed", "x")).message).toContain("cannot be reached");
  expect(problemOf(new TypeError("oops"))).toMatchObject({ code: "page_failed" });
});

test("a store tells its listeners once for many changes, and not when nothing changed", () => {
  const tasks: (() => void)[] = [];
  const store = createStore(
    (sum: number, add: number) => sum + add,
    0,
    (task) => tasks.push(task),
  );
  let told = 0;
  const stop = store.subscribe(() => {
    told++;
  });
  store.dispatch(0);
  expect(tasks).toHaveLength(0);
  store.dispatch(1);
  store.dispatch(2);
  expect(store.get()).toBe(3);
  expect(tasks).toHaveLength(1);
  tasks[0]();
  expect(told).toBe(1);
  stop();
  store.dispatch(1);
  tasks[1]();
  expect(told).toBe(1);
});
