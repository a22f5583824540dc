// Sharing out the tasks of a stage between threads.
//
// Each thread has a part of them that is the same in every forward, so that the weights it reads
// and the rows it writes are in its own cache already; once it is done with those it takes what
// others have left, unless the stage is too short for that or the forward is cut by rows. Any thread may get any task: results
// must not depend on it.
#pragma once

#include <atomic>

namespace unmask {

/** A thread's part of tasks 0 .. count - 1. */
struct Part {
  int begin, end;
};

inline Part partOf(int count, int threads, int worker) {
  return {count * worker / threads, count * (worker + 1) / threads};
}

/** How many tasks of a thread's part were taken; on a cache line of its own. */
struct alignas(64) Taken {
  std::atomic<int> count;
};

/** What is left of tasks 0 .. count - 1, seen from one thread. */
class Tasks {
 public:
  /** @param taken [threads], zero before the stage. */
  Tasks(Taken* taken, int threads, int worker, int count)
      : taken_(taken), threads_(threads), count_(count), number_(worker), left_(threads) {
    part_ = partOf(count_, threads_, number_);
  }

  /** A task for this thread, or -1. */
  int take() {
    for (;;) {
      const int task = part_.begin + taken_[number_].count.fetch_add(1, std::memory_order_relaxed);
      if (task < part_.end) return task;
      if (--left_ == 0) return -1;
      number_ = number_ + 1 == threads_ ? 0 : number_ + 1;
      part_ = partOf(count_, threads_, number_);
    }
  }

 private:
  Taken* taken_;
  int threads_, count_;
  int number_, left_;  // of the part at hand, and how many with it have not been looked at
  Part part_;
};

}  // namespace unmask
