// Ternary product, written once over three small pieces that each instruction set provides:
//   unpack       two-bit codes of some column groups into bytes, [groups][16 quads][2][64]
//   bufferTile   adds codes times activations to integer sums, from unpacked codes
//   streamTile   the same for a whole panel and few rows, straight from the packed codes
// All of it is integer arithmetic until the sums are scaled, so nothing here can differ.
//
// A panel's unpacked run of columns stays in L1 while every tile of rows passes by.
#pragma once

#include "float_kernels.h"

namespace {

using unmask::kPanelRows;
using unmask::TernaryJob;

constexpr int kGroupCodes = 512;      // bytes of 64 columns of a panel, packed
constexpr int kGroupUnpacked = 2048;  // and unpacked

// Provided by ternary_scalar.h, ternary_avx2.h or ternary_avx512.h:
// constexpr int kTokenTile, kStreamRows, kRunGroups;
// void unpack(const uint8_t* codes, int groups, uint8_t* out);
// void bufferTile(int rows, const uint8_t* unpacked, const int8_t* x, int groups, int32_t* sums, const uint8_t* next);
// void streamTile(int rows, const uint8_t* codes, const int8_t* x, int groups, int32_t* sums);

inline const uint8_t* panelCodes(const TernaryJob& job, int panel, int group) {
  const size_t groups = static_cast<size_t>(job.weight->columns / kGroup);
  return job.weight->codes + (static_cast<size_t>(panel) * groups + static_cast<size_t>(group)) * kGroupCodes;
}

/** Sums start at minus the row's activations, which turns codes 0, 1, 2 into -1, 0, 1. */
inline void startSums(int32_t* sums, int32_t activations) {
  for (int i = 0; i < kPanelRows; i++) sums[i] = -activations;
}

/** Groups [first, first + groups) of one panel for every row; sums are [rows][32]. */
void addGroups(const TernaryJob& job, int panel, int first, int groups, uint8_t* buffer, int32_t* sums) {
  const uint8_t* codes = panelCodes(job, panel, first);
  unpack(codes, groups, buffer);
  const int tiles = job.tiling.tiles;
  const uint8_t* next = codes + groups * kGroupCodes;
  const int share = groups * kGroupCodes / tiles / 64 * 64;  // of `next`, fetched by each tile
  for (int tile = 0; tile < tiles; tile++, next += share) {
    const int start = unmask::tileStart(job.tiling, tile), width = unmask::tileWidth(job.tiling, tile);
    const int8_t* x = job.x->codes + static_cast<size_t>(start) * static_cast<size_t>(job.weight->columns) +
                      static_cast<size_t>(first) * static_cast<size_t>(width) * kGroup;
    bufferTile(width, buffer, x, groups, sums + start * kPanelRows, next);
  }
}

inline void storeRow(const TernaryJob& job, int row, int panel, v16 lo, v16 hi) {
  if (job.bias != nullptr) {
    lo = add(lo, load(job.bias + panel * kPanelRows));
    hi = add(hi, load(job.bias + panel * kPanelRows + 16));
  }
  float* out = job.out + static_cast<size_t>(row) * job.stride + static_cast<size_t>(panel) * kPanelRows;
  store(out, lo);
  store(out + 16, hi);
}

void uniformPanel(const TernaryJob& job, int panel, uint8_t* buffer, int32_t* sums) {
  const int groups = job.weight->columns / kGroup;
  for (int row = 0; row < job.tiling.rows; row++) startSums(sums + row * kPanelRows, job.x->sum[row]);
  if (job.tiling.rows <= kStreamRows) {
    streamTile(job.tiling.rows, panelCodes(job, panel, 0), job.x->codes, groups, sums);
  } else {
    const Tiling runs = unmask::makeTiling(groups, kRunGroups);
    for (int run = 0; run < runs.tiles; run++)
      addGroups(job, panel, unmask::tileStart(runs, run), unmask::tileWidth(runs, run), buffer, sums);
  }
  for (int row = 0; row < job.tiling.rows; row++, sums += kPanelRows) {
    const v16 factor = set1(job.weight->scale / job.x->scale[row]);
    storeRow(job, row, panel, mul(loadI32(sums), factor), mul(loadI32(sums + 16), factor));
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
    addGroups(job, panel, first, blockGroups, buffer, sums);
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
