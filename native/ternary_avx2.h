// Ternary pieces with AVX2: VPMADDUBSW into int16 lanes (a row and a pair of columns each),
// widened by VPMADDWD before they can overflow.
//
// A product pair is at most 2 * 3 * 128 = 768 (code 3 included), so the 32 quads of two
// column groups stay below 24,577 of 32,767.
#pragma once

#include "integers_avx2.h"
#include "kernels.h"

namespace {

using unmask::kGroup;

constexpr int kTokenTile = 4;     // 8 int16 accumulators, 2 weights, broadcast and product of 16 registers
constexpr int kNarrowGroups = 2;  // column groups that int16 sums can hold

// acc += pairs of products. Written out: GCC would shuffle the accumulators among registers.
#define UNMASK_ADD_PRODUCTS(acc, codes, quad)                                                            \
  do {                                                                                                   \
    __m256i pairs;                                                                                       \
    asm("vpmaddubsw %3, %2, %1\n\tvpaddw %1, %0, %0" : "+x"(acc), "=&x"(pairs) : "x"(codes), "x"(quad)); \
  } while (false)

/** sums[8] += the pairs of int16 lanes. */
inline void widenInto(int32_t* sums, __m256i narrow) {
  store256(sums, _mm256_add_epi32(load256(sums), _mm256_madd_epi16(narrow, _mm256_set1_epi16(1))));
}

void unpack(const uint8_t* codes, int groups, uint8_t* out) {
  const __m256i three = _mm256_set1_epi8(3);
  for (int step = 0; step < groups * 4; step++, codes += 128, out += 512) {
    for (int part = 0; part < 128; part += 32) {
      __m256i packed = load256(codes + part);
      UNMASK_UNROLL
      for (int field = 0; field < 4; field++) {
        store256(out + field * 128 + part, _mm256_and_si256(packed, three));
        packed = _mm256_srli_epi16(packed, 2);
      }
    }
  }
}

/** Rows [16 half, 16 half + 16) of the panel over at most kNarrowGroups groups. */
template <int T>
void bufferHalf(const uint8_t* unpacked, const int8_t* x, int groups, int32_t* sums) {
  __m256i acc[T][2];
  UNMASK_UNROLL
  for (int t = 0; t < T; t++) acc[t][0] = acc[t][1] = _mm256_setzero_si256();
  for (int g = 0; g < groups; g++, x += T * kGroup) {
    for (int q = 0; q < 16; q++, unpacked += 128) {
      const __m256i lo = load256(unpacked), hi = load256(unpacked + 32);
      UNMASK_UNROLL
      for (int t = 0; t < T; t++) {
        const __m256i quad = broadcastQuad(x + t * kGroup + q * 4);
        UNMASK_ADD_PRODUCTS(acc[t][0], lo, quad);
        UNMASK_ADD_PRODUCTS(acc[t][1], hi, quad);
      }
    }
  }
  UNMASK_UNROLL
  for (int t = 0; t < T; t++) {
    widenInto(sums + 32 * t, acc[t][0]);
    widenInto(sums + 32 * t + 8, acc[t][1]);
  }
}

template <int T>
void bufferRows(const uint8_t* unpacked, const int8_t* x, int groups, int32_t* sums, const uint8_t* next) {
  for (int g = 0; g < groups; g += kNarrowGroups) {
    const int n = groups - g < kNarrowGroups ? groups - g : kNarrowGroups;
    for (int half = 0; half < 2; half++)
      bufferHalf<T>(unpacked + g * 2048 + half * 64, x + g * T * kGroup, n, sums + 16 * half);
    for (int line = 0; line < n * 8; line++, next += 64) prefetch(next);
  }
}

/** One group of a streamed panel: rows [16 half, 16 half + 16). */
template <int T>
void streamHalf(const uint8_t* codes, const int8_t* x, int32_t* sums) {
  const __m256i three = _mm256_set1_epi8(3);
  __m256i acc[T][2];
  UNMASK_UNROLL
  for (int t = 0; t < T; t++) acc[t][0] = acc[t][1] = _mm256_setzero_si256();
  for (int step = 0; step < 4; step++, codes += 128) {
    __m256i lo = load256(codes), hi = load256(codes + 32);
    prefetch(codes + kAhead);
    UNMASK_UNROLL
    for (int field = 0; field < 4; field++) {
      const __m256i lo4 = _mm256_and_si256(lo, three), hi4 = _mm256_and_si256(hi, three);
      UNMASK_UNROLL
      for (int t = 0; t < T; t++) {
        const __m256i quad = broadcastQuad(x + t * kGroup + step * 16 + field * 4);
        UNMASK_ADD_PRODUCTS(acc[t][0], lo4, quad);
        UNMASK_ADD_PRODUCTS(acc[t][1], hi4, quad);
      }
      lo = _mm256_srli_epi16(lo, 2);
      hi = _mm256_srli_epi16(hi, 2);
    }
  }
  UNMASK_UNROLL
  for (int t = 0; t < T; t++) {
    widenInto(sums + 32 * t, acc[t][0]);
    widenInto(sums + 32 * t + 8, acc[t][1]);
  }
}

template <int T>
void streamRows(const uint8_t* codes, const int8_t* x, int groups, int32_t* sums) {
  for (int g = 0; g < groups; g++, codes += 512, x += T * kGroup) {
    streamHalf<T>(codes, x, sums);
    streamHalf<T>(codes + 64, x, sums + 16);
  }
}

inline void bufferTile(int rows, const uint8_t* unpacked, const int8_t* x, int groups, int32_t* sums,
                       const uint8_t* next) {
  typedef void (*Rows)(const uint8_t*, const int8_t*, int, int32_t*, const uint8_t*);
  static constexpr Rows kRows[kTokenTile + 1] = {nullptr, bufferRows<1>, bufferRows<2>, bufferRows<3>, bufferRows<4>};
  kRows[rows](unpacked, x, groups, sums, next);
}

inline void firstTile(int rows, const uint8_t* codes, const int8_t* x, int groups, int32_t* sums, uint8_t* unpacked) {
  typedef void (*Rows)(const uint8_t*, const int8_t*, int, int32_t*);
  static constexpr Rows kRows[kTokenTile + 1] = {nullptr, streamRows<1>, streamRows<2>, streamRows<3>, streamRows<4>};
  if (unpacked == nullptr) return kRows[rows](codes, x, groups, sums);
  unpack(codes, groups, unpacked);
  bufferTile(rows, unpacked, x, groups, sums, codes);
}

double byteProducts(int steps, int32_t* out) {
  __m256i acc[12], sum = _mm256_setzero_si256();
  UNMASK_UNROLL
  for (int i = 0; i < 12; i++) acc[i] = _mm256_setzero_si256();
  const __m256i codes = _mm256_set1_epi8(1), x = _mm256_set1_epi8(2);
  for (int step = 0; step < steps; step++) {
    UNMASK_UNROLL
    for (int i = 0; i < 12; i++) UNMASK_ADD_PRODUCTS(acc[i], codes, x);
  }
  UNMASK_UNROLL
  for (int i = 0; i < 12; i++) sum = _mm256_add_epi16(sum, acc[i]);
  store256(out, sum);
  return 32.0 * 12 * steps;
}

}  // namespace
