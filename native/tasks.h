// Sharing out the tasks of a stage between threads.
//
// Each thread has a part of them that is the same in every forward, so that the weights it reads
// and the rows it writes are in its own cache already; once it is done with those it takes what
// others have left. Any thread may get any task: results must not depend on it.
#pragma once

#include <atomic>

namespace unmask {

/** How many tasks of a thread's part were taken; on a cache line of its own. */
struct alignas(64) Taken {
  std::atomic<int> count;
};

/** What is left of tasks 0 .. count - 1, seen from one thread. */
class Tasks {
 public:
  /** @param taken [threads], zero before the stage. */
  Tasks(Taken* taken, int threads, int worker, int count)
      : taken_(taken), threads_(threads), count_(count), part_(worker), left_(threads) {
    setBounds();
  }

  /** A task for this thread, or -1. */
  int take() {
    for (;;) {
      const int task = begin_ + taken_[part_].count.fetch_add(1, std::memory_order_relaxed);
      if (task < end_) return task;
      if (--left_ == 0) return -1;
      part_ = part_ + 1 == threads_ ? 0 : part_ + 1;
      setBounds();
    }
  }

 private:
  void setBounds() {
    begin_ = count_ * part_ / threads_;
    end_ = count_ * (part_ + 1) / threads_;
  }

  Taken* taken_;
  int threads_, count_;
  int part_, left_;  // the part at hand, and how many with it have not been looked at
  int begin_, end_;  // of the part
};

}  // namespace unmask
