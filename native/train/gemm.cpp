// Packing and the loops around the register tile; see gemm.h.
#include "gemm.h"

#include <string.h>

#include <algorithm>
#include <chrono>

#include "parallel.h"

namespace unmask {

namespace {

constexpr int kBlockTiles = 12;   // register tiles of rows in a block of A: it stays in the second-level cache
constexpr int kLeastTiles = 6;    // below, each slice of B is fetched for too little work
constexpr int kTasksPerThread = 4;

int ceilDivide(int a, int b) { return (a + b - 1) / b; }

}  // namespace

Gemm::Gemm(const TrainKernels& kernels, Pool& pool) : kernels_(kernels), pool_(pool) {
  const size_t rows = static_cast<size_t>(kBlockTiles * kernels.tileRows);
  const size_t tile = static_cast<size_t>(kernels.tileRows * kernels.tileColumns);
  for (int i = 0; i < pool.threads(); i++) scratch_.emplace_back((rows * kDepthStride + 2 * tile + static_cast<size_t>(kernels.tileColumns * kDepth)) * sizeof(float));
}

size_t Gemm::packedFloats(int depth, int columns) const {
  return static_cast<size_t>(panelsOf(columns)) * static_cast<size_t>(kernels_.tileColumns) * static_cast<size_t>(depth);
}

PackedMatrix Gemm::pack(const View& b, int depth, int columns, float* out) {
  const int wide = kernels_.tileColumns, panels = panelsOf(columns);
  const double operations = static_cast<double>(depth) * columns;
  const auto panelAt = [&](int panel, int k) {
    return out + (static_cast<size_t>(panel) * static_cast<size_t>(depth) + static_cast<size_t>(k)) * static_cast<size_t>(wide);
  };
  if (!b.transposed) {
    const auto packRun = [&](int begin, int end, int) {
      for (int k = begin; k < end; k++) {
        const float* from = b.data + static_cast<size_t>(k) * b.stride;
        for (int panel = 0; panel < panels; panel++, from += wide) {
          float* to = panelAt(panel, k);
          const int width = std::min(wide, columns - panel * wide);
          if (width == 32 && wide == 32) memcpy(to, from, 32 * sizeof(float));  // a constant length becomes moves
          else std::fill(std::copy(from, from + width, to), to + wide, 0.0f);
        }
      }
    };
    inPieces(pool_, depth, 64, packRun, operations);
    return {out, depth, columns};
  }
  const auto packPanel = [&](int panel, int) {
    constexpr int kRun = 64;  // so that what is written stays in the first-level cache
    const int width = std::min(wide, columns - panel * wide);
    for (int first = 0; first < depth; first += kRun) {
      const int end = std::min(first + kRun, depth);
      for (int j = 0; j < wide; j++) {
        const float* from = b.data + static_cast<size_t>(panel * wide + j) * b.stride;
        float* to = panelAt(panel, first) + j;
        for (int k = first; k < end; k++, to += wide) *to = j < width ? from[k] : 0.0f;
      }
    }
  };
  inParallel(pool_, panels, packPanel, operations);
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
    const bool pairs = a.rowScale != nullptr;
    const ProductTile multiplyTile = a.transposed ? (pairs ? kernels_.columnPairTile : kernels_.columnTile)
                                                  : (pairs ? kernels_.rowPairTile : kernels_.rowTile);
    const int tiles = ceilDivide(rows, tile);
    const size_t slice = static_cast<size_t>(whole) * static_cast<size_t>(wide), packedTile = static_cast<size_t>(tile) * kDepthStride;
    const float* b = target.b.data + static_cast<size_t>(panel) * slice + static_cast<size_t>(k) * static_cast<size_t>(wide);
    for (int p = panel; p < endPanel; p++, b += slice) {
      const int columns = std::min(wide, target.b.columns - p * wide);
      const float* nextB = p + 1 < endPanel ? b + slice : b;
      const int share = depth * wide / tiles / 16 * 16;  // of the next slice of B, fetched beside each tile
      for (int t = 0; t < tiles; t++, nextB += share) {
        const int i = t * tile;
        const float* packed = block + static_cast<size_t>(t) * packedTile;
        const float* nextA = t + 1 < tiles ? packed + packedTile : block;
        if (target.upper && (p + 1) * wide <= first + i) break;  // and so are the tiles beneath
        float* c = target.c + static_cast<size_t>(first + i) * target.stride + p * wide;
        const float* nextC = t + 1 < tiles ? c + static_cast<size_t>(tile) * target.stride
                                           : target.c + static_cast<size_t>(first) * target.stride + (p + 1) * wide;
        const float* rowScale = pairs ? a.rowScale + first + i : nullptr;
        if (rows - i >= tile && columns == wide) {
          multiplyTile(depth, packed, b, c, target.stride, accumulate, rowScale, nextA, nextB, nextC);
          continue;
        }
        const int height = std::min(tile, rows - i);
        if (accumulate)
          for (int r = 0; r < height; r++) std::copy(c + static_cast<size_t>(r) * target.stride, c + static_cast<size_t>(r) * target.stride + columns, edge + r * wide);
        multiplyTile(depth, packed, b, edge, static_cast<size_t>(wide), accumulate, rowScale, nextA, nextB, edge);
        for (int r = 0; r < height; r++) std::copy(edge + r * wide, edge + r * wide + columns, c + static_cast<size_t>(r) * target.stride);
      }
    }
  }
}

void Gemm::multiply(int rows, const View& a, const std::vector<Target>& targets) {
  const auto begin = std::chrono::steady_clock::now();
  const int tile = kernels_.tileRows, tiles = ceilDivide(rows, tile);
  // Blocks of nearly equal height, and slices of columns where the rows alone give too few tasks.
  const int threads = pool_.threads(), wanted = kTasksPerThread * threads;
  int blocks = std::max(ceilDivide(tiles, kBlockTiles), std::min(wanted, ceilDivide(tiles, kLeastTiles)));
  if (blocks > threads) blocks = ceilDivide(blocks, threads) * threads;
  const int slices = blocks >= wanted ? 1 : ceilDivide(wanted, blocks);
  double flops = 0;
  for (const Target& target : targets) flops += (a.rowScale == nullptr ? 2.0 : 4.0) * (target.upper ? 0.5 : 1) * rows * target.b.depth * target.b.columns;
  const auto multiplyTask = [&](int task, int worker) {
    const int block = task / slices, slice = task % slices;
    const int first = static_cast<int>(static_cast<int64_t>(tiles) * block / blocks) * tile;
    const int end = std::min(rows, static_cast<int>(static_cast<int64_t>(tiles) * (block + 1) / blocks) * tile);
    if (first >= end) return;
    for (const Target& target : targets) {
      const int all = panelsOf(target.b.columns);
      const int panel = all * slice / slices, endPanel = all * (slice + 1) / slices;
      if (panel < endPanel) multiplyBlock(a, target, first, end - first, panel, endPanel, worker);
    }
  };
  inParallel(pool_, blocks * slices, multiplyTask, flops / 16);
  count(flops, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

void Gemm::multiplySymmetric(int rows, const View& a, const Target& target) {
  Target half = target;
  half.upper = true;
  multiply(rows, a, {half});
  const auto at = [&](int i, int j) -> float& { return target.c[static_cast<size_t>(i) * target.stride + static_cast<size_t>(j)]; };
  constexpr int kBlock = 16;
  const auto mirror = [&](int begin, int end, int) {
    for (int first = 0; first < end; first += kBlock)
      for (int i = begin; i < end; i++)
        for (int j = first; j < std::min(first + kBlock, i); j++) at(i, j) = at(j, i);
  };
  inPieces(pool_, rows, kBlock, mirror, static_cast<double>(rows) * rows);
}

double Gemm::measurePeak() {
  constexpr int kTiles = 3000;
  const auto begin = std::chrono::steady_clock::now();
  pool_.run([&](int worker) {
    float* a = scratch_[static_cast<size_t>(worker)].as<float>();
    float* b = a + static_cast<size_t>(kernels_.tileRows) * kDepthStride;
    float* c = b + static_cast<size_t>(kernels_.tileColumns) * kDepth;
    std::fill(a, c, 0.0f);
    for (int i = 0; i < kTiles; i++) kernels_.rowTile(kDepth, a, b, c, static_cast<size_t>(kernels_.tileColumns), false, nullptr, a, b, c);
  });
  const double flops = 2.0 * kernels_.tileRows * kernels_.tileColumns * kDepth * kTiles * pool_.threads();
  return flops / std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace unmask
