import { describe, expect, it } from "vitest";
import { inverse, median, percentile, spreadOf } from "../../src/bench/statistics.js";

describe("statistics", () => {
  it("the median does not mind outliers or order", () => {
    expect(median([5, 1, 1000])).toBe(5);
    expect(median([4, 1, 1000, 2])).toBe(3);
    expect(median([7])).toBe(7);
  });

  it("percentiles are values that were measured (nearest rank)", () => {
    const sorted = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([0, 0.5, 0.95, 0.99, 1].map((share) => percentile(sorted, share))).toEqual([1, 50, 95, 99, 100]);
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([1, 2], 0.5)).toBe(1);
  });

  it("the spread holds the middle half", () => {
    expect(spreadOf([8, 1, 2, 3, 4, 5, 6, 7])).toEqual({ median: 4.5, low: 2, high: 6, n: 8 });
  });

  it("leaves its input as it was", () => {
    const values = [3, 1, 2];
    spreadOf(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it("turned round, the slowest time is the lowest rate", () => {
    const rates = inverse({ median: 0.5, low: 0.25, high: 1, n: 4 }, 1);
    expect(rates).toEqual({ median: 2, low: 1, high: 4, n: 4 });
  });
});
