// Matrix products with float-like weights, written once over v16: f32, f16, bf16 and q8_0.
//
// Weights are read where the file is mapped, row by row. Every output is one dot product
// with sixteen partial sums (column mod 16) in column order, whatever the tile it falls in.
#pragma once

#include "float_kernels.h"

namespace {

// How a row of weights becomes floats: sixteen columns from column k on, all of which must exist.

struct RowF32 {
  static constexpr int kColumnBytes = 4;
  static v16 columns(const uint8_t* row, int k) { return loadF32(row + 4 * static_cast<size_t>(k)); }
};

struct RowF16 {
  static constexpr int kColumnBytes = 2;
  static v16 columns(const uint8_t* row, int k) { return loadF16(row + 2 * static_cast<size_t>(k)); }
};

struct RowBF16 {
  static constexpr int kColumnBytes = 2;
  static v16 columns(const uint8_t* row, int k) { return loadBF16(row + 2 * static_cast<size_t>(k)); }
};

/** Blocks of 32: f16 scale, 32 int8. Scale times code is exact in f32. */
struct RowQ8 {
  static constexpr int kColumnBytes = 1;  // about; columns are whole blocks, so there is no tail
  static v16 columns(const uint8_t* row, int k) {
    const uint8_t* block = row + static_cast<size_t>(k / 32) * 34;
    return mul(broadcastF16(block), loadI8(block + 2 + k % 32));
  }
};

/** The last columns of a row, fewer than 16, then zeros. */
template <class Row>
v16 tailColumns(const uint8_t* row, int k, int columns) {
  uint8_t tail[64] = {};
  memcpy(tail, row + static_cast<size_t>(k) * Row::kColumnBytes, static_cast<size_t>(columns - k) * Row::kColumnBytes);
  return Row::columns(tail, 0);
}

/** acc[r][t] += w[r] * x[t], lane by lane, for columns k .. k + 15. */
template <int R, int T>
inline void denseStep(const DenseJob& job, const v16* w, const float* x, int k, v16 (&acc)[R][T]) {
  UNMASK_UNROLL
  for (int t = 0; t < T; t++) {
    const v16 a = load(x + t * job.xStride + k);
    UNMASK_UNROLL
    for (int r = 0; r < R; r++) acc[r][t] = fma(w[r], a, acc[r][t]);
  }
}

// A tile of T tokens takes a run of columns at a time, short enough for the tokens' part of it to
// stay in L1 while the weight rows of a block pass by; partial sums wait in memory meanwhile.

constexpr int kDenseBlock = 32;       // weight rows
constexpr int kRunBytes = 28 * 1024;  // of the tokens' columns in a run
constexpr int kFewTokens = 2;         // up to here memory is the bound, and fetching the next rows pays

struct DenseRun {
  int begin, end;  // columns; begin is a multiple of 32
  bool first, last;
};

/** R weight rows times T tokens over a run. sums: [R * T][16], kept from run to run. */
template <class Row, int R, int T>
__attribute__((noinline)) void denseTile(const DenseJob& job, const DenseRun& run, const uint8_t* weight,
                                         const float* x, float* sums, float* out, const uint8_t* next) {
  v16 acc[R][T], w[R];
  UNMASK_UNROLL
  for (int i = 0; i < R * T; i++) acc[i / T][i % T] = run.first ? set1(0.0f) : load(sums + 16 * i);
  int k = run.begin;
  for (; k + 32 <= run.end; k += 32) {
    UNMASK_UNROLL
    for (int half = 0; half < 32; half += 16) {
      UNMASK_UNROLL
      for (int r = 0; r < R; r++) w[r] = Row::columns(weight + r * job.rowBytes, k + half);
      denseStep<R, T>(job, w, x, k + half, acc);
    }
    if (T > kFewTokens) {
      prefetch(next);
      next += 64;
    } else {
      UNMASK_UNROLL
      for (int r = 0; r < R; r++)
        prefetch(weight + (R + r) * job.rowBytes + static_cast<size_t>(k) * Row::kColumnBytes);
    }
  }
  if (!run.last) {
    UNMASK_UNROLL
    for (int i = 0; i < R * T; i++) store(sums + 16 * i, acc[i / T][i % T]);
    return;
  }
  if (k + 16 <= run.end) {
    UNMASK_UNROLL
    for (int r = 0; r < R; r++) w[r] = Row::columns(weight + r * job.rowBytes, k);
    denseStep<R, T>(job, w, x, k, acc);
    k += 16;
  }
  if (k < run.end) {
    UNMASK_UNROLL
    for (int r = 0; r < R; r++) w[r] = tailColumns<Row>(weight + r * job.rowBytes, k, run.end);
    denseStep<R, T>(job, w, x, k, acc);
  }
  // The sums of every lane of up to sixteen accumulators at once.
  float totals[16 * ((R * T + 15) / 16)];
  UNMASK_UNROLL
  for (int i = 0; i < R * T; i += 16) {
    v16 some[16];
    UNMASK_UNROLL
    for (int j = 0; j < 16; j++) some[j] = i + j < R * T ? acc[(i + j) / T][(i + j) % T] : set1(0.0f);
    sumLanesOf(some, totals + i);
  }
  for (int t = 0; t < T; t++)
    for (int r = 0; r < R; r++) out[t * job.outStride + static_cast<size_t>(r)] = totals[r * T + t];
}

/** Every row of a block against tile `tile` of T tokens. */
template <class Row, int T>
void denseTokens(const DenseJob& job, const Tiling& tiling, int tile, int row, int rows, float* sums) {
  const size_t token = static_cast<size_t>(unmask::tileStart(tiling, tile));
  const float* x = job.x + token * job.xStride;
  const uint8_t* weight = job.weight + row * job.rowBytes;
  float* out = job.out + token * job.outStride + row;
  // The next block comes nearer, a share with each tile.
  const size_t share = kDenseBlock * job.rowBytes / static_cast<size_t>(tiling.tiles) / 64 * 64;
  const uint8_t* next = weight + kDenseBlock * job.rowBytes + static_cast<size_t>(tile) * share;
  const uint8_t* nextEnd = next + share;
  const Tiling runs = unmask::makeTiling(unmask::roundUp(job.columns, 32) / 32,
                                         T > kFewTokens ? kRunBytes / (4 * T) / 32 : job.columns);
  for (int i = 0; i < runs.tiles; i++) {
    const int begin = 32 * unmask::tileStart(runs, i), end = begin + 32 * unmask::tileWidth(runs, i);
    const bool last = i == runs.tiles - 1;
    const DenseRun run = {begin, last ? job.columns : end, i == 0, last};
    int r = 0;
    for (; r + kDenseRows <= rows; r += kDenseRows) {
      denseTile<Row, kDenseRows, T>(job, run, weight + r * job.rowBytes, x, sums + r * T * 16, out + r, next);
      next += (end - begin) / 32 * 64;
      if (next > nextEnd) next = nextEnd;
    }
    for (; r < rows; r++)
      denseTile<Row, 1, T>(job, run, weight + r * job.rowBytes, x, sums + r * T * 16, out + r, next);
  }
}

template <class Row, int T>
void denseWidth(const DenseJob& job, const Tiling& tiling, int tile, int row, int rows, float* sums) {
  if (unmask::tileWidth(tiling, tile) == T) return denseTokens<Row, T>(job, tiling, tile, row, rows, sums);
  if constexpr (T > 1) denseWidth<Row, T - 1>(job, tiling, tile, row, rows, sums);
}

template <class Row>
void dense(const DenseJob& job) {
  alignas(64) float sums[kDenseBlock * kDenseTokens * 16];
  const Tiling tiling = unmask::makeTiling(job.tokens, kDenseTokens);
  for (int row = 0; row < job.rows; row += kDenseBlock) {
    const int rows = job.rows - row < kDenseBlock ? job.rows - row : kDenseBlock;
    for (int tile = 0; tile < tiling.tiles; tile++) denseWidth<Row, kDenseTokens>(job, tiling, tile, row, rows, sums);
  }
}

}  // namespace

/** Fills what v16 gives; the instruction set adds its name, tile and ternary product. */
#define UNMASK_FLOAT_KERNELS                                                                                       \
  {dense<RowF32>, dense<RowF16>, dense<RowBF16>, dense<RowQ8>}, norm, addRows, silu, relu2, quantise, rope, widen, \
      narrow, outer, softmax, scale, divide, chunkStats, chunkWeights
