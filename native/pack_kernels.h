// Rows of floats packed in ggml's block types q8_0, q6_k, q4_0, by its reference quantisers
// (quantize_row_*_ref in ggml-quants.c), rounding for rounding.
//
// The slow definition is src/format/tensors/blocks.ts. Q6_K tries nineteen scales for each sixteen
// columns, so its sixteen groups of a block are worked on side by side, one in each lane of a v16.
#pragma once

#include "float_kernels.h"

namespace {

inline void storeHalf(uint8_t* p, float x) {
  const uint16_t h = unmask::narrowF16(x);
  memcpy(p, &h, 2);
}

inline float magnitude(float x) { return __builtin_fabsf(x); }

/** The first value of the largest magnitude, of a multiple of 16 values. */
inline float extremeOf(const float* x, int n) {
  v16 most = set1(0.0f);
  for (int i = 0; i < n; i += 16) most = max(most, abs(load(x + i)));
  const float largest = maxLanes(most);
  for (int i = 0; largest > 0.0f && i < n; i += 16) {
    const unsigned equal = equalLanes(abs(load(x + i)), set1(largest));
    if (equal != 0) return x[i + __builtin_ctz(equal)];
  }
  return 0.0f;
}

/** To the nearest integer, halves away from zero. */
inline int nearestAway(float x) {
  const int whole = static_cast<int>(x);
  const float rest = x - static_cast<float>(whole);
  return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

void packQ8(const float* x, int columns, uint8_t* out) {
  for (int k = 0; k < columns; k += 32, x += 32, out += 34) {
    const float scale = magnitude(extremeOf(x, 32)) / 127.0f, inverse = scale == 0.0f ? 0.0f : 1.0f / scale;
    storeHalf(out, scale);
    for (int i = 0; i < 32; i++) out[2 + i] = static_cast<uint8_t>(nearestAway(x[i] * inverse));
  }
}

void packQ4(const float* x, int columns, uint8_t* out) {
  const auto code = [](float x) {  // half up; from -8 to 7
    const int q = static_cast<int>(x + 8.5f);
    return q < 15 ? q : 15;
  };
  for (int k = 0; k < columns; k += 32, x += 32, out += 18) {
    const float scale = extremeOf(x, 32) / -8.0f, inverse = scale == 0.0f ? 0.0f : 1.0f / scale;
    storeHalf(out, scale);
    for (int i = 0; i < 16; i++)
      out[2 + i] = static_cast<uint8_t>(code(x[i] * inverse) | code(x[i + 16] * inverse) << 4);
  }
}

constexpr float kTiny = 1e-15f;  // below this a group counts as zeros

inline v16 nearestCode(v16 x) { return max(set1(-32.0f), min(set1(31.0f), nearest(x))); }

/**
 * Per lane the scale that brings codes from -32 to 31 near sixteen values x[i], squared errors
 * weighted by the squared value, and the inverse with which the codes were made (0 for a group of
 * zeros): of nineteen spacings around the one that makes the extreme -32, the best.
 */
inline void fitScales(const v16 (&x)[16], v16* scale, v16* inverse) {
  v16 widest = set1(0.0f);
  for (int i = 0; i < 16; i++) widest = ifLess(abs(widest), abs(x[i]), x[i], widest);
  v16 best = set1(0.0f);
  for (int n = 0; n < 19; n++) {
    const int step = n == 0 ? 0 : n <= 9 ? n - 10 : n - 9;  // 0, -9 .. -1, 1 .. 9
    const v16 candidate = div(set1(-(32.0f + 0.1f * static_cast<float>(step))), widest);
    v16 product = set1(0.0f), square = product;
    for (int i = 0; i < 16; i++) {
      const v16 code = nearestCode(mul(candidate, x[i])), weight = mul(x[i], x[i]);
      product = add(product, mul(mul(weight, x[i]), code));
      square = add(square, mul(mul(weight, code), code));
    }
    const v16 found = ifLess(set1(0.0f), square, div(product, square), set1(0.0f));
    const v16 score = mul(found, product);
    if (n == 0) {
      *scale = found, *inverse = candidate, best = score;
      continue;
    }
    const v16 old = mul(best, square), now = mul(product, product);
    *scale = ifLess(old, now, found, *scale);
    *inverse = ifLess(old, now, candidate, *inverse);
    best = ifLess(old, now, score, best);
  }
  const v16 zeros = set1(0.0f), limit = set1(kTiny);
  *scale = ifLess(abs(widest), limit, zeros, *scale);
  *inverse = ifLess(abs(widest), limit, zeros, *inverse);
}

void packQ6Block(const float* x, uint8_t* out) {
  float turned[16][16];  // [column of its group][group]
  for (int group = 0; group < 16; group++)
    for (int i = 0; i < 16; i++) turned[i][group] = x[16 * group + i];
  v16 values[16], scale, inverse;
  for (int i = 0; i < 16; i++) values[i] = load(turned[i]);
  fitScales(values, &scale, &inverse);

  float scales[16];
  store(scales, scale);
  const float widest = extremeOf(scales, 16);
  memset(out, 0, 210);
  if (magnitude(widest) < kTiny) return;
  storeHalf(out + 208, 1.0f / (-128.0f / widest));
  int8_t codes[16][16];  // [column of its group][group], then scales
  storeI8(reinterpret_cast<int8_t*>(out + 192), min(set1(127.0f), nearest(mul(set1(-128.0f / widest), scale))));
  // What is left of the scales. A group whose scale rounds to nothing keeps its first codes.
  const v16 kept = mul(loadI8(out + 192), broadcastF16(out + 208)), none = set1(0.0f);
  for (int i = 0; i < 16; i++) {
    const v16 first = ifLess(none, abs(inverse), nearestCode(mul(inverse, values[i])), set1(-32.0f));
    storeI8(codes[i], add(ifLess(none, abs(kept), nearestCode(div(values[i], kept)), first), set1(32.0f)));
  }
  uint8_t flat[256];
  for (int group = 0; group < 16; group++)
    for (int i = 0; i < 16; i++) flat[16 * group + i] = static_cast<uint8_t>(codes[i][group]);
  for (int half = 0; half < 2; half++) {
    const uint8_t* c = flat + 128 * half;
    for (int i = 0; i < 32; i++) {
      out[64 * half + i] = static_cast<uint8_t>((c[i] & 15) | c[i + 64] << 4);
      out[64 * half + 32 + i] = static_cast<uint8_t>((c[i + 32] & 15) | c[i + 96] << 4);
      out[128 + 32 * half + i] =
          static_cast<uint8_t>(c[i] >> 4 | c[i + 32] >> 4 << 2 | c[i + 64] >> 4 << 4 | c[i + 96] >> 4 << 6);
    }
  }
}

void packQ6(const float* x, int columns, uint8_t* out) {
  for (int k = 0; k < columns; k += 256, out += 210) packQ6Block(x + k, out);
}

}  // namespace
