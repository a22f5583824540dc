// Matrix products in f32 on all threads: packed, blocked for the caches, any transposition.
// Factors may hold pairs of int16 in the place of each float: see ProductTile.
//
// After Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): B in
// panels as wide as a register tile, whole and shared; A in blocks of rows and of kDepth, packed
// by the thread that multiplies them. Each element is one fma chain in the order of the depth, or,
// of pairs, a chain of the integers of each run.
#pragma once

#include <vector>

#include "../memory.h"
#include "../pool.h"
#include "train_kernels.h"

namespace unmask {

/** Element (i, j) is data[i * stride + j], or data[j * stride + i] if transposed. */
struct View {
  const float* data;
  size_t stride;
  bool transposed = false;
  const float* rowScale = nullptr;  // of the rows of a left factor of pairs, readable to a whole register tile
};

/** The right factor, [depth, columns], as panels [panels][depth][tileColumns]. */
struct PackedMatrix {
  const float* data = nullptr;
  int depth = 0, columns = 0;
};

struct Target {
  PackedMatrix b;
  float* c;  // [rows][stride]
  size_t stride;
  bool accumulate;
  bool upper = false;  // only register tiles on or above the diagonal
};

class Gemm {
 public:
  Gemm(const TrainKernels& kernels, Pool& pool);

  size_t packedFloats(int depth, int columns) const;
  PackedMatrix pack(const View& b, int depth, int columns, float* out);
  /** c (+)= a * b for each target; a is [rows, depth of the targets]. Of pairs where a has a rowScale. */
  void multiply(int rows, const View& a, const std::vector<Target>& targets);

  /** The same where the product is square and symmetric: half of it is computed, and mirrored. */
  void multiplySymmetric(int rows, const View& a, const Target& target);

  /** Floating-point operations per second of the register tile alone, on all threads: what multiply() can come near. */
  double measurePeak();

  /** Of all products since the last call. */
  double takeFlops() { return take(flops_); }
  double takeSeconds() { return take(seconds_); }
  /** Counts a product made elsewhere. */
  void count(double flops, double seconds) { flops_ += flops, seconds_ += seconds; }

 private:
  int panelsOf(int columns) const { return (columns + kernels_.tileColumns - 1) / kernels_.tileColumns; }
  void packRows(const View& a, int first, int rows, int k, int depth, float* out) const;
  void multiplyBlock(const View& a, const Target& target, int first, int rows, int panel, int endPanel, int worker);
  static double take(double& value) {
    const double taken = value;
    value = 0;
    return taken;
  }

  const TrainKernels& kernels_;
  Pool& pool_;
  std::vector<Region> scratch_;  // of each thread: a block of A, and a tile of C
  double flops_ = 0, seconds_ = 0;
};

}  // namespace unmask
