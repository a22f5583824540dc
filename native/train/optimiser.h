// From gradients to new weights: AdamW, and Muon for matrices, after clipping by the global norm.
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

class Optimiser {
 public:
  Optimiser(const TrainKernels& kernels, Pool& pool, Gemm& gemm) : kernels_(kernels), pool_(pool), gemm_(gemm) {}

  /** Applies and zeroes the gradients; returns their norm. A norm that is not finite changes no weight. */
  double update(Parameters& parameters, const UpdateOptions& options);

  int steps() const { return steps_; }
  void setSteps(int steps) { steps_ = steps; }

 private:
  double norm(const Region& region, size_t floats);
  void adam(Parameter& p, double rate, double decay, double scale, const UpdateOptions& options);
  void muon(Parameter& p, double scale, const UpdateOptions& options);
  void orthogonalise(const float* x, int rows, int columns, size_t stride, float* squares, float* out);

  const TrainKernels& kernels_;
  Pool& pool_;
  Gemm& gemm_;
  int steps_ = 0;
  Region scratch_, packed_;
};

}  // namespace unmask
