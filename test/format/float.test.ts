// f16, bf16 and Q8_0 against slow definitions: nearest of all representable values, ties to even.

import { describe, expect, it } from "vitest";
import { packFloats, unpackFloats } from "../../src/format/tensors/float.js";
import { fromBf16, fromF16, roundHalfEven, toBf16, toF16 } from "../../src/util/half.js";
import { hash } from "../../src/util/rng.js";

/** The value of f16 bits, by the definition of the format. */
function f16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** Nearest f16 by search; 65520 is half-way to the value that would follow 65504 and rounds to infinity. */
function nearestF16(x: number): number {
  const magnitude = Math.abs(x);
  const sign = Object.is(x, -0) || x < 0 ? 0x8000 : 0;
  if (magnitude >= 65520) return sign | 0x7c00;
  let low = 0;
  let high = 0x7bff;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (f16Value(middle) <= magnitude) low = middle;
    else high = middle;
  }
  const below = magnitude - f16Value(low);
  const above = f16Value(high) - magnitude;
  return sign | (below < above || (below === above && low % 2 === 0) ? low : high);
}

describe("f16", () => {
  it("widens every bit pattern exactly and narrows it back", () => {
    const bits = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
    const values = fromF16(bits);
    const back = toF16(values);
    for (let i = 0; i < bits.length; i++) {
      if (!Object.is(values[i], f16Value(i))) throw new Error(`0x${i.toString(16)} became ${values[i]}`);
      if (!Number.isNaN(values[i]) && back[i] !== i) throw new Error(`0x${i.toString(16)} came back as ${back[i]}`);
    }
  });

  it("rounds to nearest, ties to even, over all exponents", () => {
    const bits = Uint32Array.from({ length: 40_000 }, (_, i) => hash(7, i, 0));
    // Exponents of f16's range, so that most values are neither zero nor infinite.
    for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] & 0x807fffff) | ((100 + (i % 45)) << 23);
    const values = new Float32Array(bits.buffer);
    const found = toF16(values);
    for (let i = 0; i < values.length; i++) {
      if (found[i] !== nearestF16(values[i])) throw new Error(`${values[i]} became 0x${found[i].toString(16)}`);
    }
  });

  it("rounds the half-way values to even", () => {
    const halves = Float32Array.from({ length: 2047 }, (_, i) => (f16Value(i + 900) + f16Value(i + 901)) / 2);
    expect([...toF16(halves)]).toEqual([...halves].map(nearestF16));
    expect(toF16(Float32Array.of(65519.996, 65520, -70000, 2 ** -25, 2 ** -25 * 1.01, -0))).toEqual(
      Uint16Array.of(0x7bff, 0x7c00, 0xfc00, 0, 1, 0x8000),
    );
  });

  it("keeps NaN and infinities", () => {
    const special = fromF16(toF16(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)));
    expect([...special]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });
});

describe("bf16", () => {
  it("widens by appending zeros and narrows to nearest even", () => {
    const bits = Uint32Array.of(0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0xbf80ffff, 0x7f7fffff, 0x80000000);
    const values = new Float32Array(bits.buffer);
    expect(toBf16(values)).toEqual(Uint16Array.of(0x3f80, 0x3f82, 0x3f81, 0x3f80, 0xbf81, 0x7f80, 0x8000));
    const all = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
    const widened = fromBf16(all);
    const pattern = new Uint32Array(widened.buffer);
    for (const i of all) if (pattern[i] !== (i << 16) >>> 0) throw new Error(`0x${i.toString(16)}`);
    expect(toBf16(Float32Array.of(Number.NaN))[0] & 0x7fff).toBeGreaterThan(0x7f80);
  });
});

it("rounds half to even", () => {
  expect([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4999, 2.5001].map(roundHalfEven)).toEqual([-2, -2, 0, 0, 2, 2, 2, 3]);
});

it("packs and unpacks floats wherever the bytes lie", () => {
  const values = Float32Array.of(1, -2.5, 0.125, 1e-3);
  for (const type of ["F32", "F16", "BF16"] as const) {
    const packed = packFloats(type, values);
    const shifted = new Uint8Array(packed.length + 1).subarray(1);
    shifted.set(packed);
    expect(unpackFloats(type, shifted)).toEqual(unpackFloats(type, packed));
    expect(unpackFloats(type, packed)[1]).toBe(-2.5);
  }
});

it("keeps Q8_0 within half a step of its scale and zero blocks zero", () => {
  const values = Float32Array.from({ length: 96 }, (_, i) =>
    i < 64 ? (hash(3, i, 0) / 2 ** 31 - 1) * 2 ** (i >> 5) : 0,
  );
  const unpacked = unpackFloats("Q8_0", packFloats("Q8_0", values));
  for (let block = 0; block < 3; block++) {
    const largest = Math.max(...values.subarray(block * 32, block * 32 + 32).map(Math.abs));
    for (let i = block * 32; i < block * 32 + 32; i++) {
      expect(Math.abs(unpacked[i] - values[i])).toBeLessThanOrEqual((largest / 127) * 0.57); // + the scale's rounding
    }
  }
  expect(unpacked.subarray(64).every((x) => x === 0)).toBe(true);
});
