// Ternary pieces with AVX-512 VNNI: the rows of rows_avx512.h, as many at a time as there are registers for.
#pragma once

#include "rows_avx512.h"

namespace {

constexpr int kTokenTile = 12;  // 24 accumulators, 4 weights, 1 broadcast, 1 mask of 32 registers
constexpr int kRunGroups = 10;  // 20 KB unpacked

inline void bufferTile(int rows, const uint8_t* unpacked, const int8_t* x, int groups, int32_t* sums,
                       const uint8_t* next) {
  typedef void (*Rows)(const uint8_t*, const int8_t*, int, int32_t*, const uint8_t*);
  static constexpr Rows kRows[kTokenTile + 1] = {
      nullptr,       bufferRows<1>, bufferRows<2>, bufferRows<3>,  bufferRows<4>,  bufferRows<5>, bufferRows<6>,
      bufferRows<7>, bufferRows<8>, bufferRows<9>, bufferRows<10>, bufferRows<11>, bufferRows<12>};
  kRows[rows](unpacked, x, groups, sums, next);
}

template <bool keep>
inline void firstTileOf(int rows, const uint8_t* codes, const int8_t* x, int groups, int32_t* sums, uint8_t* unpacked) {
  typedef void (*Rows)(const uint8_t*, const int8_t*, int, int32_t*, uint8_t*);
  static constexpr Rows kRows[kTokenTile + 1] = {nullptr,
                                                 firstRows<1, 4, keep>,
                                                 firstRows<2, 2, keep>,
                                                 firstRows<3, 2, keep>,
                                                 firstRows<4, 1, keep>,
                                                 firstRows<5, 1, keep>,
                                                 firstRows<6, 1, keep>,
                                                 firstRows<7, 1, keep>,
                                                 firstRows<8, 1, keep>,
                                                 firstRows<9, 1, keep>,
                                                 firstRows<10, 1, keep>,
                                                 firstRows<11, 1, keep>,
                                                 firstRows<12, 1, keep>};
  kRows[rows](codes, x, groups, sums, unpacked);
}

inline void firstTile(int rows, const uint8_t* codes, const int8_t* x, int groups, int32_t* sums, uint8_t* unpacked) {
  if (unpacked == nullptr) firstTileOf<false>(rows, codes, x, groups, sums, nullptr);
  else firstTileOf<true>(rows, codes, x, groups, sums, unpacked);
}

double byteProducts(int steps, int32_t* out) {
  __m512i acc[24], sum = _mm512_setzero_si512();
  UNMASK_UNROLL
  for (int i = 0; i < 24; i++) acc[i] = _mm512_setzero_si512();
  const __m512i codes = _mm512_set1_epi8(1), x = _mm512_set1_epi8(2);
  for (int step = 0; step < steps; step++) {
    UNMASK_UNROLL
    for (int i = 0; i < 24; i++) UNMASK_DPBUSD(acc[i], codes, x);
  }
  UNMASK_UNROLL
  for (int i = 0; i < 24; i++) sum = _mm512_add_epi32(sum, acc[i]);
  _mm512_storeu_si512(out, sum);
  return 64.0 * 24 * steps;
}

}  // namespace
