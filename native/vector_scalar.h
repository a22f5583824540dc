// v16: sixteen f32 lanes, in plain C++. The definition of the vector operations.
//
// float_kernels.h is written once over v16 and compiled for each instruction set inside that
// set's own namespace; every operation here is exactly rounded, so all give the same bits.
#pragma once

#include "half.h"

#define UNMASK_UNROLL

namespace {

struct v16 {
  float v[16];
};

// Tile sizes that suit the register file.
constexpr int kDenseRows = 1, kDenseTokens = 1, kOuterVectors = 1;

#define EACH_LANE for (int i = 0; i < 16; i++)

inline v16 load(const float* p) {
  v16 a;
  EACH_LANE a.v[i] = p[i];
  return a;
}
inline void store(float* p, const v16& a) { EACH_LANE p[i] = a.v[i]; }
inline v16 set1(float x) {
  v16 a;
  EACH_LANE a.v[i] = x;
  return a;
}
inline v16 add(v16 a, const v16& b) {
  EACH_LANE a.v[i] += b.v[i];
  return a;
}
inline v16 sub(v16 a, const v16& b) {
  EACH_LANE a.v[i] -= b.v[i];
  return a;
}
inline v16 mul(v16 a, const v16& b) {
  EACH_LANE a.v[i] *= b.v[i];
  return a;
}
inline v16 div(v16 a, const v16& b) {
  EACH_LANE a.v[i] /= b.v[i];
  return a;
}
/** a * b + c, rounded once. */
inline v16 fma(v16 a, const v16& b, const v16& c) {
  EACH_LANE a.v[i] = __builtin_fmaf(a.v[i], b.v[i], c.v[i]);
  return a;
}
/** a > b ? a : b; the second operand when either is NaN. */
inline v16 max(v16 a, const v16& b) {
  EACH_LANE a.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i];
  return a;
}
inline v16 min(v16 a, const v16& b) {
  EACH_LANE a.v[i] = a.v[i] < b.v[i] ? a.v[i] : b.v[i];
  return a;
}
inline v16 abs(v16 a) {
  EACH_LANE a.v[i] = unmask::bitsFloat(unmask::floatBits(a.v[i]) & 0x7fffffff);
  return a;
}
/** To the nearest integer, ties to even; |x| < 2^22. */
inline v16 nearest(v16 a) {
  EACH_LANE {
    const float shifted = a.v[i] + 12582912.0f;
    a.v[i] = shifted - 12582912.0f;
  }
  return a;
}
/** 2^n for whole n from -126 to 127. */
inline v16 exp2Whole(v16 n) {
  EACH_LANE n.v[i] = unmask::bitsFloat(static_cast<uint32_t>(static_cast<int32_t>(n.v[i]) + 127) << 23);
  return n;
}
/** x >= limit ? y : 0. */
inline v16 whereAtLeast(const v16& x, const v16& limit, v16 y) {
  EACH_LANE y.v[i] = x.v[i] >= limit.v[i] ? y.v[i] : 0.0f;
  return y;
}
/** a < b ? y : z, lane by lane; z where either is NaN. */
inline v16 ifLess(const v16& a, const v16& b, v16 y, const v16& z) {
  EACH_LANE y.v[i] = a.v[i] < b.v[i] ? y.v[i] : z.v[i];
  return y;
}
/** Bit i is set where lane i is equal. */
inline unsigned equalLanes(const v16& a, const v16& b) {
  unsigned mask = 0;
  EACH_LANE mask |= static_cast<unsigned>(a.v[i] == b.v[i]) << i;
  return mask;
}
/** At any address, as all loads from void pointers. */
inline v16 loadF32(const void* p) {
  v16 a;
  memcpy(a.v, p, sizeof a.v);
  return a;
}
inline v16 loadF16(const void* p) {
  uint16_t h[16];
  memcpy(h, p, sizeof h);
  v16 a;
  EACH_LANE a.v[i] = unmask::widenF16(h[i]);
  return a;
}
inline v16 broadcastF16(const void* p) {
  uint16_t h;
  memcpy(&h, p, 2);
  return set1(unmask::widenF16(h));
}
inline void storeF16(void* p, const v16& a) {
  uint16_t h[16];
  EACH_LANE h[i] = unmask::narrowF16(a.v[i]);
  memcpy(p, h, sizeof h);
}
inline v16 loadBF16(const void* p) {
  uint16_t b[16];
  memcpy(b, p, sizeof b);
  v16 a;
  EACH_LANE a.v[i] = unmask::widenBF16(b[i]);
  return a;
}
inline v16 loadI32(const int32_t* p) {
  v16 a;
  EACH_LANE a.v[i] = static_cast<float>(p[i]);
  return a;
}
inline v16 loadI8(const void* p) {
  int8_t b[16];
  memcpy(b, p, sizeof b);
  v16 a;
  EACH_LANE a.v[i] = b[i];
  return a;
}
/** scale * (nibble - 8) of sixteen bytes: of their low nibbles (half 0) or their high ones (half 1). Exact for an f16 scale. */
inline v16 nibbles(const void* p, int half, v16 scale) {
  uint8_t b[16];
  memcpy(b, p, sizeof b);
  EACH_LANE scale.v[i] *= static_cast<float>((b[i] >> (4 * half) & 15) - 8);
  return scale;
}
/** Lanes are whole numbers from -128 to 127. */
inline void storeI8(int8_t* p, const v16& a) { EACH_LANE p[i] = static_cast<int8_t>(a.v[i]); }

/** The fixed tree: lane i + lane i + 8, then + 4, + 2, + 1. */
inline float sumLanes(v16 a) {
  for (int step = 8; step > 0; step /= 2)
    for (int i = 0; i < step; i++) a.v[i] += a.v[i + step];
  return a.v[0];
}
/** sumLanes of each of sixteen. */
inline void sumLanesOf(const v16 (&a)[16], float* out) {
  for (int i = 0; i < 16; i++) out[i] = sumLanes(a[i]);
}
inline float maxLanes(v16 a) {
  for (int step = 8; step > 0; step /= 2)
    for (int i = 0; i < step; i++) a.v[i] = a.v[i] > a.v[i + step] ? a.v[i] : a.v[i + step];
  return a.v[0];
}

/** Sixteen int32 lanes, or sixteen pairs of int16. */
struct v16i {
  int32_t v[16];
};

inline v16i zeroInts() { return {}; }
inline v16i loadInts(const void* p) {
  v16i a;
  memcpy(a.v, p, sizeof a.v);
  return a;
}
inline v16i broadcastPair(const void* p) {
  v16i a;
  EACH_LANE memcpy(a.v + i, p, 4);
  return a;
}
/** sums += a's two times b's two, lane by lane. */
inline void addPairs(v16i& sums, const v16i& a, const v16i& b) {
  EACH_LANE {
    int16_t x[2], y[2];
    memcpy(x, a.v + i, 4);
    memcpy(y, b.v + i, 4);
    sums.v[i] += x[0] * y[0] + x[1] * y[1];
  }
}
inline v16 toFloats(const v16i& a) {
  v16 out;
  EACH_LANE out.v[i] = static_cast<float>(a.v[i]);
  return out;
}
/** Lanes round to whole numbers from -32767 to 32767, ties to even. */
inline void storeI16(int16_t* p, v16 a) {
  a = nearest(a);
  EACH_LANE p[i] = static_cast<int16_t>(a.v[i]);
}
/** p[2i] = even[i], p[2i + 1] = odd[i], rounded as by storeI16. */
inline void storePairs(int16_t* p, v16 even, v16 odd) {
  even = nearest(even);
  odd = nearest(odd);
  EACH_LANE {
    p[2 * i] = static_cast<int16_t>(even.v[i]);
    p[2 * i + 1] = static_cast<int16_t>(odd.v[i]);
  }
}
inline void prefetch(const void*) {}
inline void prefetchForWrite(const void*) {}

#undef EACH_LANE

}  // namespace
