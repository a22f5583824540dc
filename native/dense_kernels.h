// Matrix products with float-like weights, written once over v16: f32, f16, bf16 and q8_0.
//
// Weights are read where the file is mapped, row by row. Every output is one dot product
// with sixteen partial sums (column mod 16) in column order, whatever the tile it falls in.
#pragma once

#include "float_kernels.h"

namespace {

// Sixteen columns of a weight row from column k on; `load` may read all of them.

struct RowF32 {
  static constexpr int kBytes = 4;
  static v16 columns(const uint8_t* row, int k) {
    float w[16];
    memcpy(w, row + 4 * static_cast<size_t>(k), sizeof w);
    return load(w);
  }
};

struct RowF16 {
  static constexpr int kBytes = 2;
  static v16 columns(const uint8_t* row, int k) { return loadF16(row + 2 * static_cast<size_t>(k)); }
};

struct RowBF16 {
  static constexpr int kBytes = 2;
  static v16 columns(const uint8_t* row, int k) { return loadBF16(row + 2 * static_cast<size_t>(k)); }
};

/** Blocks of 32: f16 scale, 32 int8. Scale times code is exact in f32. */
struct RowQ8 {
  static constexpr int kBytes = 0;  // columns are whole blocks: no tail
  static v16 columns(const uint8_t* row, int k) {
    const uint8_t* block = row + static_cast<size_t>(k / 32) * 34;
    uint16_t d;
    memcpy(&d, block, 2);
    return mul(set1(unmask::widenF16(d)), loadI8(block + 2 + k % 32));
  }
};

/** The last columns of a row, fewer than 16, then zeros. */
template <class Row>
v16 tailColumns(const uint8_t* row, int k, int columns) {
  if constexpr (Row::kBytes == 0) {
    return Row::columns(row, k);
  } else {
    uint8_t tail[64] = {};
    memcpy(tail, row + static_cast<size_t>(k) * Row::kBytes, static_cast<size_t>(columns - k) * Row::kBytes);
    return Row::columns(tail, 0);
  }
}

template <class Row, int R, int T>
void denseTile(const DenseJob& job, const uint8_t* weight, const float* x, float* out) {
  v16 acc[R][T];
  UNMASK_UNROLL
  for (int i = 0; i < R * T; i++) acc[i / T][i % T] = set1(0.0f);
  const int whole = job.columns / 16 * 16;
  for (int k = 0; k < job.columns; k += 16) {
    v16 w[R];
    UNMASK_UNROLL
    for (int r = 0; r < R; r++) {
      const uint8_t* row = weight + static_cast<size_t>(r) * job.rowBytes;
      w[r] = k < whole ? Row::columns(row, k) : tailColumns<Row>(row, k, job.columns);
      if (T == 1) prefetch(row + R * job.rowBytes + static_cast<size_t>(k) * 2);
    }
    UNMASK_UNROLL
    for (int t = 0; t < T; t++) {
      const v16 a = load(x + static_cast<size_t>(t) * job.xStride + k);
      UNMASK_UNROLL
      for (int r = 0; r < R; r++) acc[r][t] = fma(w[r], a, acc[r][t]);
    }
  }
  UNMASK_UNROLL
  for (int t = 0; t < T; t++) {
    UNMASK_UNROLL
    for (int r = 0; r < R; r++) out[static_cast<size_t>(t) * job.outStride + static_cast<size_t>(r)] = sumLanes(acc[r][t]);
  }
}

template <class Row, int R, int T>
void denseTiles(const DenseJob& job, int tokens, const uint8_t* weight, const float* x, float* out) {
  if (tokens == T) denseTile<Row, R, T>(job, weight, x, out);
  if constexpr (T > 1) {
    if (tokens < T) denseTiles<Row, R, T - 1>(job, tokens, weight, x, out);
  }
}

template <class Row, int R>
void denseRows(const DenseJob& job, int row, int token, int tokens) {
  const Tiling tiling = unmask::makeTiling(tokens, kDenseTokens);
  for (int tile = 0; tile < tiling.tiles; tile++) {
    const size_t t = static_cast<size_t>(token + unmask::tileStart(tiling, tile));
    denseTiles<Row, R, kDenseTokens>(job, unmask::tileWidth(tiling, tile),
                                     job.weight + static_cast<size_t>(row) * job.rowBytes, job.x + t * job.xStride,
                                     job.out + t * job.outStride + row);
  }
}

/** Tokens in blocks that stay in the second-level cache while the weight rows pass by. */
constexpr int kDenseBlock = 8 * kDenseTokens;

template <class Row>
void dense(const DenseJob& job) {
  for (int token = 0; token < job.tokens; token += kDenseBlock) {
    const int tokens = job.tokens - token < kDenseBlock ? job.tokens - token : kDenseBlock;
    int row = 0;
    for (; row + kDenseRows <= job.rows; row += kDenseRows) denseRows<Row, kDenseRows>(job, row, token, tokens);
    for (; row < job.rows; row++) denseRows<Row, 1>(job, row, token, tokens);
  }
}

}  // namespace

/** Fills what v16 gives; the instruction set adds its name, tile and ternary product. */
#define UNMASK_FLOAT_KERNELS                                                                                \
  {dense<RowF32>, dense<RowF16>, dense<RowBF16>, dense<RowQ8>}, norm, addRows, silu, relu2, quantise, rope, \
      widen, narrow, outer, softmax, scale, divide, chunkStats, chunkWeights
