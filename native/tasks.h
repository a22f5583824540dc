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
      : taken_(taken), threads_(threads), part_(worker), count_(count) {}

  /** A task for this thread, or -1. */
  int take() {
    for (; visited_ < threads_; visited_++, part_ = (part_ + 1) % threads_) {
      const int begin = count_ * part_ / threads_, end = count_ * (part_ + 1) / threads_;
      const int task = begin + taken_[part_].count.fetch_add(1, std::memory_order_relaxed);
      if (task < end) return task;
    }
    return -1;
  }

 private:
  Taken* taken_;
  int threads_, part_, count_, visited_ = 0;
};

}  // namespace unmask
