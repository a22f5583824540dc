// Products with weights in f32, and with weights on the way to ternary.
//
// Training multiplies in packed f32. On the way to ternary both factors are blends of what they are and
// of what they will be rounded to, and gradients are taken with the blends (straight through the rounding).
// Without training, f32 weights are multiplied as the engine does.
#pragma once

#include "../kernels.h"
#include "gemm.h"
#include "matrices.h"
#include "parameters.h"

namespace unmask {

class FloatProducts {
 public:
  FloatProducts(const Kernels& kernels, const TrainKernels& trainKernels, Pool& pool, Gemm& gemm)
      : kernels_(kernels), train_(trainKernels), pool_(pool), gemm_(gemm) {}

  /** Room for that many rows of that many columns. */
  void reserve(int rows, int columns);
  /** A new chunk: values with the numbers of before are others. `quantisation`: how far ternary weights are so. */
  void begin(int rows, float quantisation, bool training);

  /** out = x * weight^T. `value` tells inputs apart: what was made of x serves the next product too. */
  void forward(const Parameter& p, int value, const Matrix& x, const Matrix& out);
  /** dx (+)= dy * weight; the weight's gradient += dy^T * x. */
  void backward(const Parameter& p, int value, const Matrix& x, const Matrix& dy, const Matrix& dx, bool accumulate);

 private:
  bool blends(const Parameter& p) const { return p.spec.ternary && quantisation_ > 0; }
  View inputOf(const Parameter& p, int value, const Matrix& x);

  const Kernels& kernels_;
  const TrainKernels& train_;
  Pool& pool_;
  Gemm& gemm_;

  int rows_ = 0;
  float quantisation_ = 0;
  bool training_ = false;
  int blendedValue_ = -1, packedValue_ = -1;  // whose blend is held, who is packed
  bool packedBlend_ = false;
  PackedMatrix input_;
  Region blended_, packed_;
};

}  // namespace unmask
