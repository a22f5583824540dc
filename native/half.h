// 16-bit floats in plain C: the definition that the vector conversions must equal.
//
// Narrowing rounds to nearest, ties to even, overflows to infinity and keeps NaN a quiet
// NaN; widening is exact. Static functions only, since AVX files include this.
#pragma once

#include <stdint.h>
#include <string.h>

namespace unmask {

static inline uint32_t floatBits(float x) {
  uint32_t u;
  memcpy(&u, &x, 4);
  return u;
}

static inline float bitsFloat(uint32_t u) {
  float x;
  memcpy(&x, &u, 4);
  return x;
}

static inline float widenF16(uint16_t h) {
  const uint32_t sign = static_cast<uint32_t>(h & 0x8000) << 16;
  const uint32_t magnitude = h & 0x7fff;
  if (magnitude >= 0x7c00) {
    const uint32_t quiet = magnitude > 0x7c00 ? 0x400000 : 0;
    return bitsFloat(sign | 0x7f800000 | quiet | ((magnitude & 0x3ff) << 13));
  }
  if (magnitude >= 0x400) return bitsFloat(sign | ((magnitude << 13) + (112u << 23)));
  const float subnormal = static_cast<float>(magnitude) * 0x1p-24f;
  return bitsFloat(sign | floatBits(subnormal));
}

static inline uint16_t narrowF16(float x) {
  const uint32_t bits = floatBits(x);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00 | ((magnitude >> 13) & 0x3ff));
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);  // 65520 and above
  if (magnitude >= 0x38800000) {
    // Rebias the exponent; a carry out of the mantissa raises it by itself.
    const uint32_t rounded = magnitude + 0xfff + ((magnitude >> 13) & 1) - (112u << 23);
    return static_cast<uint16_t>(sign | (rounded >> 13));
  }
  // Subnormal: adding 0.5 leaves round(|x| / 2^-24) in the low mantissa bits.
  const uint32_t units = floatBits(bitsFloat(magnitude) + 0.5f) - floatBits(0.5f);
  return static_cast<uint16_t>(sign | units);
}

static inline float widenBF16(uint16_t b) { return bitsFloat(static_cast<uint32_t>(b) << 16); }

}  // namespace unmask
