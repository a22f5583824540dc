// A model's weights: mapped, and where a kernel wants another form, made once at load.
//
// Ternary matrices of linears become panels in one huge-page region, in program order, and
// their mapped pages are released. Norms and biases become padded f32 vectors. The head may be
// requantised into memory of its own; the embedding keeps its values, whether they share a tensor
// or not. Everything else (embedding, head, float linears) is read in the mapping.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "kernels.h"
#include "memory.h"
#include "plan.h"
#include "pool.h"
#include "program.h"

namespace unmask {

class Weights {
 public:
  /** Told bytes made and bytes to make, from any thread of the pool, one call at a time. */
  using Report = std::function<void(uint64_t, uint64_t)>;

  /** Throws Failure. */
  Weights(const ModelSpec& spec, const Kernels& kernels, Pool& pool, const Report& report);

  const std::vector<WeightTraits>& traits() const { return traits_; }
  /** As stored in the file. */
  const Tensor& tensor(int weight) const { return tensors_[weight]; }
  /** What the head multiplies with: as stored, or requantised. Of a program that has a head. */
  const Tensor& head() const { return head_; }
  /** Panels of a ternary linear. */
  const TernaryWeight& panels(int weight) const { return panels_[weight]; }
  /** A norm or bias, zero-padded; null for -1. */
  const float* vector(int weight) const { return weight < 0 ? nullptr : vectors_[weight].data(); }
  /** Bytes held outside the mapped file. */
  uint64_t bytes() const { return bytes_; }

 private:
  class Progress {
   public:
    Progress(const Report& report, uint64_t total) : report_(report), total_(total) {}
    void add(uint64_t bytes) {
      std::lock_guard<std::mutex> lock(mutex_);
      report_(done_ += bytes, total_);
    }

   private:
    const Report& report_;
    const uint64_t total_;
    std::mutex mutex_;
    uint64_t done_ = 0;
  };

  void checkTensor(const TensorSpec& tensor) const;
  void loadVector(int weight);
  void planHead(int weight);
  uint64_t panelsTotal(const std::vector<int>& linears) const;
  void loadPanels(Pool& pool, const std::vector<int>& linears, Progress* progress);
  void loadHead(const Kernels& kernels, Pool& pool, int weight, Progress* progress);

  const ModelSpec& spec_;
  MappedFile file_;
  std::vector<Tensor> tensors_;
  std::vector<WeightTraits> traits_;
  std::vector<TernaryWeight> panels_;
  std::vector<std::vector<float>> vectors_;
  std::vector<std::unique_ptr<float[]>> blockScales_;
  Region codes_, headBlocks_;
  Tensor head_{};
  uint64_t bytes_ = 0;
};

}  // namespace unmask
