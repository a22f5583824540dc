// A model's weights: mapped, and where a kernel wants another form, made once at load.
//
// Ternary matrices of linears become panels in one huge-page region, in program order, and
// their mapped pages are released. Norms and biases become padded f32 vectors. Everything
// else (embedding, head, float linears) is read in the mapping.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "kernels.h"
#include "memory.h"
#include "plan.h"
#include "pool.h"
#include "program.h"

namespace unmask {

class Weights {
 public:
  /** `progress(done, total)` is called with bytes, from any thread of the pool, one call at a time. Throws Failure. */
  Weights(const ModelSpec& spec, Pool& pool, const std::function<void(uint64_t, uint64_t)>& progress);

  const std::vector<WeightTraits>& traits() const { return traits_; }
  /** As stored in the file. */
  const Tensor& tensor(int weight) const { return tensors_[weight]; }
  /** Panels of a ternary linear. */
  const TernaryWeight& panels(int weight) const { return panels_[weight]; }
  /** A norm or bias, zero-padded; null for -1. */
  const float* vector(int weight) const { return weight < 0 ? nullptr : vectors_[weight].data(); }
  /** Bytes held outside the mapped file. */
  uint64_t bytes() const { return bytes_; }

 private:
  void checkTensor(const TensorSpec& tensor) const;
  void loadVector(int weight);
  void loadPanels(Pool& pool, const std::vector<int>& linears, const std::function<void(uint64_t, uint64_t)>& progress);

  const ModelSpec& spec_;
  MappedFile file_;
  std::vector<Tensor> tensors_;
  std::vector<WeightTraits> traits_;
  std::vector<TernaryWeight> panels_;
  std::vector<std::vector<float>> vectors_;
  std::vector<std::unique_ptr<float[]>> blockScales_;
  Region codes_;
  uint64_t bytes_ = 0;
};

}  // namespace unmask
