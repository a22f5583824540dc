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

using unmask::kGroupCodes;
using unmask::kGroupUnpacked;

// Provided by ternary_scalar.h, ternary_avx2.h and so on; sums are [rows][32]:
// constexpr int kTokenTile, kRunGroups;
// void firstTile(int rows, const uint8_t* codes, const int8_t* x, int groups, int32_t* sums, uint8_t* unpacked);
// void bufferTile(int rows, const uint8_t* unpacked, const int8_t* x, int groups, int32_t* sums, const uint8_t* next);

using unmask::TernaryWeight;

inline const uint8_t* panelCodes(const TernaryWeight& weight, int panel, int group) {
  const size_t groups = static_cast<size_t>(weight.columns / kGroup);
  return weight.codes + (static_cast<size_t>(panel) * groups + static_cast<size_t>(group)) * kGroupCodes;
}

/** Sums start at minus the row's activations, which turns codes 0, 1, 2 into -1, 0, 1. */
inline void startSums(int32_t* sums, int32_t activations) {
  for (int i = 0; i < kPanelRows; i++) sums[i] = -activations;
}

/** Groups [first, first + groups) of one panel times one tile. Tile 0 goes first and unpacks for the others. */
inline void addRun(const TernaryJob& job, const TernaryWeight& weight, int panel, int tile, int first, int groups,
                   uint8_t* buffer, int32_t* sums) {
  const int start = unmask::tileStart(job.tiling, tile), width = unmask::tileWidth(job.tiling, tile);
  const int tiles = job.tiling.tiles;
  const int8_t* x =
      job.x->codes + static_cast<size_t>(start) * weight.columns + static_cast<size_t>(first) * width * kGroup;
  const uint8_t* codes = panelCodes(weight, panel, first);
  if (tile == 0) return firstTile(width, codes, x, groups, sums, tiles > 1 ? buffer : nullptr);
  // Meanwhile the next run comes nearer, a share with each tile.
  const int share = groups * kGroupCodes / (tiles - 1) / 64 * 64;
  bufferTile(width, buffer, x, groups, sums, codes + groups * kGroupCodes + (tile - 1) * share);
}

/** Of each row, side by side; their facts are on a cache line each, too many to stay near. */
struct RowNumbers {
  int32_t* sum;              // of the codes
  float *factor, *upFactor;  // what sums are multiplied by: a division takes longer than all else that is done with one
};

inline RowNumbers rowNumbers(const TernaryJob& job, void* memory) {
  const int rows = job.tiling.rows;
  RowNumbers numbers;
  numbers.sum = static_cast<int32_t*>(memory);
  numbers.factor = reinterpret_cast<float*>(numbers.sum + rows);
  numbers.upFactor = numbers.factor + rows;
  for (int row = 0; row < rows; row++) {
    numbers.sum[row] = job.x->facts[row].sum;
    numbers.factor[row] = job.weight->scale / job.x->facts[row].scale;
    if (job.up != nullptr) numbers.upFactor[row] = job.up->scale / job.x->facts[row].scale;
  }
  return numbers;
}

/** One panel times all rows, one scale. Calls finish(row) once a row's sums are complete, soon(row) some time before. */
template <class Soon, class Finish>
inline void addPanel(const TernaryJob& job, const TernaryWeight& weight, int panel, uint8_t* buffer, int32_t* sums,
                     const RowNumbers& numbers, const Soon& soon, const Finish& finish) {
  const int groups = weight.columns / kGroup;
  const Tiling runs = unmask::makeTiling(groups, job.tiling.tiles > 1 ? kRunGroups : groups);
  for (int run = 0; run < runs.tiles; run++) {
    const bool last = run == runs.tiles - 1;
    for (int tile = 0; tile < job.tiling.tiles; tile++) {
      const int begin = unmask::tileStart(job.tiling, tile), end = begin + unmask::tileWidth(job.tiling, tile);
      for (int row = begin; row < end; row++) {
        if (run == 0) startSums(sums + row * kPanelRows, numbers.sum[row]);
        if (last) soon(row);
      }
      addRun(job, weight, panel, tile, unmask::tileStart(runs, run), unmask::tileWidth(runs, run), buffer,
             sums + begin * kPanelRows);
      for (int row = begin; last && row < end; row++) finish(row);
    }
  }
}

/** Sixteen outputs of a row, half `half` of the panel: scaled sums plus bias. */
inline v16 scaled(const float* bias, float factor, int row, int panel, int half, const int32_t* sums) {
  const v16 out = mul(loadI32(sums + row * kPanelRows + half), set1(factor));
  return bias == nullptr ? out : add(out, load(bias + panel * kPanelRows + half));
}

inline float* outRow(const TernaryJob& job, int row, int panel) {
  return job.out + row * job.stride + static_cast<size_t>(panel) * kPanelRows;
}

void uniformPanel(const TernaryJob& job, int panel, uint8_t* buffer, int32_t* sums, const RowNumbers& numbers) {
  const float *factors = numbers.factor, *upFactors = numbers.upFactor;
  // Output rows lie far apart, and waiting for each line would show.
  const auto soon = [&](int row) {
    prefetchForWrite(outRow(job, row, panel));
    prefetchForWrite(outRow(job, row, panel) + 16);
  };
  if (job.up == nullptr) {
    return addPanel(job, *job.weight, panel, buffer, sums, numbers, soon, [&](int row) {
      for (int half = 0; half < kPanelRows; half += 16)
        store(outRow(job, row, panel) + half, scaled(job.bias, factors[row], row, panel, half, sums));
    });
  }
  int32_t* upSums = sums + job.tiling.rows * kPanelRows;
  const auto nothing = [](int) {};
  addPanel(job, *job.weight, panel, buffer, sums, numbers, nothing, nothing);
  addPanel(job, *job.up, panel, buffer, upSums, numbers, soon, [&](int row) {
    for (int half = 0; half < kPanelRows; half += 16) {
      const v16 gate = scaled(job.bias, factors[row], row, panel, half, sums);
      const v16 up = scaled(job.upBias, upFactors[row], row, panel, half, upSums);
      store(outRow(job, row, panel) + half, job.relu2 ? relu2Of(gate, up) : siluOf(gate, up));
    }
  });
}

/** One scale per block: total = fma(scale, block's sum, total) in block order. */
void blockwisePanel(const TernaryJob& job, int panel, uint8_t* buffer, int32_t* sums) {
  const TernaryWeight& weight = *job.weight;
  const int rows = job.tiling.rows, groups = weight.columns / kGroup;
  const int blockGroups = weight.blockColumns / kGroup, blocks = groups / blockGroups;
  const float* scale = weight.blockScale + static_cast<size_t>(panel) * blocks * kPanelRows;
  float* total = reinterpret_cast<float*>(sums + rows * kPanelRows);
  for (int i = 0; i < rows * kPanelRows; i++) total[i] = 0.0f;
  for (int block = 0; block < blocks; block++, scale += kPanelRows) {
    const int first = block * blockGroups;
    for (int row = 0; row < rows; row++) {
      const int32_t* groupSum = job.x->groupSum + static_cast<size_t>(row) * groups + first;
      int32_t activations = 0;
      for (int g = 0; g < blockGroups; g++) activations += groupSum[g];
      startSums(sums + row * kPanelRows, activations);
    }
    for (int tile = 0; tile < job.tiling.tiles; tile++)
      addRun(job, weight, panel, tile, first, blockGroups, buffer,
             sums + unmask::tileStart(job.tiling, tile) * kPanelRows);
    for (int i = 0; i < rows * kPanelRows; i += 16)
      store(total + i, fma(load(scale + i % kPanelRows), loadI32(sums + i), load(total + i)));
  }
  for (int row = 0; row < rows; row++, total += kPanelRows) {
    const v16 inverse = set1(1.0f / job.x->facts[row].scale);
    for (int half = 0; half < kPanelRows; half += 16) {
      v16 out = mul(load(total + half), inverse);
      if (job.bias != nullptr) out = add(out, load(job.bias + panel * kPanelRows + half));
      store(outRow(job, row, panel) + half, out);
    }
  }
}

/** Two sets of sums: of two factors, or integers and floats; and the numbers of each row. */
size_t ternaryScratch(int rows) {
  return kRunGroups * kGroupUnpacked + static_cast<size_t>(rows) * (2 * kPanelRows + 3) * sizeof(int32_t);
}

void ternary(const TernaryJob& job, int begin, int end, void* scratch) {
  uint8_t* buffer = static_cast<uint8_t*>(scratch);
  int32_t* sums = reinterpret_cast<int32_t*>(buffer + kRunGroups * kGroupUnpacked);
  if (job.weight->blockScale != nullptr) {
    for (int panel = begin; panel < end; panel++) blockwisePanel(job, panel, buffer, sums);
    return;
  }
  const RowNumbers numbers = rowNumbers(job, sums + job.tiling.rows * 2 * kPanelRows);
  for (int panel = begin; panel < end; panel++) uniformPanel(job, panel, buffer, sums, numbers);
}

}  // namespace
