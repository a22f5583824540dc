// Runs a plan: one forward over the rows of a request, on the threads of a pool.
//
// Owns what a forward writes: activations, quantised rows, K/V pages and each thread's
// scratch. No result depends on which thread did what, nor on how a forward is cut: a long one stage by stage into
// tasks, a short one by rows, or not at all, since its threads would spend their time waiting for each other.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
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
  /** One thread alone, each stage by tasks, or each thread with its own rows. */
  enum class Cut { Alone, ByTasks, ByRows };

  Forward(const ModelSpec& spec, const Kernels& kernels, const Weights& weights, Pool& pool);

  /** Runs the request. False when abort() stopped it; the answers are then incomplete. */
  bool run(const Request& request, const Answers& answers);
  /** From now on, instead of what seems fastest: so that tests meet every cut. */
  void always(Cut cut) { always_ = cut; }
  /** Makes a running forward stop before its next stage, or at its next barrier. From any thread. */
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
  /** Rows that a thread takes through row-wise stages, tiles of its own: all of them, unless the forward is cut by rows. */
  struct Slice {
    int first = 0;
    Tiling tiling{};
    int end() const { return first + tiling.rows; }
  };
  struct Worker {
    Slice all, asked;
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
  /** How threads share the request soonest. */
  Cut quickest() const;
  void cutInto(Cut cut);
  void work(int worker);
  bool meet();
  void runStage(size_t index, int worker);
  /** Whether a thread may begin the stage while others are still at the one before. */
  bool goesOn(size_t index) const { return cut_ == Cut::ByRows && rowsGoOn_[index]; }
  /** Nanoseconds of a stage on one usual core, about, were there so many rows. */
  double cost(const Stage& stage, int rows, int asked) const;
  double costOfAll(const Stage& stage) const;
  void runStep(const RowStep& step, int worker, int row, bool asked);
  void multiply(const Product& product, int worker, int begin, int end, bool asked);
  Share share(const Product& product, int rows) const;
  const Slice& slice(int worker, bool asked) const { return asked ? workers_[worker].asked : workers_[worker].all; }
  QuantisedRows quantised(int slot, int first) const;
  const float* read(const Place& place, int worker, int row) const;
  float* write(const Place& place, int worker, int row) const;

  const ModelSpec& spec_;
  const Kernels& kernels_;
  const Weights& weights_;
  Pool& pool_;
  Plan plan_;
  std::vector<char> rowsGoOn_;  // [stages] whether a row needs nothing of other rows since the stage before
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
  Cut cut_ = Cut::ByTasks;
  int threads_ = 1;    // that take part
  size_t stages_ = 0;  // how many of the plan's stages this forward needs
  std::optional<Cut> always_;
  std::atomic<bool> aborted_{false};
  bool stopped_ = false;  // by aborted_, before the end
};

}  // namespace unmask
