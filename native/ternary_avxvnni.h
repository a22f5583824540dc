// Ternary pieces with VPDPBUSD on 256-bit registers: eight int32 lanes, so nothing can overflow
// and nothing needs widening. For CPUs with AVX-VNNI and without AVX-512.
#pragma once

#include "integers_avx2.h"
#include "kernels.h"

namespace {

using unmask::kGroup;

constexpr int kTokenTile = 5;   // 10 accumulators, packed and unpacked weights, mask and broadcast of 16 registers

#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
#define UNMASK_DPBUSD(acc, codes, quad) asm("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(codes), "v"(quad))
#else
#define UNMASK_DPBUSD(acc, codes, quad) asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(acc) : "x"(codes), "x"(quad))
#endif

template <int T>
inline void loadSums(const int32_t* sums, __m256i (&acc)[T][2]) {
  UNMASK_UNROLL
  for (int t = 0; t < T; t++) {
    acc[t][0] = load256(sums + 32 * t);
    acc[t][1] = load256(sums + 32 * t + 8);
  }
}

template <int T>
inline void storeSums(const __m256i (&acc)[T][2], int32_t* sums) {
  UNMASK_UNROLL
  for (int t = 0; t < T; t++) {
    store256(sums + 32 * t, acc[t][0]);
    store256(sums + 32 * t + 8, acc[t][1]);
  }
}

template <int T>
inline void addProducts(__m256i (&acc)[T][2], __m256i lo, __m256i hi, const int8_t* x) {
  UNMASK_UNROLL
  for (int t = 0; t < T; t++) {
    const __m256i quad = broadcastQuad(x + t * kGroup);
    UNMASK_DPBUSD(acc[t][0], lo, quad);
    UNMASK_DPBUSD(acc[t][1], hi, quad);
  }
}

/** Rows [16 half, 16 half + 16) of the panel, from bytes. */
template <int T>
void bufferHalf(const uint8_t* unpacked, const int8_t* x, int groups, int32_t* sums, const uint8_t* next) {
  __m256i acc[T][2];
  loadSums<T>(sums, acc);
  for (int g = 0; g < groups; g++, x += T * kGroup, next += 256) {
    for (int q = 0; q < 16; q++, unpacked += 128) {
      addProducts<T>(acc, load256(unpacked), load256(unpacked + 32), x + q * 4);
      if (q % 4 == 0) prefetch(next + q * 16);
    }
  }
  storeSums<T>(acc, sums);
}

/** The same from two-bit codes; what is unpacked is left for other tiles when there is a place for it. */
template <int T, bool keep>
void streamHalf(const uint8_t* codes, const int8_t* x, int groups, int32_t* sums, uint8_t* unpacked) {
  const __m256i three = _mm256_set1_epi8(3);
  __m256i acc[T][2];
  loadSums<T>(sums, acc);
  for (int g = 0; g < groups; g++, x += T * kGroup) {
    for (int step = 0; step < 4; step++, codes += 128, unpacked += 512) {
      __m256i lo = load256(codes), hi = load256(codes + 32);
      prefetch(codes + kAhead);
      UNMASK_UNROLL
      for (int field = 0; field < 4; field++) {
        const __m256i lo4 = _mm256_and_si256(lo, three), hi4 = _mm256_and_si256(hi, three);
        if (keep) {
          store256(unpacked + field * 128, lo4);
          store256(unpacked + field * 128 + 32, hi4);
        }
        addProducts<T>(acc, lo4, hi4, x + step * 16 + field * 4);
        lo = _mm256_srli_epi16(lo, 2);
        hi = _mm256_srli_epi16(hi, 2);
      }
    }
  }
  storeSums<T>(acc, sums);
}

template <int T>
void bufferRows(const uint8_t* unpacked, const int8_t* x, int groups, int32_t* sums, const uint8_t* next) {
  bufferHalf<T>(unpacked, x, groups, sums, next);
  bufferHalf<T>(unpacked + 64, x, groups, sums + 16, next + groups * 256);
}

template <int T>
void firstRows(const uint8_t* codes, const int8_t* x, int groups, int32_t* sums, uint8_t* unpacked) {
  if (unpacked == nullptr) {
    streamHalf<T, false>(codes, x, groups, sums, nullptr);
    streamHalf<T, false>(codes + 64, x, groups, sums + 16, nullptr);
  } else {
    streamHalf<T, true>(codes, x, groups, sums, unpacked);
    streamHalf<T, true>(codes + 64, x, groups, sums + 16, unpacked + 64);
  }
}

inline void bufferTile(int rows, const uint8_t* unpacked, const int8_t* x, int groups, int32_t* sums,
                       const uint8_t* next) {
  typedef void (*Rows)(const uint8_t*, const int8_t*, int, int32_t*, const uint8_t*);
  static constexpr Rows kRows[kTokenTile + 1] = {nullptr,       bufferRows<1>, bufferRows<2>,
                                                 bufferRows<3>, bufferRows<4>, bufferRows<5>};
  kRows[rows](unpacked, x, groups, sums, next);
}

inline void firstTile(int rows, const uint8_t* codes, const int8_t* x, int groups, int32_t* sums, uint8_t* unpacked) {
  typedef void (*Rows)(const uint8_t*, const int8_t*, int, int32_t*, uint8_t*);
  static constexpr Rows kRows[kTokenTile + 1] = {nullptr,      firstRows<1>, firstRows<2>,
                                                 firstRows<3>, firstRows<4>, firstRows<5>};
  kRows[rows](codes, x, groups, sums, unpacked);
}

double byteProducts(int steps, int32_t* out) {
  __m256i acc[12], sum = _mm256_setzero_si256();
  UNMASK_UNROLL
  for (int i = 0; i < 12; i++) acc[i] = _mm256_setzero_si256();
  const __m256i codes = _mm256_set1_epi8(1), x = _mm256_set1_epi8(2);
  for (int step = 0; step < steps; step++) {
    UNMASK_UNROLL
    for (int i = 0; i < 12; i++) UNMASK_DPBUSD(acc[i], codes, x);
  }
  UNMASK_UNROLL
  for (int i = 0; i < 12; i++) sum = _mm256_add_epi32(sum, acc[i]);
  store256(out, sum);
  return 32.0 * 12 * steps;
}

}  // namespace
