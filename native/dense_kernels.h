// Matrix products with weights that are or become floats, written once over v16: f32, f16, bf16,
// and the block types q8_0, q6_k, q4_0.
//
// Weights are read where they lie, row by row, and a weight of any type is exact in f32. Every
// output is one dot product with sixteen partial sums (column mod 16) in column order,
// whatever the tile it falls in and whether the weights were unpacked on the way or before.
#pragma once

#include "float_kernels.h"
#include "pack_kernels.h"

namespace {

// How a row of weights becomes floats: open() at a column, then sixteen columns from
// column 32 * pair + 16 * half of there on, all of which must exist.

template <int bytes, v16 (*load16)(const void*)>
struct PlainRow {
  static constexpr bool kBlocks = false;
  static constexpr int kUnit = 32;          // columns: runs begin at its multiples
  static constexpr int kColumns = 1 << 30;  // that may be read before it must be opened again
  static constexpr int kPairBytes = 32 * bytes;
  const uint8_t* at;

  static size_t offset(int column) { return static_cast<size_t>(column) * bytes; }
  void open(const uint8_t* row, int column, int) { at = row + offset(column); }
  v16 columns(int pair, int half) const { return load16(at + 16 * bytes * (2 * pair + half)); }
  /** The last columns, fewer than 16, then zeros. */
  v16 tail(int columns) const {
    uint8_t padded[64] = {};
    memcpy(padded, at, static_cast<size_t>(columns) * bytes);
    return load16(padded);
  }
};

using RowF32 = PlainRow<4, loadF32>;
using RowF16 = PlainRow<2, loadF16>;
using RowBF16 = PlainRow<2, loadBF16>;

// Block types: rows are whole blocks. Scale times code is exact in f32: 11 bits of an f16, 7 of an
// int8 (128 is a power of two), 5 of a code from -32 to 31.

/** Blocks of 32 columns that begin with their f16 scale. */
template <int bytes>
struct ScaledBlocks {
  static constexpr bool kBlocks = true;
  static constexpr int kUnit = 32, kColumns = 1 << 30;
  static constexpr int kPairBytes = bytes;
  const uint8_t* at;

  static size_t offset(int column) { return static_cast<size_t>(column / 32) * bytes; }
  void open(const uint8_t* row, int column, int) { at = row + offset(column); }
  v16 scale(int pair) const { return broadcastF16(at + pair * bytes); }
};

/** 32 int8. */
struct RowQ8 : ScaledBlocks<34> {
  v16 columns(int pair, int half) const {
    return mul(scale(pair), loadI8(at + pair * kPairBytes + 2 + 16 * half));
  }
};

/** 16 bytes: byte i has columns i and i + 16 in its nibbles, each code + 8. */
struct RowQ4 : ScaledBlocks<18> {
  v16 columns(int pair, int half) const { return nibbles(at + pair * kPairBytes + 2, half, scale(pair)); }
};

/**
 * Blocks of 256 columns: 4 low bits, 2 high bits, 16 int8 scales of 16 columns each, f16 scale of
 * the scales. Two halves of 128 columns, of each the column 32 f + i has its high bits in field f of
 * byte i, and its low bits in byte 32 (f mod 2) + i, in the low nibble for f < 2. Code + 32.
 */
struct RowQ6 {
  static constexpr bool kBlocks = true;
  static constexpr int kUnit = 256, kColumns = 256;
  static constexpr int kPairBytes = 26;  // about
  float scale[16];
  int8_t codes[256];

  static size_t offset(int column) { return static_cast<size_t>(column / 256) * 210; }
  void open(const uint8_t* row, int column, int) {
    const uint8_t* block = row + offset(column);
    store(scale, mul(loadI8(block + 192), broadcastF16(block + 208)));
    for (int half = 0; half < 2; half++) {
      const uint8_t *low = block + 64 * half, *high = block + 128 + 32 * half;
      int8_t* out = codes + 128 * half;
      for (int i = 0; i < 32; i++) {
        out[i] = static_cast<int8_t>(((low[i] & 15) | (high[i] << 4 & 48)) - 32);
        out[i + 32] = static_cast<int8_t>(((low[i + 32] & 15) | (high[i] << 2 & 48)) - 32);
        out[i + 64] = static_cast<int8_t>(((low[i] >> 4) | (high[i] & 48)) - 32);
        out[i + 96] = static_cast<int8_t>(((low[i + 32] >> 4) | (high[i] >> 2 & 48)) - 32);
      }
    }
  }
  v16 columns(int pair, int half) const {
    return mul(set1(scale[2 * pair + half]), loadI8(codes + 32 * pair + 16 * half));
  }
};

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

constexpr int kRunBytes = 28 * 1024;  // of the tokens' columns in a run
constexpr int kFewTokens = 2;         // up to here memory is the bound

/** Weight rows that T tokens take at a time: as many as there are registers for sums, up to four. */
constexpr int denseRows(int T) {
  const int rows = kDenseRows * kDenseTokens / T;
  return rows < 4 ? rows : 4;
}

struct DenseRun {
  int begin, end;  // columns; begin is a multiple of 32
  bool first, last;
};

/**
 * R weight rows, `gap` apart, times T tokens over a run. sums: [R * T][16], kept from run to run.
 * next: what to fetch meanwhile; for few tokens the rows that come after these, as far apart.
 */
template <class Row, int R, int T>
__attribute__((noinline)) void denseTile(const DenseJob& job, const DenseRun& run, const uint8_t* weight, int gap,
                                         const float* x, float* sums, float* out, const uint8_t* next) {
  const size_t step = static_cast<size_t>(gap) * job.rowBytes;
  v16 acc[R][T], w[R];
  Row rows[R];
  UNMASK_UNROLL
  for (int i = 0; i < R * T; i++) acc[i / T][i % T] = run.first ? set1(0.0f) : load(sums + 16 * i);
  int k = run.begin;
  while (k + 32 <= run.end) {
    const int columns = run.end - k < Row::kColumns ? (run.end - k) / 32 * 32 : Row::kColumns;
    UNMASK_UNROLL
    for (int r = 0; r < R; r++) rows[r].open(weight + r * step, k, columns);
    const uint8_t* later = next + Row::offset(k);
    for (int pair = 0; pair < columns / 32; pair++, k += 32) {
      UNMASK_UNROLL
      for (int half = 0; half < 2; half++) {
        UNMASK_UNROLL
        for (int r = 0; r < R; r++) w[r] = rows[r].columns(pair, half);
        denseStep<R, T>(job, w, x, k + 16 * half, acc);
      }
      if (T > kFewTokens) {
        prefetch(next);
        next += 64;
      } else {
        UNMASK_UNROLL
        for (int r = 0; r < R; r++) prefetch(later + r * step + pair * Row::kPairBytes);
      }
    }
  }
  if (!run.last) {
    UNMASK_UNROLL
    for (int i = 0; i < R * T; i++) store(sums + 16 * i, acc[i / T][i % T]);
    return;
  }
  if constexpr (!Row::kBlocks) {
    for (; k < run.end; k += 16) {
      UNMASK_UNROLL
      for (int r = 0; r < R; r++) {
        rows[r].open(weight + r * step, k, 0);
        w[r] = k + 16 <= run.end ? rows[r].columns(0, 0) : rows[r].tail(run.end - k);
      }
      denseStep<R, T>(job, w, x, k, acc);
    }
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
    for (int r = 0; r < R; r++) out[t * job.outStride + static_cast<size_t>(r * gap)] = totals[r * T + t];
}

/** What to bring nearer while a block of rows is at work: a share of it with each tile. */
struct Ahead {
  const uint8_t* data;
  size_t bytes;
};

/** Every row of a block against tile `tile` of T tokens. */
template <class Row, int T>
void denseTokens(const DenseJob& job, const Tiling& tiling, int tile, float* sums, const Ahead& ahead) {
  constexpr int R = denseRows(T);
  constexpr bool few = T <= kFewTokens;
  const size_t token = static_cast<size_t>(unmask::tileStart(tiling, tile));
  const float* x = job.x + token * job.xStride;
  float* out = job.out + token * job.outStride;
  const size_t share = ahead.bytes / static_cast<size_t>(tiling.tiles) / 64 * 64;
  const uint8_t* next = ahead.data + static_cast<size_t>(tile) * share;
  const uint8_t* nextEnd = next + share;
  constexpr int unit = Row::kUnit;
  const Tiling runs =
      unmask::makeTiling(unmask::roundUp(job.columns, unit) / unit, few ? job.columns : kRunBytes / (4 * T) / unit);
  for (int i = 0; i < runs.tiles; i++) {
    const int begin = unit * unmask::tileStart(runs, i), end = begin + unit * unmask::tileWidth(runs, i);
    const bool last = i == runs.tiles - 1;
    const DenseRun run = {begin, last ? job.columns : end, i == 0, last};
    // Few tokens take rows far apart: R streams that each run on with the next row, which memory
    // fetches better than neighbouring rows side by side.
    const int groups = job.rows / R, gap = few ? groups : 1;
    for (int group = 0; group < groups; group++) {
      const int r = few ? group : group * R;
      const uint8_t* weight = job.weight + r * job.rowBytes;
      const uint8_t* later = !few ? next : r + 1 < gap ? weight + job.rowBytes : job.weight + job.rows * job.rowBytes;
      denseTile<Row, R, T>(job, run, weight, gap, x, sums + group * R * T * 16, out + r, later);
      next += (end - begin) / 32 * 64;
      if (next > nextEnd) next = nextEnd;
    }
    for (int r = R * groups; r < job.rows; r++)
      denseTile<Row, 1, T>(job, run, job.weight + r * job.rowBytes, 1, x, sums + r * T * 16, out + r, next);
  }
}

template <class Row, int T>
void denseWidth(const DenseJob& job, const Tiling& tiling, int tile, float* sums, const Ahead& ahead) {
  if (unmask::tileWidth(tiling, tile) == T) return denseTokens<Row, T>(job, tiling, tile, sums, ahead);
  if constexpr (T > 1) denseWidth<Row, T - 1>(job, tiling, tile, sums, ahead);
}

/** Rows of blocks as f32, one after the other. */
template <class Row>
void unpack(const DenseJob& job) {
  float* out = job.unpacked;
  for (int r = 0; r < job.rows; r++) {
    Row row;
    for (int k = 0; k < job.columns; k += Row::kColumns) {
      const int columns = job.columns - k < Row::kColumns ? job.columns - k : Row::kColumns;
      row.open(job.weight + r * job.rowBytes, k, columns);
      for (int pair = 0; pair < columns / 32; pair++, out += 32) {
        store(out, row.columns(pair, 0));
        store(out + 16, row.columns(pair, 1));
      }
    }
  }
}

template <class Row>
void denseBlock(const DenseJob& job, const Ahead& ahead) {
  alignas(64) float sums[kDenseBlock * kDenseTokens * 16];
  const Tiling tiling = unmask::makeTiling(job.tokens, kDenseTokens);
  for (int tile = 0; tile < tiling.tiles; tile++) denseWidth<Row, kDenseTokens>(job, tiling, tile, sums, ahead);
}

template <class Row>
void dense(const DenseJob& job) {
  DenseJob block = job;
  for (int row = 0; row < job.rows; row += kDenseBlock) {
    block.rows = job.rows - row < kDenseBlock ? job.rows - row : kDenseBlock;
    block.weight = job.weight + row * job.rowBytes;
    block.rowBytes = job.rowBytes;
    block.out = job.out + row;
    const size_t bytes = static_cast<size_t>(block.rows) * job.rowBytes;
    const Ahead ahead = {block.weight + bytes, bytes};
    if constexpr (Row::kBlocks) {
      if (job.tokens > kDenseTokens) {  // several tiles: unpack once for all
        unpack<Row>(block);
        block.weight = reinterpret_cast<const uint8_t*>(job.unpacked);
        block.rowBytes = static_cast<size_t>(job.columns) * sizeof(float);
        denseBlock<RowF32>(block, ahead);
        continue;
      }
    }
    denseBlock<Row>(block, ahead);
  }
}

}  // namespace

/** Fills what v16 gives; the instruction set adds its name, tile and ternary product. */
#define UNMASK_FLOAT_KERNELS                                                                                          \
  {dense<RowF32>, dense<RowF16>, dense<RowBF16>, dense<RowQ8>, dense<RowQ6>, dense<RowQ4>},                           \
      {nullptr, nullptr, nullptr, packQ8, packQ6, packQ4}, norm, addRows, silu, relu2, quantise, rope, widen, narrow, \
      outer, softmax, scale, divide, chunkStats, chunkWeights, byteProducts, floatProducts
