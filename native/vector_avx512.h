// v16 as one AVX-512 register. Same operations, same bits as vector_scalar.h.
#pragma once

#include <immintrin.h>

#include "half.h"

#define UNMASK_UNROLL _Pragma("GCC unroll 32")

namespace {

typedef __m512 v16;

constexpr int kDenseRows = 4, kDenseTokens = 6, kOuterVectors = 8;

inline v16 load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, v16 a) { _mm512_storeu_ps(p, a); }
inline v16 set1(float x) { return _mm512_set1_ps(x); }
inline v16 add(v16 a, v16 b) { return _mm512_add_ps(a, b); }
inline v16 sub(v16 a, v16 b) { return _mm512_sub_ps(a, b); }
inline v16 mul(v16 a, v16 b) { return _mm512_mul_ps(a, b); }
inline v16 div(v16 a, v16 b) { return _mm512_div_ps(a, b); }
inline v16 fma(v16 a, v16 b, v16 c) { return _mm512_fmadd_ps(a, b, c); }
inline v16 max(v16 a, v16 b) { return _mm512_max_ps(a, b); }
inline v16 min(v16 a, v16 b) { return _mm512_min_ps(a, b); }
inline v16 abs(v16 a) { return _mm512_abs_ps(a); }
inline v16 nearest(v16 a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline v16 exp2Whole(v16 n) {
  const __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
  return _mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23));
}
inline v16 whereAtLeast(v16 x, v16 limit, v16 y) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, limit, _CMP_GE_OQ), y);
}
inline v16 ifLess(v16 a, v16 b, v16 y, v16 z) { return _mm512_mask_mov_ps(z, _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y); }
inline unsigned equalLanes(v16 a, v16 b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
inline v16 loadF32(const void* p) { return _mm512_loadu_ps(p); }
inline v16 loadF16(const void* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p))); }
inline v16 broadcastF16(const void* p) {
  uint16_t h;
  memcpy(&h, p, 2);
  return _mm512_cvtph_ps(_mm256_set1_epi16(static_cast<short>(h)));
}
inline void storeF16(void* p, v16 a) {
  _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}
inline v16 loadBF16(const void* p) {
  const __m256i b = _mm256_loadu_si256(static_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(b), 16));
}
inline v16 loadI32(const int32_t* p) { return _mm512_cvtepi32_ps(_mm512_loadu_si512(p)); }
inline v16 loadI8(const void* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))));
}
inline v16 nibbles(const void* p, int half, v16 scale) {
  const __m512i b = _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  const v16 values = _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
  // The permutation looks at the low four bits of each lane only.
  return _mm512_permutexvar_ps(half == 0 ? b : _mm512_srli_epi32(b, 4), mul(values, scale));
}
inline void storeI8(int8_t* p, v16 a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(a)));
}
inline __m256 upper(v16 a) { return _mm512_extractf32x8_ps(a, 1); }
inline float sumLanes(v16 a) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), upper(a));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
// The tree of sumLanes for sixteen registers at once: each step adds halves of two and keeps both.
template <int step>
inline v16 addHalves(v16 a, v16 b) {
  if (step == 8) {  // [a lo + a hi, b lo + b hi], 8 lanes each
    return add(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
  }
  if (step == 4) {  // per half: quarters 0 + 1 of a, of b
    return add(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
  }
  const __m512d x = _mm512_castps_pd(a), y = _mm512_castps_pd(b);
  if (step == 2) return add(_mm512_castpd_ps(_mm512_unpacklo_pd(x, y)), _mm512_castpd_ps(_mm512_unpackhi_pd(x, y)));
  return add(_mm512_shuffle_ps(a, b, 0x88), _mm512_shuffle_ps(a, b, 0xdd));
}

/** sumLanes of each of sixteen. */
inline void sumLanesOf(const v16 (&a)[16], float* out) {
  v16 eight[8], four[4], two[2];
  UNMASK_UNROLL
  for (int i = 0; i < 8; i++) eight[i] = addHalves<8>(a[2 * i], a[2 * i + 1]);
  UNMASK_UNROLL
  for (int i = 0; i < 4; i++) four[i] = addHalves<4>(eight[2 * i], eight[2 * i + 1]);
  UNMASK_UNROLL
  for (int i = 0; i < 2; i++) two[i] = addHalves<2>(four[2 * i], four[2 * i + 1]);
  const v16 one = addHalves<1>(two[0], two[1]);
  // Of each register one quarter holds a sum of its own quarter: gather them in order.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  store(out, _mm512_permutexvar_ps(order, one));
}
inline float maxLanes(v16 a) {
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a), upper(a));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

// Sixteen int32 lanes, or sixteen pairs of int16.
typedef __m512i v16i;

inline v16i zeroInts() { return _mm512_setzero_si512(); }
inline v16i loadInts(const void* p) { return _mm512_loadu_si512(p); }
inline v16i broadcastPair(const void* p) {
  int32_t pair;
  memcpy(&pair, p, 4);
  return _mm512_set1_epi32(pair);
}
// Written out, because GCC copies the accumulator of the intrinsic.
inline void addPairs(v16i& sums, v16i a, v16i b) { asm("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(a), "v"(b)); }
inline v16 toFloats(v16i a) { return _mm512_cvtepi32_ps(a); }
inline void storeI16(int16_t* p, v16 a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(a)));
}
inline void storePairs(int16_t* p, v16 even, v16 odd) {
  const __m512i high = _mm512_slli_epi32(_mm512_cvtps_epi32(odd), 16);
  _mm512_storeu_si512(p, _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_cvtps_epi32(even), high));
}
inline void prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0); }
inline void prefetchForWrite(const void* p) { __builtin_prefetch(p, 1, 3); }

}  // namespace
