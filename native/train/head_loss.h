// Logits, losses and the gradient of both, for those rows of a chunk that predict something.
//
// Logits exist a few rows at a time: their gradient is taken while they are there.
#pragma once

#include <vector>

#include "../kernels.h"
#include "attend.h"
#include "gemm.h"
#include "matrices.h"
#include "parameters.h"

namespace unmask {

/** [rows][hidden] each. Without gradients: nothing is learnt, and logits are the engine's. */
struct HeadMatrices {
  const Matrix& x;
  const Matrix& asked;          // room for the rows that predict
  const Matrix* askedGradient;  // and for their gradients
  const Matrix* gradient;       // of x
};

class HeadLoss {
 public:
  HeadLoss(const Kernels& kernels, const TrainKernels& trainKernels, Pool& pool, Gemm& gemm)
      : kernels_(kernels), train_(trainKernels), pool_(pool), gemm_(gemm) {}

  /** Room for chunks of that many rows of that many columns. */
  void reserve(int rows, int columns);
  /** The weighted sum of the losses, and each in losses [rows]. logits: [rows][vocabulary] or null. */
  double run(Parameter& p, const Chunk& chunk, const HeadMatrices& matrices, float* losses, float* logits);

 private:
  const Kernels& kernels_;
  const TrainKernels& train_;
  Pool& pool_;
  Gemm& gemm_;
  int rows_ = 0;
  std::vector<int> asked_;  // rows with a target
  Region logits_, packed_;
};

}  // namespace unmask
