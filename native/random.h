// The arithmetic of src/util/rng.ts: a hash of (seed, position, draw). A test keeps the two equal.
#pragma once

#include <stdint.h>

namespace unmask {

/** The 32-bit finaliser of MurmurHash3. */
inline uint32_t mix(uint32_t h) {
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

inline uint32_t hash(uint32_t seed, uint32_t position, uint32_t draw) {
  return mix(mix(mix(seed ^ 0x9e3779b9u) ^ (position * 0x9e3779b1u)) ^ (draw * 0x85ebca77u));
}

/** A number in [0, 1) with 24 bits, exact in f32. */
inline float uniform(uint32_t seed, uint32_t position, uint32_t draw) {
  return static_cast<float>(hash(seed, position, draw) >> 8) * 0x1p-24f;
}

}  // namespace unmask
