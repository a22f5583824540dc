// Rows of activations times ternary codes with AVX-512 VNNI: u8 codes times s8 activations into int32 lanes = rows.
//
// Two weight registers (32 rows) meet one broadcast of four activations: per quad of columns
// 2 + T loads and 2T multiplications, so twelve rows keep both multiply ports busy.
#pragma once

#include "kernels.h"
#include "vector_avx512.h"

namespace {

using unmask::kGroup;

constexpr int kAhead = 4096;  // bytes to prefetch ahead of codes that stream by

// Written out, because GCC copies the accumulator of the intrinsic.
#define UNMASK_DPBUSD(acc, codes, x) asm("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(codes), "v"(x))

inline __m512i broadcastQuad(const int8_t* x) {
  int32_t quad;
  memcpy(&quad, x, 4);
  return _mm512_set1_epi32(quad);
}

template <int T>
void bufferRows(const uint8_t* unpacked, const int8_t* x, int groups, int32_t* sums, const uint8_t* next) {
  __m512i acc[T][2];
  UNMASK_UNROLL
  for (int t = 0; t < T; t++) {
    acc[t][0] = _mm512_loadu_si512(sums + 32 * t);
    acc[t][1] = _mm512_loadu_si512(sums + 32 * t + 16);
  }
  for (int g = 0; g < groups; g++, x += T * kGroup) {
    for (int q = 0; q < 16; q++, unpacked += 128) {
      const __m512i lo = _mm512_load_si512(unpacked), hi = _mm512_load_si512(unpacked + 64);
      UNMASK_UNROLL
      for (int t = 0; t < T; t++) {
        const __m512i quad = broadcastQuad(x + t * kGroup + q * 4);
        UNMASK_DPBUSD(acc[t][0], lo, quad);
        UNMASK_DPBUSD(acc[t][1], hi, quad);
      }
      if (q % 4 == 0) prefetch(next + q * 16);
    }
    next += 256;
  }
  UNMASK_UNROLL
  for (int t = 0; t < T; t++) {
    _mm512_storeu_si512(sums + 32 * t, acc[t][0]);
    _mm512_storeu_si512(sums + 32 * t + 16, acc[t][1]);
  }
}

/** S sets of accumulators break up the dependency chains of few rows. */
template <int T, int S, bool keep>
void firstRows(const uint8_t* codes, const int8_t* x, int groups, int32_t* sums, uint8_t* unpacked) {
  const __m512i three = _mm512_set1_epi8(3);
  __m512i acc[S][T][2];
  UNMASK_UNROLL
  for (int i = 0; i < S * T; i++) {
    acc[i / T][i % T][0] = i < T ? _mm512_loadu_si512(sums + 32 * i) : _mm512_setzero_si512();
    acc[i / T][i % T][1] = i < T ? _mm512_loadu_si512(sums + 32 * i + 16) : _mm512_setzero_si512();
  }
  for (int g = 0; g < groups; g++, x += T * kGroup) {
    for (int step = 0; step < 4; step++, codes += 128, unpacked += 512) {
      __m512i lo = _mm512_loadu_si512(codes), hi = _mm512_loadu_si512(codes + 64);
      prefetch(codes + kAhead);
      prefetch(codes + kAhead + 64);
      UNMASK_UNROLL
      for (int field = 0; field < 4; field++) {
        const __m512i lo4 = _mm512_and_si512(lo, three), hi4 = _mm512_and_si512(hi, three);
        if (keep) {
          _mm512_store_si512(unpacked + field * 128, lo4);
          _mm512_store_si512(unpacked + field * 128 + 64, hi4);
        }
        UNMASK_UNROLL
        for (int t = 0; t < T; t++) {
          const __m512i quad = broadcastQuad(x + t * kGroup + step * 16 + field * 4);
          UNMASK_DPBUSD(acc[field % S][t][0], lo4, quad);
          UNMASK_DPBUSD(acc[field % S][t][1], hi4, quad);
        }
        lo = _mm512_srli_epi16(lo, 2);
        hi = _mm512_srli_epi16(hi, 2);
      }
    }
  }
  UNMASK_UNROLL
  for (int t = 0; t < T; t++) {
    UNMASK_UNROLL
    for (int s = 1; s < S; s++) {
      acc[0][t][0] = _mm512_add_epi32(acc[0][t][0], acc[s][t][0]);
      acc[0][t][1] = _mm512_add_epi32(acc[0][t][1], acc[s][t][1]);
    }
    _mm512_storeu_si512(sums + 32 * t, acc[0][t][0]);
    _mm512_storeu_si512(sums + 32 * t + 16, acc[0][t][1]);
  }
}

}  // namespace
