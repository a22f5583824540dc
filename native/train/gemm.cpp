// Packing and the loops around the register tile; see gemm.h.
#include "gemm.h"

#include <string.h>

#include <algorithm>
#include <chrono>

#include "parallel.h"

namespace unmask {

namespace {

constexpr int kBlockTiles = 12;   // register tiles of rows in a block of A: it stays in the second-level cache
constexpr int kTasksPerThread = 6;

int ceilDivide(int a, int b) { return (a + b - 1) / b; }

}  // namespace

Gemm::Gemm(const TrainKernels& kernels, Pool& pool) : kernels_(kernels), pool_(pool) {
  const size_t rows = static_cast<size_t>(kBlockTiles * kernels.tileRows);
  const size_t tile = static_cast<size_t>(kernels.tileRows * kernels.tileColumns);
  for (int i = 0; i < pool.threads(); i++) scratch_.emplace_back((rows * kDepthStride + tile + 16) * sizeof(float));
}

size_t Gemm::packedFloats(int depth, int columns) const {
  return static_cast<size_t>(panels(columns)) * static_cast<size_t>(kernels_.tileColumns) * static_cast<size_t>(depth);
}

void Gemm::packPanel(const View& b, int depth, int columns, int panel, float* out) const {
  const int wide = kernels_.tileColumns, first = panel * wide, width = std::min(wide, columns - first);
  out += static_cast<size_t>(panel) * static_cast<size_t>(wide) * static_cast<size_t>(depth);
  if (!b.transposed) {
    for (int k = 0; k < depth; k++, out += wide) {
      memcpy(out, b.data + static_cast<size_t>(k) * b.stride + first, static_cast<size_t>(width) * sizeof(float));
      std::fill(out + width, out + wide, 0.0f);
    }
    return;
  }
  for (int j = 0; j < wide; j++) {
    const float* from = b.data + static_cast<size_t>(first + j) * b.stride;
    for (int k = 0; k < depth; k++) out[static_cast<size_t>(k) * static_cast<size_t>(wide) + static_cast<size_t>(j)] = j < width ? from[k] : 0.0f;
  }
}

PackedMatrix Gemm::pack(const View& b, int depth, int columns, float* out) {
  inParallel(pool_, panels(columns), [&](int panel, int) { packPanel(b, depth, columns, panel, out); },
             static_cast<double>(depth) * columns);
  return {out, depth, columns};
}

/** Rows [first, first + rows) and depth [k, k + depth) of A as register tiles, zeros after the last row. */
void Gemm::packRows(const View& a, int first, int rows, int k, int depth, float* out) const {
  const int tile = kernels_.tileRows;
  if (!a.transposed) {
    for (int i = 0; i < ceilDivide(rows, tile) * tile; i++, out += kDepthStride) {
      if (i < rows) memcpy(out, a.data + static_cast<size_t>(first + i) * a.stride + k, static_cast<size_t>(depth) * sizeof(float));
      else std::fill(out, out + depth, 0.0f);
    }
    return;
  }
  for (int d = 0; d < depth; d++, out += tile) {
    const float* from = a.data + static_cast<size_t>(k + d) * a.stride + first;
    float* to = out;
    int i = 0;
    for (; i + tile <= rows; i += tile, from += tile, to += static_cast<size_t>(tile) * kDepthStride) {
      if (tile == 14) memcpy(to, from, 14 * sizeof(float));  // a constant length becomes moves
      else memcpy(to, from, static_cast<size_t>(tile) * sizeof(float));
    }
    for (int r = 0; i + r < rows; r++) to[r] = from[r];
    if (i < rows) std::fill(to + (rows - i), to + tile, 0.0f);
  }
}

void Gemm::multiplyBlock(const View& a, const Target& target, int first, int rows, int panel, int endPanel, int worker) {
  const int tile = kernels_.tileRows, wide = kernels_.tileColumns, whole = target.b.depth;
  float* block = scratch_[static_cast<size_t>(worker)].as<float>();
  float* edge = block + static_cast<size_t>(kBlockTiles * tile) * kDepthStride;
  const int runs = std::max(1, ceilDivide(whole, kDepth));
  for (int run = 0; run < runs; run++) {
    const int k = static_cast<int>(static_cast<int64_t>(whole) * run / runs);
    const int depth = static_cast<int>(static_cast<int64_t>(whole) * (run + 1) / runs) - k;
    packRows(a, first, rows, k, depth, block);
    const bool accumulate = target.accumulate || run > 0;
    const auto multiplyTile = a.transposed ? kernels_.columnTile : kernels_.rowTile;
    for (int p = panel; p < endPanel; p++) {
      const float* b = target.b.data + (static_cast<size_t>(p) * static_cast<size_t>(whole) + static_cast<size_t>(k)) * static_cast<size_t>(wide);
      const int columns = std::min(wide, target.b.columns - p * wide);
      for (int i = 0; i < rows; i += tile) {
        const float* packed = block + static_cast<size_t>(i) * kDepthStride;
        float* c = target.c + static_cast<size_t>(first + i) * target.stride + p * wide;
        if (rows - i >= tile && columns == wide) {
          multiplyTile(depth, packed, b, c, target.stride, accumulate);
          continue;
        }
        const int height = std::min(tile, rows - i);
        if (accumulate)
          for (int r = 0; r < height; r++) std::copy(c + static_cast<size_t>(r) * target.stride, c + static_cast<size_t>(r) * target.stride + columns, edge + r * wide);
        multiplyTile(depth, packed, b, edge, static_cast<size_t>(wide), accumulate);
        for (int r = 0; r < height; r++) std::copy(edge + r * wide, edge + r * wide + columns, c + static_cast<size_t>(r) * target.stride);
      }
    }
  }
}

void Gemm::multiply(int rows, const View& a, const std::vector<Target>& targets) {
  const auto begin = std::chrono::steady_clock::now();
  const int tile = kernels_.tileRows, tiles = ceilDivide(rows, tile);
  // Blocks of nearly equal height, and slices of columns where the rows alone give too few tasks.
  const int wanted = kTasksPerThread * pool_.threads();
  const int blocks = std::max(ceilDivide(tiles, kBlockTiles), std::min(wanted, ceilDivide(tiles, 4)));
  const int slices = blocks >= wanted ? 1 : ceilDivide(wanted, blocks);
  double flops = 0;
  for (const Target& target : targets) flops += 2.0 * rows * target.b.depth * target.b.columns;
  const auto multiplyTask = [&](int task, int worker) {
    const int block = task / slices, slice = task % slices;
    const int first = static_cast<int>(static_cast<int64_t>(tiles) * block / blocks) * tile;
    const int end = std::min(rows, static_cast<int>(static_cast<int64_t>(tiles) * (block + 1) / blocks) * tile);
    if (first >= end) return;
    for (const Target& target : targets) {
      const int all = panels(target.b.columns);
      const int panel = all * slice / slices, endPanel = all * (slice + 1) / slices;
      if (panel < endPanel) multiplyBlock(a, target, first, end - first, panel, endPanel, worker);
    }
  };
  inParallel(pool_, blocks * slices, multiplyTask, flops / 16);
  count(flops, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

}  // namespace unmask
