// A loaded model: kernels, threads, weights and the forward, made in this order.
#pragma once

#include <functional>
#include <memory>

#include "cpu.h"
#include "forward.h"
#include "pool.h"
#include "program.h"
#include "request.h"
#include "weights.h"

namespace unmask {

class Model {
 public:
  using Progress = std::function<void(uint64_t, uint64_t)>;

  /** Loads; the calling thread is worker 0. Throws Failure, std::bad_alloc. */
  Model(ModelSpec spec, const Progress& progress)
      : spec_(std::move(spec)),
        kernels_(kernelsFor(spec_.isa)),
        pool_(spec_.threads > 0 ? spec_.threads : physicalCores()),
        weights_(spec_, *kernels_, pool_, progress),
        forward_(spec_, *kernels_, weights_, pool_) {}

  Limits limits() const {
    return {spec_.maxRows, spec_.pages, spec_.contextLength, spec_.vocabulary, spec_.blockLength};
  }
  const char* isa() const { return kernels_->isa; }
  int threads() const { return pool_.threads(); }
  uint64_t weightBytes() const { return weights_.bytes(); }
  uint64_t kvBytes() const { return forward_.kvBytes(); }
  Forward& forward() { return forward_; }

 private:
  const ModelSpec spec_;
  const Kernels* const kernels_;
  Pool pool_;
  Weights weights_;
  Forward forward_;
};

}  // namespace unmask
