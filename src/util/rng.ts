// The project's one source of randomness: a hash, not a state.
//
// A draw is named by (seed, position, draw), so an answer does not depend on batch,
// threads or the order in which rows are computed. native/random.h holds the same
// arithmetic; a test keeps the two equal.

/** The 32-bit finaliser of MurmurHash3. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 32 random bits for the triple; all three are taken modulo 2^32. */
export function hash(seed: number, position: number, draw: number): number {
  return mix(mix(mix(seed ^ 0x9e3779b9) ^ Math.imul(position, 0x9e3779b1)) ^ Math.imul(draw, 0x85ebca77));
}

/** A number in [0, 1) with 24 bits, exact in f32. */
export function uniform(seed: number, position: number, draw: number): number {
  return (hash(seed, position, draw) >>> 8) / 0x1000000;
}
