// v16 as two AVX registers. Same operations, same bits as vector_scalar.h.
#pragma once

#include <immintrin.h>

#include "half.h"

#define UNMASK_UNROLL _Pragma("GCC unroll 32")

namespace {

struct v16 {
  __m256 lo, hi;
};

constexpr int kDenseRows = 1, kDenseTokens = 6, kOuterVectors = 2;

inline v16 load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void store(float* p, v16 a) {
  _mm256_storeu_ps(p, a.lo);
  _mm256_storeu_ps(p + 8, a.hi);
}
inline v16 set1(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline v16 add(v16 a, v16 b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
inline v16 sub(v16 a, v16 b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
inline v16 mul(v16 a, v16 b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
inline v16 div(v16 a, v16 b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
inline v16 fma(v16 a, v16 b, v16 c) { return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)}; }
inline v16 max(v16 a, v16 b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
inline v16 min(v16 a, v16 b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }
inline v16 abs(v16 a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi)};
}
inline v16 nearest(v16 a) {
  return {_mm256_round_ps(a.lo, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
          _mm256_round_ps(a.hi, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline __m256 exp2Half(__m256 n) {
  const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}
inline v16 exp2Whole(v16 n) { return {exp2Half(n.lo), exp2Half(n.hi)}; }
inline v16 whereAtLeast(v16 x, v16 limit, v16 y) {
  return {_mm256_and_ps(_mm256_cmp_ps(x.lo, limit.lo, _CMP_GE_OQ), y.lo),
          _mm256_and_ps(_mm256_cmp_ps(x.hi, limit.hi, _CMP_GE_OQ), y.hi)};
}
inline v16 ifLess(v16 a, v16 b, v16 y, v16 z) {
  return {_mm256_blendv_ps(z.lo, y.lo, _mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ)),
          _mm256_blendv_ps(z.hi, y.hi, _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ))};
}
inline unsigned equalLanes(v16 a, v16 b) {
  const unsigned lo = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a.lo, b.lo, _CMP_EQ_OQ)));
  const unsigned hi = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a.hi, b.hi, _CMP_EQ_OQ)));
  return lo | hi << 8;
}
inline __m128i load128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
inline __m128i load64(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
inline const char* bytes(const void* p) { return static_cast<const char*>(p); }
inline v16 loadF32(const void* p) {
  const float* from = static_cast<const float*>(p);
  return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
}
inline v16 loadF16(const void* p) { return {_mm256_cvtph_ps(load128(p)), _mm256_cvtph_ps(load128(bytes(p) + 16))}; }
inline v16 broadcastF16(const void* p) {
  uint16_t h;
  memcpy(&h, p, 2);
  const __m256 wide = _mm256_cvtph_ps(_mm_set1_epi16(static_cast<short>(h)));
  return {wide, wide};
}
inline void storeF16(void* p, v16 a) {
  __m128i* out = static_cast<__m128i*>(p);
  _mm_storeu_si128(out, _mm256_cvtps_ph(a.lo, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128(out + 1, _mm256_cvtps_ph(a.hi, _MM_FROUND_TO_NEAREST_INT));
}
inline __m256 widenBF16Half(__m128i b) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(b), 16)); }
inline v16 loadBF16(const void* p) { return {widenBF16Half(load128(p)), widenBF16Half(load128(bytes(p) + 16))}; }
inline v16 loadI32(const int32_t* p) {
  return {_mm256_cvtepi32_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))),
          _mm256_cvtepi32_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 8)))};
}
inline v16 loadI8(const void* p) {
  return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(load64(p))),
          _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(load64(bytes(p) + 8)))};
}
inline __m256 nibblesHalf(__m128i b, int half, __m256 scale) {
  const __m256i wide = _mm256_cvtepu8_epi32(b);
  const __m256i code = half == 0 ? _mm256_and_si256(wide, _mm256_set1_epi32(15)) : _mm256_srli_epi32(wide, 4);
  return _mm256_fmadd_ps(_mm256_cvtepi32_ps(code), scale, _mm256_mul_ps(scale, _mm256_set1_ps(-8)));
}
inline v16 nibbles(const void* p, int half, v16 scale) {
  return {nibblesHalf(load64(p), half, scale.lo), nibblesHalf(load64(bytes(p) + 8), half, scale.hi)};
}
inline __m128i words(__m256 a) {
  const __m256i n = _mm256_cvtps_epi32(a);
  return _mm_packs_epi32(_mm256_castsi256_si128(n), _mm256_extracti128_si256(n, 1));
}
inline void storeI8(int8_t* p, v16 a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words(a.lo), words(a.hi)));
}
inline float sumLanes(v16 a) {
  const __m256 eight = _mm256_add_ps(a.lo, a.hi);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
/** sumLanes of each of sixteen. */
inline void sumLanesOf(const v16 (&a)[16], float* out) {
  UNMASK_UNROLL
  for (int i = 0; i < 16; i++) out[i] = sumLanes(a[i]);
}
inline float maxLanes(v16 a) {
  const __m256 eight = _mm256_max_ps(a.lo, a.hi);
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

// Sixteen int32 lanes, or sixteen pairs of int16.
struct v16i {
  __m256i lo, hi;
};

inline v16i zeroInts() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
inline v16i loadInts(const void* p) {
  const __m256i* from = static_cast<const __m256i*>(p);
  return {_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1)};
}
inline v16i broadcastPair(const void* p) {
  int32_t pair;
  memcpy(&pair, p, 4);
  return {_mm256_set1_epi32(pair), _mm256_set1_epi32(pair)};
}
// Written out, because GCC makes all products of a tile before it adds one, and runs out of registers.
inline void addPairs(__m256i& sums, __m256i a, __m256i b) {
  __m256i product;
  asm("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+x"(sums), "=&x"(product) : "x"(a), "x"(b));
}
inline void addPairs(v16i& sums, v16i a, v16i b) {
  addPairs(sums.lo, a.lo, b.lo);
  addPairs(sums.hi, a.hi, b.hi);
}
inline v16 toFloats(v16i a) { return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)}; }
inline void storeI16(int16_t* p, v16 a) {
  const __m256i packed = _mm256_packs_epi32(_mm256_cvtps_epi32(a.lo), _mm256_cvtps_epi32(a.hi));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permute4x64_epi64(packed, 0xd8));
}
inline __m256i pairsHalf(__m256 even, __m256 odd) {
  return _mm256_blend_epi16(_mm256_cvtps_epi32(even), _mm256_slli_epi32(_mm256_cvtps_epi32(odd), 16), 0xaa);
}
inline void storePairs(int16_t* p, v16 even, v16 odd) {
  __m256i* to = reinterpret_cast<__m256i*>(p);
  _mm256_storeu_si256(to, pairsHalf(even.lo, odd.lo));
  _mm256_storeu_si256(to + 1, pairsHalf(even.hi, odd.hi));
}
inline void prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0); }
inline void prefetchForWrite(const void* p) { __builtin_prefetch(p, 1, 3); }

}  // namespace
