// Products with ternary weights, forward and backward, all in integers.
//
// Forward is the engine's own: int8 rows times codes. Backward, gradients are rounded to int16, 32767
// being the largest of a row (for the gradient of the input) or of a column (for that of the weights),
// which is finer than bf16 for all that is larger than a 256th of it; they are multiplied with the codes
// and with the int8 rows exactly.
#pragma once

#include <vector>

#include "../kernels.h"
#include "gemm.h"
#include "matrices.h"
#include "parameters.h"

namespace unmask {

class TernaryProducts {
 public:
  TernaryProducts(const Kernels& kernels, const TrainKernels& trainKernels, Pool& pool, Gemm& gemm)
      : kernels_(kernels), train_(trainKernels), pool_(pool), gemm_(gemm), scratch_(static_cast<size_t>(pool.threads())) {}

  /** Room for that many rows of that many columns. */
  void reserve(int rows, int columns);
  /** A new chunk: values with the numbers of before are others. */
  void begin(int rows) { rows_ = rows, forwardValue_ = backwardValue_ = -1; }

  /** out = x * weight^T + bias. `value` tells inputs apart: what was made of x serves the next product too. */
  void forward(const Parameter& p, int value, const Matrix& x, const float* bias, const Matrix& out);
  /** dx (+)= dy * weight; the weight's gradient += dy^T * x. */
  void backward(const Parameter& p, int value, const Matrix& x, const Matrix& dy, const Matrix& dx, bool accumulate);

 private:
  void pairInput(int value, const Matrix& x);
  void roundGradient(const Parameter& p, const Matrix& dy);

  const Kernels& kernels_;
  const TrainKernels& train_;
  Pool& pool_;
  Gemm& gemm_;

  int rows_ = 0;
  int forwardValue_ = -1, backwardValue_ = -1;  // whose int8 rows are held, whose pairs
  Region codes_;
  QuantisedRows quantised_{};
  Tiling tiling_{};
  std::vector<Region> scratch_;  // of each thread
  Region pairs_, packed_;        // of the input: [rows / 2][columns] pairs, and packed
  PackedMatrix input_;
  Region inputScale_;            // [rows] what an int8 of the row counts
  Region words_, columnPairs_;   // of the gradient: [rows][columns] int16, and [rows / 2][columns] pairs
  Region rowScale_, columnScale_, columnFactor_, columnMost_;
};

}  // namespace unmask
