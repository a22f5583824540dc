import { describe, expect, it } from "vitest";
import { inTurns } from "../../src/bench/rounds.js";

describe("inTurns", () => {
  it("lets the candidates take turns and forgets the warm-up", async () => {
    const order: string[] = [];
    const candidate = (name: string) => ({
      name,
      run: async () => order.push(name),
    });
    const results = await inTurns([candidate("a"), candidate("b")], { rounds: 2 });
    expect(order).toEqual(["a", "b", "a", "b", "a", "b"]);
    expect(results).toEqual([
      [3, 5],
      [4, 6],
    ]);
  });

  it("says what runs and how far it is", async () => {
    const said: [string, number, number][] = [];
    const candidate = { name: "a", run: async () => 0 };
    await inTurns([candidate], { rounds: 2, warmUp: 0, onRun: (...words) => said.push(words) });
    expect(said).toEqual([
      ["a", 0, 2],
      ["a", 1, 2],
    ]);
  });

  it("stops between two runs", async () => {
    const stop = new AbortController();
    let runs = 0;
    const candidate = {
      name: "a",
      run: async () => {
        if (++runs === 2) stop.abort();
      },
    };
    await expect(inTurns([candidate], { rounds: 5, signal: stop.signal })).rejects.toMatchObject({ code: "aborted" });
    expect(runs).toBe(2);
  });

  it("hands on what a candidate throws", async () => {
    const candidate = { name: "a", run: () => Promise.reject(new Error("broken")) };
    await expect(inTurns([candidate], { rounds: 1 })).rejects.toThrow("broken");
  });
});
