// Muon's step of one matrix on one thread; every thread of the optimiser has its own.
//
// Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon): Nesterov momentum, made nearly
// orthogonal by five Newton-Schulz steps. Its update is scaled by 0.2 * sqrt(max(rows, columns)),
// which has the root mean square of AdamW's (Liu et al., arXiv:2502.16982), so that one learning
// rate and one weight decay serve both.
#pragma once

#include "gemm.h"
#include "parameters.h"

namespace unmask {

struct UpdateOptions {
  double matrixRate, otherRate;
  bool muon;
  double beta1, beta2, epsilon, momentum, weightDecay, clip;
};

class Muon {
 public:
  explicit Muon(const TrainKernels& kernels) : kernels_(kernels), alone_(1), gemm_(kernels, alone_) {}

  /** Room for its step: update() runs where nothing may be thrown. */
  void reserve(const Parameter& p);
  /** @param scale what the gradient is multiplied with first */
  void update(Parameter& p, double scale, const UpdateOptions& options);

 private:
  void orthogonalise(const float* x, int rows, int columns, size_t stride, float* squares, float* out);

  const TrainKernels& kernels_;
  Pool alone_;
  Gemm gemm_;
  Region scratch_, packed_;
};

}  // namespace unmask
