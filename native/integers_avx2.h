// What the ternary pieces on 256-bit registers share.
#pragma once

#include <string.h>

#include "vector_avx2.h"

namespace {

constexpr int kRunGroups = 10;  // 20 KB unpacked
constexpr int kAhead = 2048;    // bytes to prefetch ahead of codes that stream by

inline __m256i load256(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline void store256(void* p, __m256i a) { _mm256_storeu_si256(static_cast<__m256i*>(p), a); }

/** Four int8 in every 32-bit lane. */
inline __m256i broadcastQuad(const int8_t* x) {
  int32_t quad;
  memcpy(&quad, x, 4);
  return _mm256_set1_epi32(quad);
}

}  // namespace
