// Ternary product, written once over two small pieces that each instruction set provides:
//   firstTile    adds codes times activations to integer sums, from two-bit codes; on the way
//                it may leave the codes as bytes, [groups][16 quads][2][64]
//   bufferTile   the same from those bytes
// All of it is integer arithmetic until the sums are scaled, so nothing here can differ.
//
// A panel is taken run of columns by run: the first tile of rows unpacks the run, and the
// bytes stay in L1 while the other tiles pass by.
#pragma once

#include "float_kernels.h"

namespace {

using unmask::kPanelRows;
using unmask::TernaryJob;

constexpr int kGroupCodes = 512;      // bytes of 64 columns of a panel, packed
constexpr int kGroupUnpacked = 2048;  // and unpacked

// Provided by ternary_scalar.h, ternary_avx2.h or ternary_avx512.h; sums are [rows][32]:
// constexpr int kTokenTile, kRunGroups;
// void firstTile(int rows, const uint8_t* codes, const int8_t* x, int groups, int32_t* sums, uint8_t* unpacked);
// void bufferTile(int rows, const uint8_t* unpacked, const int8_t* x, int groups, int32_t* sums, const uint8_t* next);

inline const uint8_t* panelCodes(const TernaryJob& job, int panel, int group) {
  const size_t groups = static_cast<size_t>(job.weight->columns / kGroup);
  return job.weight->codes + (static_cast<size_t>(panel) * groups + static_cast<size_t>(group)) * kGroupCodes;
}

/** Sums start at minus the row's activations, which turns codes 0, 1, 2 into -1, 0, 1. */
inline void startSums(int32_t* sums, int32_t activations) {
  for (int i = 0; i < kPanelRows; i++) sums[i] = -activations;
}

/** Activations of a tile from group `first` on. */
inline const int8_t* tileCodes(const TernaryJob& job, int tile, int first) {
  const int start = unmask::tileStart(job.tiling, tile), width = unmask::tileWidth(job.tiling, tile);
  return job.x->codes + static_cast<size_t>(start) * static_cast<size_t>(job.weight->columns) +
         static_cast<size_t>(first) * static_cast<size_t>(width) * kGroup;
}

/** Groups [first, first + groups) of one panel times one tile. Tile 0 goes first and unpacks for the others. */
inline void addRun(const TernaryJob& job, int panel, int tile, int first, int groups, uint8_t* buffer, int32_t* sums) {
  const int width = unmask::tileWidth(job.tiling, tile), tiles = job.tiling.tiles;
  const int8_t* x = tileCodes(job, tile, first);
  const uint8_t* codes = panelCodes(job, panel, first);
  if (tile == 0) return firstTile(width, codes, x, groups, sums, tiles > 1 ? buffer : nullptr);
  // Meanwhile the next run comes nearer, a share with each tile.
  const int share = groups * kGroupCodes / (tiles - 1) / 64 * 64;
  bufferTile(width, buffer, x, groups, sums, codes + groups * kGroupCodes + (tile - 1) * share);
}

inline float* outRow(const TernaryJob& job, int row, int panel) {
  return job.out + static_cast<size_t>(row) * job.stride + static_cast<size_t>(panel) * kPanelRows;
}

/** Two lines that will be overwritten; rows lie far apart, and waiting for each would show. */
inline void prefetchRow(const TernaryJob& job, int row, int panel) {
  prefetchForWrite(outRow(job, row, panel));
  prefetchForWrite(outRow(job, row, panel) + 16);
}

inline void storeRow(const TernaryJob& job, int row, int panel, v16 lo, v16 hi) {
  if (job.bias != nullptr) {
    lo = add(lo, load(job.bias + panel * kPanelRows));
    hi = add(hi, load(job.bias + panel * kPanelRows + 16));
  }
  store(outRow(job, row, panel), lo);
  store(outRow(job, row, panel) + 16, hi);
}

void uniformPanel(const TernaryJob& job, int panel, uint8_t* buffer, int32_t* sums) {
  const int groups = job.weight->columns / kGroup;
  const Tiling runs = unmask::makeTiling(groups, job.tiling.tiles > 1 ? kRunGroups : groups);
  for (int run = 0; run < runs.tiles; run++) {
    const bool last = run == runs.tiles - 1;
    for (int tile = 0; tile < job.tiling.tiles; tile++) {
      const int begin = unmask::tileStart(job.tiling, tile), end = begin + unmask::tileWidth(job.tiling, tile);
      for (int row = begin; row < end; row++) {
        if (run == 0) startSums(sums + row * kPanelRows, job.x->sum[row]);
        if (last) prefetchRow(job, row, panel);
      }
      addRun(job, panel, tile, unmask::tileStart(runs, run), unmask::tileWidth(runs, run), buffer, sums + begin * kPanelRows);
      for (int row = begin; last && row < end; row++) {
        const v16 factor = set1(job.weight->scale / job.x->scale[row]);
        const int32_t* sum = sums + row * kPanelRows;
        storeRow(job, row, panel, mul(loadI32(sum), factor), mul(loadI32(sum + 16), factor));
      }
    }
  }
}

/** One scale per block: total = fma(scale, block's sum, total) in block order. */
void blockwisePanel(const TernaryJob& job, int panel, uint8_t* buffer, int32_t* sums, float* total) {
  const int rows = job.tiling.rows, groups = job.weight->columns / kGroup;
  const int blockGroups = job.weight->blockColumns / kGroup, blocks = groups / blockGroups;
  const float* scale = job.weight->blockScale + static_cast<size_t>(panel) * static_cast<size_t>(blocks) * kPanelRows;
  for (int i = 0; i < rows * kPanelRows; i++) total[i] = 0.0f;
  for (int block = 0; block < blocks; block++, scale += kPanelRows) {
    const int first = block * blockGroups;
    for (int row = 0; row < rows; row++) {
      const int32_t* groupSum = job.x->groupSum + static_cast<size_t>(row) * static_cast<size_t>(groups) + first;
      int32_t activations = 0;
      for (int g = 0; g < blockGroups; g++) activations += groupSum[g];
      startSums(sums + row * kPanelRows, activations);
    }
    for (int tile = 0; tile < job.tiling.tiles; tile++)
      addRun(job, panel, tile, first, blockGroups, buffer, sums + unmask::tileStart(job.tiling, tile) * kPanelRows);
    for (int i = 0; i < rows * kPanelRows; i += 16)
      store(total + i, fma(load(scale + i % kPanelRows), loadI32(sums + i), load(total + i)));
  }
  for (int row = 0; row < rows; row++, total += kPanelRows) {
    const v16 inverse = set1(1.0f / job.x->scale[row]);
    storeRow(job, row, panel, mul(load(total), inverse), mul(load(total + 16), inverse));
  }
}

size_t ternaryScratch(int rows) {
  return kRunGroups * kGroupUnpacked + static_cast<size_t>(rows) * kPanelRows * (sizeof(int32_t) + sizeof(float));
}

void ternary(const TernaryJob& job, int begin, int end, void* scratch) {
  uint8_t* buffer = static_cast<uint8_t*>(scratch);
  int32_t* sums = reinterpret_cast<int32_t*>(buffer + kRunGroups * kGroupUnpacked);
  float* total = reinterpret_cast<float*>(sums + job.tiling.rows * kPanelRows);
  for (int panel = begin; panel < end; panel++) {
    if (job.weight->blockScale == nullptr) uniformPanel(job, panel, buffer, sums);
    else blockwisePanel(job, panel, buffer, sums, total);
  }
}

}  // namespace
