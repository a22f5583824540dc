// Products of int16 by int16 in the place of f32, and what makes floats into such pairs.
//
// Included by tile_kernels.h, which says what the includer provides. Two int16 lie in the place of
// one float, so packing, blocking and prefetching know nothing of them.
#pragma once

#include "train_kernels.h"

namespace {

using unmask::kDepthStride;

template <int rowStride, int depthStride>
void pairTile(int depth, const float* a, const float* b, float* c, size_t cStride, bool accumulate, const float* rowScale,
              const float* nextA, const float* nextB, const float* nextC) {
  v16i acc[kTileRows][kTileVectors];
  UNMASK_UNROLL
  for (int i = 0; i < kTileRows * kTileVectors; i++) acc[i / kTileVectors][i % kTileVectors] = zeroInts();
  for (int i = 0; i < kTileRows * kTileVectors; i++)
    prefetch(nextC + static_cast<size_t>(i / kTileVectors) * cStride + 16 * (i % kTileVectors));
  for (int k = 0; k < depth; k++, a += depthStride, b += 16 * kTileVectors, nextA += 16, nextB += 16) {
    prefetch(nextA);
    prefetch(nextB);
    v16i w[kTileVectors];
    UNMASK_UNROLL
    for (int v = 0; v < kTileVectors; v++) w[v] = loadInts(b + 16 * v);
    UNMASK_UNROLL
    for (int i = 0; i < kTileRows; i++) {
      const v16i x = broadcastPair(a + i * rowStride);
      UNMASK_UNROLL
      for (int v = 0; v < kTileVectors; v++) addPairs(acc[i][v], x, w[v]);
    }
  }
  UNMASK_UNROLL
  for (int i = 0; i < kTileRows * kTileVectors; i++) {
    const int row = i / kTileVectors, vector = i % kTileVectors;
    float* to = c + static_cast<size_t>(row) * cStride + 16 * vector;
    const v16 sum = toFloats(acc[row][vector]), scale = set1(rowScale[row]);
    store(to, accumulate ? fma(sum, scale, load(to)) : mul(sum, scale));
  }
}

float largest(const float* x, int padded, float factor, float* byColumn) {
  const v16 zero = set1(0.0f), f = set1(factor);
  v16 most[4] = {zero, zero, zero, zero}, nothing = zero;
  for (int i = 0; i < padded; i += 64) {  // four chains: each operation waits for its last
    UNMASK_UNROLL
    for (int chain = 0; chain < 4; chain++) {
      const v16 a = load(x + i + 16 * chain);
      most[chain] = max(abs(a), most[chain]);
      nothing = add(mul(a, zero), nothing);  // 0 times a number is 0, and NaN otherwise
      if (byColumn != nullptr) {
        float* column = byColumn + i + 16 * chain;
        store(column, max(abs(mul(a, f)), load(column)));
      }
    }
  }
  return maxLanes(max(max(most[0], most[1]), max(most[2], most[3]))) + sumLanes(nothing);
}

void words(const float* x, float factor, int padded, int16_t* out) {
  const v16 f = set1(factor);
  for (int i = 0; i < padded; i += 16) storeI16(out + i, mul(load(x + i), f));
}

void pairs(const float* even, float evenFactor, const float* odd, float oddFactor, const float* columnFactor, int padded,
           int16_t* out) {
  const v16 first = set1(evenFactor), second = set1(oddFactor), one = set1(1.0f);
  for (int i = 0; i < padded; i += 16) {
    const v16 factor = columnFactor == nullptr ? one : load(columnFactor + i);
    storePairs(out + 2 * i, mul(mul(load(even + i), first), factor), mul(mul(load(odd + i), second), factor));
  }
}

}  // namespace
