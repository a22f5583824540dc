// Runs a plan: one forward over the rows of a request, on all threads of a pool.
//
// Owns what a forward writes: activations, quantised rows, K/V pages and each thread's
// scratch. No result depends on which thread did what.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "attention.h"
#include "head.h"
#include "kernels.h"
#include "memory.h"
#include "plan.h"
#include "pool.h"
#include "program.h"
#include "request.h"
#include "tasks.h"
#include "weights.h"

namespace unmask {

class Forward {
 public:
  Forward(const ModelSpec& spec, const Kernels& kernels, const Weights& weights, Pool& pool);

  /** Runs the request. False when abort() stopped it; the answers are then incomplete. */
  bool run(const Request& request, const Answers& answers);
  /** Makes a running forward stop at its next barrier. From any thread. */
  void abort() { aborted_.store(true, std::memory_order_relaxed); }

  const std::vector<Stage>& stages() const { return plan_.stages; }
  /**
   * Nanoseconds since the last call that each thread was at work in each stage, [threads][stages],
   * and that run() took in all, [1]; the first call begins it.
   */
  std::vector<double> takeProfile();

  uint64_t kvBytes() const { return attention_.kvBytes(); }

 private:
  /** Panels of 32 weight rows of a product, so many to a task: some microseconds of work, but enough tasks to balance. */
  struct Share {
    int panels, grain, tasks;
    double nanoseconds;  // of a panel, about
  };
  struct Worker {
    Region locals;    // [plan.locals][localStride]
    Region ternary;   // scratch of Kernels::ternary
    Region unpacked;  // see DenseJob
    std::vector<Share> shares;  // of the products of its stage
  };
  struct Matrix {
    Region data;
    int padded = 0;
    size_t stride = 0;
    float* row(int r) const { return data.as<float>() + r * stride; }
  };
  struct Quantised {
    Region memory;
    QuantisedRows rows{};
  };

  void allocate();
  void work(int worker);
  void runStage(size_t index, int worker);
  /** Whether threads keep to their parts of the stage's tasks. */
  bool isShort(const Stage& stage) const;
  void runStep(const RowStep& step, int worker, int row, bool asked);
  void multiply(const Product& product, int worker, int begin, int end, bool asked);
  Share share(const Product& product, bool asked) const;
  const float* read(const Place& place, int worker, int row) const;
  float* write(const Place& place, int worker, int row) const;

  const ModelSpec& spec_;
  const Kernels& kernels_;
  const Weights& weights_;
  Pool& pool_;
  Plan plan_;
  std::vector<Matrix> buffers_;
  std::vector<Quantised> slots_;
  std::vector<Worker> workers_;
  std::unique_ptr<Taken[]> taken_;  // [stages][threads]
  Attention attention_;
  Head head_;
  bool profiling_ = false;
  std::vector<double> profile_;  // as takeProfile() gives it

  // Of the forward that runs.
  const Request* request_ = nullptr;
  Answers answers_{};
  Tiling allTiles_{}, askedTiles_{};
  size_t stages_ = 0;  // how many of the plan's stages this forward needs
  std::atomic<bool> aborted_{false};
  bool stopped_ = false;  // by aborted_, before the end
};

}  // namespace unmask
