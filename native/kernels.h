// The table of kernels that each instruction set fills, and the plain structures they take.
//
// Included by the files compiled for AVX2 and AVX-512, so it stays free of the standard
// library and of functions with external linkage: the linker must never pick a copy made
// for a newer CPU. Every kernel gives the same bits on every instruction set (README.md).
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace unmask {

constexpr int kPanelRows = 32;  // weight rows that a ternary panel holds side by side
constexpr int kGroup = 64;      // columns of int8 activations that lie together: one cache line
constexpr int kGroupCodes = 512, kGroupUnpacked = 2048;  // bytes of a panel's codes in a group, packed and unpacked
constexpr int kPage = 32;       // positions of a K/V page
constexpr int kPadding = 64;    // activation rows are zero-padded to a multiple of this many floats
constexpr int kChunk = 512;     // vocabulary tokens that the head reduces at a time

static inline int roundUp(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

/** Rows cut into tiles of nearly equal width: `wide` of narrow + 1 rows, then the others. */
struct Tiling {
  int rows, tiles, narrow, wide;
};

static inline Tiling makeTiling(int rows, int most) {
  const int tiles = rows > 0 ? (rows + most - 1) / most : 1;
  return {rows, tiles, rows / tiles, rows % tiles};
}

static inline int tileWidth(const Tiling& t, int tile) { return t.narrow + (tile < t.wide ? 1 : 0); }

static inline int tileStart(const Tiling& t, int tile) { return tile * t.narrow + (tile < t.wide ? tile : t.wide); }

static inline int tileOf(const Tiling& t, int row) {
  const int wideRows = t.wide * (t.narrow + 1);
  return row < wideRows ? row / (t.narrow + 1) : t.wide + (row - wideRows) / t.narrow;
}

/**
 * A ternary matrix as panels of 32 rows. Code = weight + 1, two bits. The 64-byte half h of
 * 16-column step s holds rows 16h .. 16h+15: byte 4r + j, bits 2i and 2i+1 = code of row r,
 * column 16s + 4i + j. Rows and columns added by padding have code 1.
 */
struct TernaryWeight {
  const uint8_t* codes;     // [panels][columns / 16][2][64]
  const float* blockScale;  // null: one scale. Else [panels][columns / blockColumns][32]
  float scale;
  int panels;
  int columns;  // multiple of kGroup
  int blockColumns;
};

/** Of a quantised row; on a cache line of its own, since threads write neighbouring rows at the same time. */
struct alignas(64) RowFacts {
  float scale;  // 127 / max|x|
  int32_t sum;  // of the codes
};

/**
 * Rows quantised to int8, of a thread's slice. A tile of T rows that starts at row f begins at codes + f * columns
 * and is [columns / 64][T][64]: each row owns whole cache lines.
 */
struct QuantisedRows {
  int8_t* codes;
  RowFacts* facts;    // [rows]
  int32_t* groupSum;  // [rows][columns / 64], or null when no weight has block scales
};

/** out = x * weight (+ bias), or, with `up`, activation(x * weight) * (x * up). */
struct TernaryJob {
  const TernaryWeight* weight;
  const QuantisedRows* x;
  Tiling tiling;
  const float* bias;  // null or [panels * 32]
  float* out;         // [rows][stride]
  size_t stride;
  const TernaryWeight* up = nullptr;
  const float* upBias = nullptr;
  bool relu2 = false;  // the activation; else silu
};

/** What the head keeps of one row's logits in one chunk of the vocabulary. */
struct ChunkStats {
  float max;
  int32_t token;   // lowest index in the chunk with that logit, 0 if all are minus infinity
  float sum;       // of exp(l - max)
  float weighted;  // of exp(l - max) * (l - max)
  float tempered;  // of exp((l - max) / temperature), when asked
};

enum class DenseType : int { F32, F16, BF16, Q8_0, Q6_K, Q4_0 };
constexpr int kDenseTypes = 6;
constexpr int kDenseBlock = 32;  // weight rows that a dense product takes at a time

/** out[t * outStride + r] = dot(weight row r, x row t), in f32. */
struct DenseJob {
  const uint8_t* weight;  // first row; any alignment
  size_t rowBytes;
  int rows, columns;
  const float* x;  // [tokens][xStride], zero-padded to a multiple of 16 columns
  size_t xStride;
  int tokens;
  float* out;
  size_t outStride;
  float* unpacked = nullptr;  // room for kDenseBlock rows, where weights come in blocks
};

struct Kernels {
  const char* isa;
  /** Most rows in one tile of a Tiling. */
  int tokenTile;
  /** Bytes of scratch that `ternary` needs for that many rows. */
  size_t (*ternaryScratch)(int rows);
  /** Panels [begin, end) of a job. */
  void (*ternary)(const TernaryJob& job, int begin, int end, void* scratch);
  /** Indexed by DenseType. */
  void (*dense[kDenseTypes])(const DenseJob& job);
  /** A row of floats as blocks of a DenseType; null for types without blocks. */
  void (*pack[kDenseTypes])(const float* x, int columns, uint8_t* out);

  // One row of `padded` floats each; `width` are real, the rest zeros.
  void (*norm)(const float* x, const float* weight, float eps, int width, int padded, float* out);
  void (*add)(const float* a, const float* b, int padded, float* out);
  void (*silu)(const float* gate, const float* up, int padded, float* out);
  void (*relu2)(const float* gate, const float* up, int padded, float* out);
  /** Writes row `row` of its tile; see QuantisedRows. */
  void (*quantise)(const float* x, int padded, const Tiling& tiling, int row, QuantisedRows* out);
  /** In place over `heads` heads; cos and sin are [dim / 2]. */
  void (*rope)(float* x, int heads, int headDim, int dim, bool adjacent, const float* cos, const float* sin);

  // Attention.
  void (*widen)(const uint16_t* f16, int n, float* out);
  void (*narrow)(const float* x, int n, uint16_t* f16);
  /** c[v][0..31] = (accumulate ? c : 0) + sum over k of a[v][k] * b[k][0..31], one fma chain in k order. */
  void (*outer)(int vectors, int depth, const float* a, size_t aStride, const float* b, size_t bStride, float* c,
                size_t cStride, bool accumulate);
  /** In place: exp(score - max) for the first `visible`, 0 up to `padded` (multiple of 16). Returns their sum. */
  float (*softmax)(float* scores, int visible, int padded);
  void (*scale)(float* x, int n, float factor);
  void (*divide)(const float* x, int n, float divisor, float* out);

  // Head. `n` logits, room for a multiple of 16.
  void (*chunkStats)(float* logits, int n, float temperature, ChunkStats* out);
  /** out = exp((logits - max) / temperature), over room for a multiple of 16. */
  void (*chunkWeights)(float* logits, int n, float max, float temperature, float* out);

  // Nothing but multiply-adds on registers, to measure the machine (peaks.h). Return how many.
  double (*byteProducts)(int steps, int32_t* out);
  double (*floatProducts)(int steps, float* out);
};

namespace scalar {
const Kernels* kernels();
}
#if defined(__x86_64__)
namespace avx2 {
const Kernels* kernels();
}
namespace avxvnni {
const Kernels* kernels();
}
namespace vnni256 {
const Kernels* kernels();
}
namespace avx512 {
const Kernels* kernels();
}
namespace amx {
const Kernels* kernels();
}
#endif

}  // namespace unmask
