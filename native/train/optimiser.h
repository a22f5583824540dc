// From gradients to new weights: AdamW, and Muon for matrices, after clipping by the global norm.
#pragma once

#include <memory>
#include <vector>

#include "muon.h"
#include "parameters.h"

namespace unmask {

class Optimiser {
 public:
  Optimiser(const TrainKernels& kernels, Pool& pool);

  /** Applies and zeroes the gradients; returns their norm. A norm that is not finite changes no weight. */
  double update(Parameters& parameters, const UpdateOptions& options);

  int steps() const { return steps_; }
  void setSteps(int steps) { steps_ = steps; }

 private:
  void adam(Parameter& p, double rate, double decay, double scale, const UpdateOptions& options);

  const TrainKernels& kernels_;
  Pool& pool_;
  std::vector<std::unique_ptr<Muon>> muons_;  // of each thread
  int steps_ = 0;
};

}  // namespace unmask
