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
inline unsigned equalLanes(v16 a, v16 b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
inline v16 loadF16(const void* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p))); }
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
inline float maxLanes(v16 a) {
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a), upper(a));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}
inline void prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0); }
inline void prefetchForWrite(const void* p) { __builtin_prefetch(p, 1, 3); }

}  // namespace
